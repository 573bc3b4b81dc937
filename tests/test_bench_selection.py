"""Selections judged: pages are what their kinds say, baselines rank, arms keep to their budgets."""

from __future__ import annotations

import math
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.selection.baselines import Dictionary, Page, dictionary_scores, gale_church
from bench.selection.pages import _pages
from bench.selection.spend import SCORE_OF_ARM, spend
from bench.selection.summary import mean, ratio
from pivotmine.query import connect
from tests.handmade import link, make_lake

PAIRS = [(f"a{n}", f"b{n}") for n in range(400)]
HOSTS = [f"host {n}\nmore of it" for n in range(40)]


@pytest.fixture(scope="module")
def made() -> list[dict]:
    return list(_pages("a-b", PAIRS, list(HOSTS), 10))


def sides(page: dict) -> tuple[list[str], list[str]]:
    lines = [line for line in page["text"].split("\n") if line not in page["host"].split("\n")]
    return tuple([line[1:] for line in lines if line[0] == side] for side in "ab")  # type: ignore


def test_translated_pages_hold_every_line_with_its_translation(made):
    for page in made:
        first, second = sides(page)
        if page["kind"] != "code_switched":
            assert first == second
            assert len(first) >= 3


def test_their_twins_hold_no_line_with_its_translation(made):
    twins = [sides(page) for page in made if page["kind"] == "code_switched"]
    assert len(twins) == 10
    for first, second in twins:
        assert len(first) == len(second)
        assert not set(first) & set(second)


def test_blocks_stand_in_the_middle_of_a_host_and_no_host_is_used_twice(made):
    hosts = [page["host"] for page in made if page["host"]]
    assert len(hosts) == len(set(hosts)) == 15
    for page in made:
        if page["host"]:
            first, last = page["host"].split("\n")
            assert page["text"].startswith(first) and page["text"].endswith(last)


def bilingual(doc_id: str, first: list[str], second: list[str]) -> Page:
    return Page(doc_id, sum(map(len, first + second)), ("en", "fr"), first, second)


def test_lengths_in_the_same_order_align_better():
    short, long = "word " * 2, "word " * 30
    same = bilingual("same", [short, long] * 4, [short, long] * 4)
    mixed = bilingual("mixed", [short, long] * 4, [long, long, short, long, short, short] * 2)
    assert gale_church(same) > gale_church(mixed) > gale_church(Page("one", 9, None, [], []))


def test_a_dictionary_finds_words_beside_their_translations(tmp_path: Path):
    path = str(tmp_path / "words.parquet")
    rows = "('en', 'Cat', 'fr', 'chat'), ('en', 'dog', 'fr', 'chien'), ('en', 'a b', 'fr', 'ab')"
    duckdb.execute(f"COPY (FROM (VALUES {rows}) t(lang_a, word_a, lang_b, word_b)) TO '{path}'")
    pages = [
        bilingual("both", ["a cat, a dog"], ["chat et chien"]),
        bilingual("half", ["a cat, a dog"], ["chat et pain"]),
        bilingual("none", ["sun and sea"], ["pain"]),
        Page("one", 9, None, [], []),
    ]
    found = dictionary_scores(pages, Dictionary(path))
    assert found["both"] > found["half"] > found["none"] == found["one"] == 0.0


def test_arms_keep_to_the_budget_of_every_language(tmp_path: Path):
    docs = [(f"{lang}{n}", lang if n % 3 else "und", n + 1) for lang in ("en", "fr")
            for n in range(12)]  # fmt: skip
    methods = [method for method in SCORE_OF_ARM.values() if method]
    connection = connect(
        make_lake(
            tmp_path / "lake",
            tokens=[{"doc_id": d, "lang": lang, "n_tokens": n} for d, lang, n in docs],
            scores=[
                {"doc_id": d, "method": method, "score": n / 100, "links": [n % 2],
                 "evidence": {d[:2]: 5.0, "zz": 1.0}}
                for d, _, n in docs for method in methods
            ],
            links=[link(0, "en", 1, "fr", 0.9), link(2, "en", 3, "fr", 0.8)],
        )
    )  # fmt: skip
    spend(connection, ["en", "fr"], 60)
    rows = connection.execute(
        "SELECT arm, lang, sum(n_tokens), count(*), max(n_tokens) FROM selection GROUP BY ALL"
    ).fetchall()
    assert {arm for arm, *_ in rows} == {*SCORE_OF_ARM, "links_coverage", "length_matched"}
    assert all(tokens <= 30 for _, _, tokens, _, _ in rows)
    # By score the longest go first, a language at a time: 12 + 11 = 23, and the next is too long.
    assert {row[2:] for row in rows if row[0] == "translation"} == {(23, 2, 12)}


@given(st.lists(st.floats(0.1, 10), min_size=2, max_size=6))
def test_a_mean_lies_in_its_interval_and_a_ratio_to_itself_is_one(values):
    found = mean(values)
    assert found.low <= found.value <= found.high
    assert ratio(values, values) == pytest.approx((1, 1, 1))
    assert math.isnan(mean(values[:1]).low)
