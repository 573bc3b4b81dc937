"""Words, and the tokens that bridge them: on links made by hand."""

from __future__ import annotations

from math import sqrt
from pathlib import Path

import duckdb
import pytest

from pivotmine.errors import LakeError
from pivotmine.query import connect, find_bridges, find_word, run_sql
from tests.handmade import link, make_lake, put, word

CHAT, CHAT_CAPITAL, CAT, CAT_ZH, CAT_JA, GATTO, TALK, EAU, UNUSED, ROOF, FELINE = range(11)

VOCABULARY = [
    word(CHAT, "▁chat", "en", "fr", n=50),
    word(CHAT_CAPITAL, "Chat", "fr", n=5),
    word(CAT, "▁cat", "en"),
    word(CAT_ZH, "猫", "ja", "zh"),
    word(CAT_JA, "▁ネコ", "ja"),
    word(GATTO, "ĠÉtoile", "fr"),
    word(TALK, "▁会話", "ja"),
    word(EAU, "▁château", "fr"),
    word(UNUSED, "▁ghost", "en", n=0),
    word(ROOF, "▁roof", "en"),
    word(FELINE, "▁feline", "en"),
]

LINKS = [
    # chat is French for cat, and English for a talk
    link(CAT, "en", CHAT, "fr", 0.9, n_ab=61),
    link(CAT, "en", CAT_ZH, "zh", 0.4, n_ab=53),
    link(FELINE, "en", CHAT, "fr", 0.6),
    link(FELINE, "en", CAT_ZH, "zh", 0.7),
    link(CHAT, "en", TALK, "ja", 0.8),
    link(CAT, "en", TALK, "ja", 0.1),
    # one side only, the wrong way round, and a copy
    link(ROOF, "en", CHAT, "fr", 0.99),
    link(ROOF, "en", CAT_ZH, "zh", -0.2),
    link(CHAT, "en", CHAT, "fr", 0.95, is_copy=True),
    link(CAT_ZH, "ja", CAT_ZH, "zh", 0.95, is_copy=True),
    # the weaker of two spellings
    link(CAT, "en", CHAT_CAPITAL, "fr", 0.5, n_ab=7),
]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("query") / "lake"
    return make_lake(folder, vocabulary=VOCABULARY, links=LINKS)


@pytest.fixture(scope="module")
def connection(lake) -> duckdb.DuckDBPyConnection:
    return connect(lake)


def bridging(connection: duckdb.DuckDBPyConnection, *words: str) -> list[tuple[str, str]]:
    found = find_bridges(connection, *words).pivots
    return [(row["token"], row["lang"]) for row in found.to_pylist()]


# ---- words


def test_a_word_is_every_spelling_of_it_the_most_frequent_first(connection):
    found = find_word(connection, "chat")
    assert found.tokens == ("▁chat", "Chat")
    assert found.token_ids == (CHAT, CHAT_CAPITAL)
    assert found.langs == (("en", "fr"), ("fr",))


@pytest.mark.parametrize("spelling", ["chat", "CHAT", "Chat", "▁chat", "Ġchat", "▁Chat"])
def test_case_and_marks_of_word_starts_make_no_difference(connection, spelling: str):
    assert find_word(connection, spelling).token_ids == (CHAT, CHAT_CAPITAL)


def test_marks_of_both_families_of_tokenizers_are_known(connection):
    assert find_word(connection, "étoile").token_ids == (GATTO,)


def test_a_word_may_name_its_language(connection):
    assert find_word(connection, "fr:chat").token_ids == (CHAT, CHAT_CAPITAL)
    assert find_word(connection, "en:chat").token_ids == (CHAT,)
    assert find_word(connection, "en:chat").lang == "en"
    assert find_word(connection, "zh:猫").word == "猫"


def test_a_word_of_another_language_is_refused_with_its_name(connection):
    with pytest.raises(LakeError, match=r"'chat' is no single token of language zh"):
        find_word(connection, "zh:chat")


def test_tokens_that_contain_a_word_do_not_stand_for_it_but_are_named(connection):
    with pytest.raises(LakeError, match=r"contain it: ▁château\.") as refused:
        find_word(connection, "hâte")
    assert "'hâte' is no single token" in str(refused.value)


def test_a_token_that_never_occurs_is_no_word(connection):
    with pytest.raises(LakeError, match="'ghost' is no single token"):
        find_word(connection, "ghost")


def test_what_means_something_to_sql_is_only_a_word(connection):
    for odd in ("'; DROP TABLE links; --", "%", "_", "$word", "c_at"):
        with pytest.raises(LakeError, match="is no single token"):
            find_word(connection, odd)


# ---- bridges


def test_bridges_are_ranked_by_the_geometric_mean_of_both_sides(connection):
    found = find_bridges(connection, "chat", "猫").pivots.to_pylist()
    assert [row["token"] for row in found] == ["▁feline", "▁cat"]
    assert [row["score"] for row in found] == pytest.approx([sqrt(0.6 * 0.7), sqrt(0.9 * 0.4)])


def test_a_bridge_carries_the_evidence_of_its_two_sides(connection):
    found = find_bridges(connection, "chat", "猫").pivots.to_pylist()
    (cat,) = (row for row in found if row["token"] == "▁cat")
    assert (cat["source_npmi"], cat["source_n_ab"]) == (0.9, 61), "of the stronger spelling"
    assert (cat["target_npmi"], cat["target_n_ab"]) == (0.4, 53)


def test_exchanging_the_words_exchanges_the_evidence(connection):
    there = find_bridges(connection, "chat", "猫").pivots
    back = find_bridges(connection, "猫", "chat").pivots
    assert back["token"] == there["token"]
    assert back["source_npmi"] == there["target_npmi"]


def test_a_token_linked_to_one_word_only_or_repelled_by_the_other_bridges_nothing(connection):
    assert ("▁roof", "en") not in bridging(connection, "chat", "猫")


def test_copies_are_no_evidence(connection):
    assert bridging(connection, "fr:chat", "会話") == [("▁cat", "en")], "not chat itself"


def test_the_language_of_a_word_decides_which_of_its_links_count(connection):
    assert bridging(connection, "fr:chat", "猫") == [("▁feline", "en"), ("▁cat", "en")]
    assert bridging(connection, "en:chat", "猫") == []
    assert bridging(connection, "fr:chat", "ja:猫") == []


def test_no_more_bridges_than_asked_for(connection):
    found = find_bridges(connection, "chat", "猫", limit=1).pivots
    assert found["token"].to_pylist() == ["▁feline"]


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
    assert [row["npmi"] for row in direct] == [0.9, 0.5], "of both spellings, best first"
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


# ---- SQL


def test_rows_come_with_the_names_of_their_columns(connection):
    heads, rows = run_sql(connection, "SELECT token_id AS id, token FROM vocabulary WHERE id < 2")
    assert (heads, list(rows)) == (["id", "token"], [(0, "▁chat"), (1, "Chat")])


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM nowhere",
        "SELECT nothing FROM links",
        "SELEC 1",
        "SELECT CAST(CASE n WHEN 90000 THEN 'x' ELSE '1' END AS INT) FROM range(100000) t(n)",
    ],
    ids=["table", "column", "syntax", "far down"],
)
def test_a_refused_statement_is_explained_with_the_tables_there_are(connection, sql: str):
    with pytest.raises(LakeError, match=r"Tables: inputs, documents, .*, runs"):
        list(run_sql(connection, sql)[1])


@pytest.mark.parametrize("sql", ["", "  \n", "-- nothing"])
def test_no_statement_is_refused(connection, sql: str):
    with pytest.raises(LakeError, match="holds no SQL statement"):
        run_sql(connection, sql)


def test_a_table_whose_file_is_gone_is_named(tmp_path: Path):
    lake = make_lake(tmp_path / "lake", vocabulary=VOCABULARY, links=LINKS)
    put(lake, pivots=[{"method": "links"}])
    (path,) = lake.files("links")
    Path(path.removeprefix("file://")).unlink()
    with pytest.raises(LakeError, match="files of table links cannot be read"):
        connect(lake)
