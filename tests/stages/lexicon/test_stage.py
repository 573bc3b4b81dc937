"""The table of best translations, from contexts, in one chunk and in several."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pivotmine.recipe.reading import load_recipe
from pivotmine.stages.contexts import stage as contexts
from pivotmine.stages.lexicon import stage as lexicon
from tests.conftest import TableInputs, as_table
from tests.stages.stage_rows import Row, tokens_row, vocabulary_row

N_WORDS = 40
EN, FR = range(N_WORDS), range(N_WORDS, 2 * N_WORDS)
RARE, RARE_FR, NAME = 80, 81, 82
"""Translations that meet once, though each is also elsewhere; a word spelled alike in both."""


def corpus() -> list[Row]:
    """Pages of words with their translations, drawn so that words of a page are no translations."""
    draw = np.random.default_rng(3)
    rows = []
    for page in range(60):
        words = sorted(draw.choice(N_WORDS, 6, replace=False).tolist())
        english, french = list(words), [word + N_WORDS for word in words]
        if page % 4 == 0:
            english, french = [*english, NAME], [*french, NAME]
        if page == 7:
            english, french = [*english, RARE], [*french, RARE_FR]
        rows.append(tokens_row(f"page{page}", ("en", english), ("fr", french)))
    return rows


def vocabulary() -> list[Row]:
    rows = [vocabulary_row(word, f"▁en{word}", ["en"]) for word in EN]
    rows += [vocabulary_row(word, f"▁fr{word - N_WORDS}", ["fr"]) for word in FR]
    rows += [vocabulary_row(RARE, "▁rare", ["en"]), vocabulary_row(RARE_FR, "▁peu", ["fr"])]
    return [*rows, vocabulary_row(NAME, "▁Linux", ["en", "fr"])]


@pytest.fixture(scope="module")
def lexicon_rows(spark, tmp_path_factory: pytest.TempPathFactory):
    """Rows of `lexicon`, and what was measured, with settings."""
    tables: dict[str, list[Row]] = {"tokens": corpus(), "vocabulary": vocabulary()}

    def run(*settings: str, is_small: bool = False) -> tuple[list[dict[str, Any]], TableInputs]:
        inputs = TableInputs(spark, dict(tables), tmp_path_factory.mktemp("lexicon"))
        inputs.is_small = is_small
        recipe = load_recipe(
            None, ["languages=[en, fr]", "count.context=document", "link.min_folds=0", *settings]
        )
        inputs.tables["contexts"] = as_table(contexts.run(inputs, recipe)["contexts"]).to_pylist()
        return as_table(lexicon.run(inputs, recipe)["lexicon"]).to_pylist(), inputs

    return run


@pytest.fixture(scope="module")
def found(lexicon_rows) -> list[dict[str, Any]]:
    return lexicon_rows()[0]


def test_every_word_has_its_translation_first(found):
    best = {row["token"]: row["partner"] for row in found if row["rank"] == 1}
    right = [best.get(f"▁en{word}") == f"▁fr{word}" for word in range(N_WORDS)]
    right += [best.get(f"▁fr{word}") == f"▁en{word}" for word in range(N_WORDS)]
    assert np.mean(right) >= 0.95


def test_a_pair_that_met_once_is_found_although_both_met_others_as_often(found):
    (row,) = (row for row in found if (row["token"], row["rank"]) == ("▁rare", 1))
    assert (row["partner"], row["n_ab"], row["n"], row["n_partner"]) == ("▁peu", 1, 1, 1)
    assert row["n_translated"] > 0.5


def test_ranks_follow_the_contexts_that_were_got_and_weights_are_shares_of_them(found):
    by_token: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in found:
        by_token.setdefault((row["token"], row["lang"]), []).append(row)
    for rows in by_token.values():
        assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
        got = [row["n_translated"] for row in rows]
        assert got == sorted(got, reverse=True)
        assert sum(row["weight"] for row in rows) <= 1 + 1e-9
        assert len(rows) <= 10
    assert any(sum(row["weight"] for row in rows) > 0.999 for rows in by_token.values())


def test_evidence_is_that_of_the_contexts(found):
    (row,) = (r for r in found if (r["token"], r["lang"], r["rank"]) == ("▁Linux", "en", 1))
    assert row["is_copy"]
    assert (row["n"], row["n_partner"], row["n_ab"], row["n_contexts"]) == (15, 15, 15, 60)
    assert row["expected"] == pytest.approx(15 * 15 / 60)
    assert not any(row["is_copy"] for row in found if row["token"] != "▁Linux")


def test_chunks_change_nothing(found, lexicon_rows):
    several, inputs = lexicon_rows("count.chunk_tokens=100")
    assert several == found
    assert "passes" in inputs.measures
    assert inputs.measures["min_count"] == 1


def test_the_driver_finds_what_spark_finds(found, lexicon_rows, monkeypatch):
    assert lexicon_rows(is_small=True)[0] == found
    monkeypatch.setattr(lexicon, "MAX_ROWS_HERE", 0)
    assert lexicon_rows()[0] == found


def test_rare_pairs_are_left_out_where_they_would_be_too_many(lexicon_rows):
    rows, inputs = lexicon_rows("count.max_shuffle_bytes=100")
    assert inputs.measures["min_count"] == 5
    assert min(row["n_ab"] for row in rows) == 5


def test_the_number_of_candidates_is_bounded(lexicon_rows):
    rows, inputs = lexicon_rows("lexicon.max_pairs=30", "lexicon.max_translations=1")
    assert inputs.measures["candidates"] == 30
    assert len(rows) <= 60
    assert "lexicon.max_pairs" in inputs.notes[-1]
    assert {row["rank"] for row in rows} == {1}


def test_a_corpus_without_mixed_contexts_has_an_empty_lexicon(spark, tmp_path):
    tables = {"tokens": [tokens_row("page", ("en", [0, 1, 2]))], "vocabulary": vocabulary()}
    inputs = TableInputs(spark, tables, tmp_path)
    recipe = load_recipe(None, ["languages=[en, fr]"])
    inputs.tables = {**tables, "contexts": []}
    assert as_table(lexicon.run(inputs, recipe)["lexicon"]).num_rows == 0
