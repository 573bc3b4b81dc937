"""Documents that translate each other, found among others of both languages."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pivotmine.recipe.reading import load_recipe
from pivotmine.stages.pair import stage as pair
from tests.conftest import TableInputs, as_table
from tests.stages.stage_rows import Row, tokens_row, vocabulary_row

N_WORDS, N_PAGES, N_LINES = 300, 24, 12
DRAW = np.random.default_rng(11)
STORIES = [DRAW.integers(0, N_WORDS, (N_LINES, 6)).tolist() for _ in range(N_PAGES)]
TEMPLATE = DRAW.integers(0, N_WORDS, (N_LINES, 6)).tolist()


def page(doc_id: str, lang: str, story: list[list[int]], *more: tuple[str, list[int]]) -> Row:
    """A page whose words are those of the story in a language."""
    shift = N_WORDS if lang == "fr" else 0
    lines = [(lang, [word + shift for word in line]) for line in story]
    return tokens_row(doc_id, *lines, *more, lang=lang)


def corpus() -> list[Row]:
    rows = [page(f"en{number}", "en", story) for number, story in enumerate(STORIES)]
    # A third of the French pages lack a chapter, one is not there, one is in another order.
    for number, story in enumerate(STORIES[:-1]):
        kept = story[:3] + story[6:] if number % 3 == 0 else story
        rows.append(page(f"fr{number}", "fr", kept[::-1] if number == 1 else kept))
    rows += [page(f"template-en{n}", "en", [[*TEMPLATE[0][:5], n], *TEMPLATE[1:]]) for n in (1, 2)]
    rows += [page(f"template-fr{n}", "fr", [[*TEMPLATE[0][:5], 9], *TEMPLATE[1:]]) for n in (1, 2)]
    both = [("fr", [word + N_WORDS for word in line]) for line in STORIES[0]]
    rows.append(page("both", "en", STORIES[0], *both))
    rows.append(page("brief", "en", STORIES[4][:1]))
    rows.append(tokens_row("other", ("und", [1, 2, 3]), lang="de"))
    return rows


def best_translations() -> list[Row]:
    rows = []
    for word in range(N_WORDS):
        ids = {"token_id": word, "partner_id": word + N_WORDS, "lang": "en", "partner_lang": "fr"}
        rows.append({**ids, "rank": 1, "weight": 0.9, "n_translated": 5.0})
    return rows


@pytest.fixture(scope="module")
def paired(spark, tmp_path_factory: pytest.TempPathFactory):
    """Tables of the stage with settings."""
    vocabulary = [vocabulary_row(word, f"▁en{word}", ["en"]) for word in range(N_WORDS)]
    vocabulary += [vocabulary_row(word + N_WORDS, f"▁fr{word}", ["fr"]) for word in range(N_WORDS)]
    tables = {"tokens": corpus(), "vocabulary": vocabulary, "links": []}
    tables["lexicon"] = best_translations()

    def run(*settings: str) -> dict[str, list[dict[str, Any]]]:
        inputs = TableInputs(spark, tables, tmp_path_factory.mktemp("pair"))
        recipe = load_recipe(None, ["languages=[en, fr]", "pair.enabled=true", *settings])
        return {name: as_table(rows).to_pylist() for name, rows in pair.run(inputs, recipe).items()}

    return run


@pytest.fixture(scope="module")
def found(paired) -> dict[str, list[dict[str, Any]]]:
    return paired()


def test_pages_are_paired_with_their_translations_and_with_nothing_else(found):
    pairs = {(row["doc_id_a"], row["doc_id_b"]) for row in found["document_pairs"]}
    assert pairs == {(f"en{n}", f"fr{n}") for n in range(N_PAGES - 1) if n != 1}
    assert {(row["lang_a"], row["lang_b"]) for row in found["document_pairs"]} == {("en", "fr")}


def test_every_document_has_one_outcome(found):
    outcomes = {row["doc_id"]: row["outcome"] for row in found["pairings"]}
    assert len(found["pairings"]) == len(corpus()) == len(outcomes)
    assert outcomes["both"] == "mixed"
    assert outcomes["brief"] in ("short", "weak", "rival")
    assert outcomes["other"] == "language"
    assert outcomes["en1"] == outcomes["fr1"] == "weak"
    assert {outcomes[f"template-{lang}{n}"] for lang in ("en", "fr") for n in (1, 2)} <= {
        "ambiguous",
        "rival",
    }
    assert outcomes["en0"] == outcomes["fr0"] == "paired"
    partners = {row["doc_id"]: row["n_partners"] for row in found["pairings"]}
    assert sum(partners.values()) == 2 * len(found["document_pairs"])


def test_evidence_says_what_is_aligned(found):
    rows = {row["doc_id_a"]: row for row in found["document_pairs"]}
    whole, shorter = rows["en2"], rows["en0"]
    assert whole["aligned_a"] == whole["aligned_b"] == pytest.approx(1.0)
    assert shorter["aligned_b"] == pytest.approx(1.0)
    assert shorter["aligned_a"] == pytest.approx(9 / 12, abs=0.05)
    assert whole["score"] > shorter["score"] > 0.7
    assert all(row["margin"] > 0.1 for row in rows.values())


def test_segments_are_those_of_the_story(found):
    of_pair = [row for row in found["segment_pairs"] if row["doc_id_a"] == "en0"]
    places = [(row["segment_a"], row["segment_b"]) for row in of_pair]
    assert places == [(i, i) for i in range(3)] + [(i, i - 3) for i in range(6, N_LINES)]
    assert [row["position"] for row in of_pair] == list(range(9))
    counts = {row["doc_id_a"]: row["n_segment_pairs"] for row in found["document_pairs"]}
    assert sum(counts.values()) == len(found["segment_pairs"])


def test_switched_off_nothing_is_looked_for(paired):
    assert not any(paired("pair.enabled=false").values())
