"""Paths of two links: on links made by hand, and against their definition."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.ask.bridges import find_bridges, find_reached, named_alone
from pivotmine.ask.paths import open_paths
from pivotmine.errors import LakeError
from pivotmine.lake.query import connect
from pivotmine.lake.tables import TABLES
from tests.handmade import Row, cli, link, make_lake, settings, word

CHAT, CHAT_CAPITAL, CAT, CAT_ZH, CAT_JA, ROOF, FELINE, TALK, LION, STRAY = range(10)

VOCABULARY = [
    word(CHAT, "▁chat", "en", "fr", n=50),
    word(CHAT_CAPITAL, "Chat", "fr", n=5),
    word(CAT, "▁cat", "en"),
    word(CAT_ZH, "猫", "ja", "zh"),
    word(CAT_JA, "▁ネコ", "ja"),
    word(ROOF, "▁roof", "en"),
    word(FELINE, "▁feline", "en"),
    word(TALK, "▁会話", "ja"),
    word(LION, "狮子", "zh"),
    word(STRAY, "▁matou", "fr"),
]

LINKS = [
    # chat is French for cat, and English for a talk
    link(CAT, "en", CHAT, "fr", 0.9, n_ab=30, n_a=40, n_b=40),
    link(CAT, "en", CAT_ZH, "zh", 0.4, n_ab=12),
    link(FELINE, "en", CHAT, "fr", 0.6, n_ab=7),
    link(FELINE, "en", CAT_ZH, "zh", 0.7, n_ab=18),
    link(FELINE, "en", LION, "zh", 0.6, n_ab=15),
    link(CHAT, "en", TALK, "ja", 0.8),
    link(CAT, "en", TALK, "ja", 0.1, n_ab=19, prevails=False),
    link(CAT, "en", CAT_JA, "ja", 0.3, n_ab=6),
    # one side only, the wrong way round, and copies
    link(ROOF, "en", CHAT, "fr", 0.99),
    link(ROOF, "en", CAT_ZH, "zh", -0.2),
    link(CHAT, "en", CHAT, "fr", 0.95, is_copy=True),
    link(CAT_ZH, "ja", CAT_ZH, "zh", 0.95, is_copy=True),
    # another spelling, and a synonym
    link(CAT, "en", CHAT_CAPITAL, "fr", 0.95, n_ab=7),
    link(CAT, "en", STRAY, "fr", 0.2),
]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("bridges") / "lake"
    return make_lake(folder, vocabulary=VOCABULARY, links=LINKS)


@pytest.fixture(scope="module")
def connection(lake) -> duckdb.DuckDBPyConnection:
    return connect(lake)


def strength(n_ab: int, n_a: int = 20, n_b: int = 20) -> float:
    """Least share of the contexts with either word that hold both (Wilson 1927, 95 %)."""
    n, z = n_a + n_b - n_ab, 1.959964
    p = n_ab / n
    return (p + z * z / 2 / n - z * sqrt(p * (1 - p) / n + z * z / 4 / n / n)) / (1 + z * z / n)


def bridging(connection: duckdb.DuckDBPyConnection, *words: str) -> list[tuple[str, str]]:
    found = find_bridges(connection, *words).pivots
    return [(row["token"], row["lang"]) for row in found.to_pylist()]


def reached(connection: duckdb.DuckDBPyConnection, source: str, lang: str) -> list[str]:
    return find_reached(connection, source, lang).targets["token"].to_pylist()


# ---- bridges of a word pair


def test_a_path_is_as_strong_as_the_weaker_of_its_links(connection):
    found = find_bridges(connection, "chat", "猫").pivots.to_pylist()
    assert [row["token"] for row in found] == ["▁cat", "▁feline"]
    assert [row["score"] for row in found] == pytest.approx([strength(12), strength(7)])


def test_a_bridge_carries_the_evidence_of_its_two_sides(connection):
    cat, _ = find_bridges(connection, "chat", "猫").pivots.to_pylist()
    assert (cat["source_npmi"], cat["source_n_ab"]) == (0.9, 30), "of the stronger spelling"
    assert (cat["target_npmi"], cat["target_n_ab"]) == (0.4, 12)
    assert cat["source_strength"] == pytest.approx(strength(30, 40, 40))
    assert cat["prevails"]


def test_exchanging_the_words_exchanges_the_evidence(connection):
    there = find_bridges(connection, "chat", "猫").pivots
    back = find_bridges(connection, "猫", "chat").pivots
    assert back["token"] == there["token"]
    assert back["source_npmi"] == there["target_npmi"]


def test_links_that_rivals_surpass_come_after_all_that_prevail(connection):
    (cat,) = find_bridges(connection, "fr:chat", "会話").pivots.to_pylist()
    assert (cat["token"], cat["prevails"]) == ("▁cat", False)
    assert reached(connection, "fr:chat", "ja") == ["▁ネコ", "▁会話"], "19 meetings to 6, and yet"


def test_a_token_linked_to_one_word_only_or_repelled_by_the_other_bridges_nothing(connection):
    assert ("▁roof", "en") not in bridging(connection, "chat", "猫")


def test_copies_are_no_evidence(connection):
    assert bridging(connection, "fr:chat", "会話") == [("▁cat", "en")], "not chat itself"


def test_the_language_of_a_word_decides_which_of_its_links_count(connection):
    assert bridging(connection, "fr:chat", "猫") == [("▁cat", "en"), ("▁feline", "en")]
    assert bridging(connection, "en:chat", "猫") == []
    assert bridging(connection, "fr:chat", "ja:猫") == []


def test_the_limit_bounds_the_bridges(connection):
    found = find_bridges(connection, "chat", "猫", limit=1).pivots
    assert found["token"].to_pylist() == ["▁cat"]


def test_equal_scores_are_ordered_by_token_id(tmp_path: Path):
    vocabulary = [word(n, f"▁w{n}", "en") for n in range(5)] + [word(5, "▁a", "fr")]
    vocabulary.append(word(6, "丙", "zh"))
    links = [
        row
        for n in (3, 1, 4, 0, 2)
        for row in (link(n, "en", 5, "fr", 0.5), link(n, "en", 6, "zh", 0.5))
    ]
    connection = connect(make_lake(tmp_path / "lake", vocabulary=vocabulary, links=links))
    assert [token for token, _ in bridging(connection, "a", "丙")] == [f"▁w{n}" for n in range(5)]


# ---- the direct link


@pytest.mark.parametrize(("source", "target"), [("cat", "chat"), ("chat", "cat")])
def test_a_direct_link_is_found_from_either_side(connection, source: str, target: str):
    direct = find_bridges(connection, source, target).direct.to_pylist()
    assert [row["npmi"] for row in direct] == [0.95, 0.9], "of both spellings, best first"
    langs = {"cat": "en", "chat": "fr"}
    assert {(row["word_lang"], row["other_lang"]) for row in direct} == {
        (langs[source], langs[target])
    }


def test_the_ranks_of_a_direct_link_belong_to_the_side_they_are_seen_from(tmp_path: Path):
    links = [link(0, "en", 1, "fr", 0.5, rank_ab=2, rank_ba=7)]
    vocabulary = [word(0, "▁sea", "en"), word(1, "▁mer", "fr")]
    connection = connect(make_lake(tmp_path / "lake", vocabulary=vocabulary, links=links))
    for words, ranks in ((("sea", "mer"), (2, 7)), (("mer", "sea"), (7, 2))):
        (direct,) = find_bridges(connection, *words).direct.to_pylist()
        assert (direct["rank"], direct["other_rank"]) == ranks


def test_the_same_token_in_two_languages_is_no_direct_link(connection):
    assert find_bridges(connection, "en:chat", "fr:chat").direct.num_rows == 0


# ---- words that one reaches


def test_words_of_a_language_are_reached_through_another_best_path_first(connection):
    found = find_reached(connection, "fr:chat", "zh").targets.to_pylist()
    assert [row["token"] for row in found] == ["猫", "狮子"]
    assert [(row["bridge"], row["n_bridges"]) for row in found] == [("▁cat", 2), ("▁feline", 1)]
    assert [row["score"] for row in found] == pytest.approx([strength(12), strength(7)])


def test_paths_do_not_lead_back_into_the_language_they_start_in(connection):
    assert reached(connection, "matou", "fr") == []


def test_a_word_pair_has_the_place_of_the_target_among_all_words_reached(connection):
    assert find_bridges(connection, "fr:chat", "猫").places == (("ja", None, 2), ("zh", 1, 2))
    assert find_bridges(connection, "fr:chat", "狮子").places == (("zh", 2, 2),)


def test_a_language_without_a_word_is_refused_with_a_list_of_languages(connection):
    with pytest.raises(LakeError, match=r"'ko'; languages of the corpus: en, fr, ja, zh"):
        find_reached(connection, "fr:chat", "ko")


@pytest.mark.parametrize(("asked", "lang"), [("ja:", "ja"), ("ja:猫", None), ("猫", None)])
def test_a_language_alone_ends_in_a_colon(asked: str, lang: str | None):
    assert named_alone(asked) == lang


def test_the_command_lists_words_if_the_target_is_a_language(lake):
    status, out, err = cli("bridges", "fr:chat", "zh:", *settings(lake))
    assert (status, err) == (0, "")
    asked, _, heads, cat, lion = out.strip().splitlines()
    assert asked == "chat: ▁chat (en fr), Chat (fr) → zh"
    assert heads.split()[:5] == ["zh", "through", "lang", "score", "prevails"]
    assert cat.split()[:3] == ["猫", "▁cat", "en"]
    assert lion.split()[:3] == ["狮子", "▁feline", "en"]


def test_links_of_an_older_version_are_refused_with_the_way_to_renew_them():
    connection = duckdb.connect()
    rows = pa.Table.from_pylist(LINKS, schema=TABLES["links"].schema)
    connection.register("links", rows.drop(["prevails"]))
    with pytest.raises(LakeError, match="run --only link"):
        open_paths(connection)


# ---- against the definition

NODES = [(token, lang) for token, lang in enumerate(("en", "en", "fr", "fr", "ja", "ja"))]


@st.composite
def link_rows(draw: st.DrawFn) -> list[Row]:
    pairs = [(x, y) for x in NODES for y in NODES if x[1] < y[1]]
    return [
        link(
            x[0], x[1], y[0], y[1], 0.5, n_ab=draw(st.integers(1, 20)), prevails=draw(st.booleans())
        )
        for x, y in draw(st.lists(st.sampled_from(pairs), unique=True, max_size=9))
    ]


def paths(links: list[Row], source: int, lang: str) -> Iterator[tuple[Any, ...]]:
    """Every path to a language: target, then what it is ranked by, the bridge last."""
    ways = [way for row in links for way in ((row["a"], row["b"], row), (row["b"], row["a"], row))]
    for word_, bridge, first in ways:
        for start, target, second in ways:
            if word_ == source and start == bridge and NODES[target][1] == lang:
                prevails = first["prevails"] and second["prevails"]
                score = min(strength(first["n_ab"]), strength(second["n_ab"]))
                yield target, not prevails, -score, bridge


@given(link_rows())
def test_each_word_reached_is_ranked_by_the_best_of_its_paths(links: list[Row]):
    connection = duckdb.connect()
    vocabulary = [word(token, f"▁w{token}", lang) for token, lang in NODES]
    for name, rows in (("vocabulary", vocabulary), ("links", links)):
        connection.register(name, pa.Table.from_pylist(rows, schema=TABLES[name].schema))
    best: dict[int, tuple[Any, ...]] = {}
    for target, *rank in sorted(paths(links, 0, "ja")):
        best.setdefault(target, tuple(rank))
    found = find_reached(connection, "w0", "ja").targets.to_pylist()
    assert [(row["token"], row["bridge"]) for row in found] == [
        (f"▁w{target}", f"▁w{rank[-1]}")
        for target, rank in sorted(best.items(), key=lambda item: (item[1][:2], item[0]))
    ]
