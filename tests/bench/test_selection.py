"""Selections judged: pages are what their kinds say, baselines rank."""

from __future__ import annotations

import math
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.selection.baselines import Dictionary, Page, dictionary_scores, gale_church
from bench.selection.pages import _pages
from bench.selection.summary import mean, ratio
from bench.selection.tables import Size, rows_of_files

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


@given(st.lists(st.floats(0.1, 10), min_size=2, max_size=6))
def test_a_mean_lies_in_its_interval_and_a_ratio_to_itself_is_one(values):
    found = mean(values)
    assert found.low <= found.value <= found.high
    assert ratio(values, values) == pytest.approx((1, 1, 1))
    assert math.isnan(mean(values[:1]).low)


def synthetic(table: str, n_documents: int, files: int) -> list[dict]:
    numbers = (pa.record_batch({"id": pa.array([n])}) for n in range(files))
    size = Size(n_documents, files)
    return [row for b in rows_of_files(table, size, files, numbers) for row in b.to_pylist()]


@pytest.mark.parametrize("table", ["tokens", "documents", "scores"])
def test_synthetic_tables_are_the_same_however_they_are_cut_into_files(table):
    whole, cut = (synthetic(table, 2_500, files) for files in (1, 3))
    key = ("doc_id", "method") if table == "scores" else ("doc_id",)
    assert sorted(whole, key=lambda row: [row[name] for name in key]) == sorted(
        cut, key=lambda row: [row[name] for name in key]
    )


def test_a_synthetic_document_has_a_score_by_each_method_and_links_by_one():
    tokens = {row["doc_id"]: row["n_tokens"] for row in synthetic("tokens", 1_500, 2)}
    assert len(tokens) == 1_500
    scores = synthetic("scores", 1_500, 2)
    assert len({(row["doc_id"], row["method"]) for row in scores}) == 4 * 1_500
    for row in scores:
        assert row["n_tokens"] == tokens[row["doc_id"]]
        assert bool(row["links"]) == (row["method"] == "translation")
