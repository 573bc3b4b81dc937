"""Score: four figures for every document, computed by hand."""

from __future__ import annotations

from math import log2
from typing import Any

import pytest

from pivotmine import plugins
from pivotmine.recipe.reading import load_recipe
from pivotmine.stages.score import stage as score
from tests.conftest import TableInputs, as_table
from tests.stages.stage_rows import link_row, tokens_row, vocabulary_row

DOG, CHIEN, CHAT, INU, DOT, RARE = range(6)
VOCABULARY = [
    vocabulary_row(DOG, "dog", ["en"]),
    vocabulary_row(CHIEN, "chien", ["fr"]),
    vocabulary_row(CHAT, "chat", ["en", "fr"]),
    vocabulary_row(INU, "犬", ["ja"]),
    vocabulary_row(DOT, ".", []),
    vocabulary_row(RARE, "rare", ["en"], token_count=1),
]
LINKS = [
    link_row(DOG, CHIEN, ("en", "fr"), g2=100.0),
    link_row(DOG, INU, ("en", "ja"), g2=200.0),
    link_row(CHAT, CHAT, ("en", "fr"), g2=900.0),
    link_row(CHAT, CHIEN, ("en", "fr"), prevails=False, g2=300.0),
]
"""Two links that count; a copy, and a link that does not prevail."""

PIVOTS = [
    {"method": "he2025", "token_id": CHIEN, "lang": "fr"},
    {"method": "he2025", "token_id": DOT, "lang": "en"},
    {"method": "links", "token_id": DOG, "lang": "en"},
]
DOCUMENTS = [
    tokens_row("translated", ("en", [DOG, DOG, DOT]), ("fr", [CHIEN, DOT])),
    tokens_row("far apart", ("en", [DOG] * 6), ("fr", [CHIEN] * 6)),
    tokens_row("three", ("en", [DOG]), ("ja", [INU]), ("fr", [CHIEN]), ("und", [DOG])),
    tokens_row("faint", ("en", [DOG] * 5), ("fr", [CHIEN])),
    tokens_row("copies", ("en", [CHAT, CHAT]), ("fr", [CHAT, CHIEN])),
    tokens_row("undetermined", ("und", [DOG, CHIEN])),
    tokens_row("empty"),
]
N_TOKENS = {row["doc_id"]: row["n_tokens"] for row in DOCUMENTS}

SCORES = plugins.SCORES.built_in

Scores = dict[tuple[str, str], dict[str, Any]]


@pytest.fixture(scope="module")
def score_rows(spark, tmp_path_factory: pytest.TempPathFactory):
    """Rows of `scores` by (document, method), in windows of six tokens."""

    def run(*settings: str, is_small: bool = False, **replaced: list[dict[str, Any]]) -> Scores:
        tables = {
            "tokens": DOCUMENTS,
            "vocabulary": VOCABULARY,
            "links": LINKS,
            "pivots": PIVOTS,
            **replaced,
        }
        inputs = TableInputs(spark, tables, tmp_path_factory.mktemp("score"))
        inputs.is_small = is_small
        recipe = load_recipe(
            None,
            [
                "languages=[fr, ja, en]",
                "count.window_tokens=6",
                "count.min_language_share=0.2",
                *settings,
            ],
        )
        rows = as_table(score.run(inputs, recipe)["scores"]).to_pylist()
        found = {(row["doc_id"], row["method"]): row for row in rows}
        assert len(found) == len(rows)
        return found

    return run


@pytest.fixture(scope="module")
def scores(score_rows) -> Scores:
    return score_rows()


def by_document(scores: Scores, method: str) -> dict[str, tuple[float, dict[str, float]]]:
    """(score, evidence) of every document that has some."""
    found = {
        doc_id: (pytest.approx(row["score"]), dict(row["evidence"]))
        for (doc_id, of_method), row in scores.items()
        if of_method == method
    }
    assert found.keys() == N_TOKENS.keys()
    return {doc_id: figures for doc_id, figures in found.items() if figures[1]}


def blocks(scores: Scores) -> dict[str, tuple[float, dict[str, Any]]]:
    """(score, best block) of every document that has one."""
    return {
        doc_id: (row["score"], row["block"])
        for (doc_id, method), row in scores.items()
        if method == "translation" and row["block"]
    }


def test_every_document_has_a_row_for_each_method(scores):
    assert scores.keys() == {(doc_id, method) for doc_id in N_TOKENS for method in SCORES}
    assert all(row["n_tokens"] == N_TOKENS[doc_id] for (doc_id, _), row in scores.items())


def test_scores_are_the_same_in_spark_and_in_the_driver(scores, score_rows):
    assert score_rows(is_small=True) == scores


def test_he2025_is_the_share_of_tokens_in_the_pivot_set_of_that_method(scores):
    assert by_document(scores, "he2025") == {
        "translated": (3 / 5, {"pivot_tokens": 3.0}),
        "far apart": (6 / 12, {"pivot_tokens": 6.0}),
        "three": (1 / 4, {"pivot_tokens": 1.0}),
        "faint": (1 / 6, {"pivot_tokens": 1.0}),
        "copies": (1 / 4, {"pivot_tokens": 1.0}),
        "undetermined": (1 / 2, {"pivot_tokens": 1.0}),
    }


def test_entropy_is_that_of_the_tokens_of_each_language(scores):
    def bits(*shares: float) -> float:
        return -sum(share * log2(share) for share in shares)

    assert by_document(scores, "entropy") == {
        "translated": (bits(3 / 5, 2 / 5), {"en": 3.0, "fr": 2.0}),
        "far apart": (1.0, {"en": 6.0, "fr": 6.0}),
        "three": (log2(3), {"en": 1.0, "fr": 1.0, "ja": 1.0}),
        "faint": (bits(5 / 6, 1 / 6), {"en": 5.0, "fr": 1.0}),
        "copies": (1.0, {"en": 2.0, "fr": 2.0}),
    }


def test_links_is_the_share_of_tokens_with_a_linked_partner_in_their_context(scores):
    assert by_document(scores, "links") == {
        "translated": (3 / 5, {"covered_tokens": 3.0, "links": 1.0}),
        "far apart": (1.0, {"covered_tokens": 12.0, "links": 1.0}),  # block beside block
        # The dog of the undetermined segment is not covered.
        "three": (3 / 4, {"covered_tokens": 3.0, "links": 2.0}),
    }


def test_translation_scores_the_densest_block(scores):
    found = blocks(scores)
    assert found.keys() == {"translated", "far apart", "three", "faint"}
    # 20 bits of dog and 10 of chien, each beside 20 bits of prior; the blanks say nothing.
    covered, shrunk = 30 / (30 + 2 * 20), (20 / 40 * 10 / 30) ** 0.5
    score, block = found["translated"]
    assert score == pytest.approx((covered + shrunk) / 2)
    assert (block["start"], block["end"], block["order"]) == (0, 5, pytest.approx(1.0))
    assert block["sides"] == [
        {"lang": "en", "bits": 20.0, "covered": 1.0},
        {"lang": "fr", "bits": 10.0, "covered": 1.0},
    ]


def test_with_the_score_of_translation_come_type_and_links(scores):
    rows = {doc: row for (doc, method), row in scores.items() if method == "translation"}
    # Dog and inu are the strongest link, number 0.
    assert {doc: row["links"] for doc, row in rows.items() if row["links"]} == {
        "translated": [1], "far apart": [1], "three": [0, 1], "faint": [1],
    }  # fmt: skip
    assert {doc: row["type"] for doc, row in rows.items()} == {
        "translated": "parallel", "far apart": "parallel", "three": "parallel",
        "faint": "parallel", "copies": "code_switched", "undetermined": "monolingual",
        "empty": "monolingual",
    }  # fmt: skip
    others = [row for (_, method), row in scores.items() if method != "translation"]
    assert all((row["type"], row["links"], row["block"]) == (None,) * 3 for row in others)


def test_segments_of_many_documents_are_boilerplate_and_weigh_less(score_rows):
    header = ("en", [DOG, RARE, DOG, DOT]), ("fr", [CHIEN, DOT, CHIEN, DOT])
    pages = [tokens_row(f"page {i}", *header, ("en", [DOT] * i)) for i in range(4)]

    def first(min_repeats: int) -> Any:
        return score_rows(f"score.min_repeats={min_repeats}", tokens=pages)["page 0", "translation"]

    def french_bits(min_repeats: int) -> float:
        sides = first(min_repeats)["block"]["sides"]
        return next(side["bits"] for side in sides if side["lang"] == "fr")

    bits = {n: french_bits(n) for n in (2, 4, 5)}
    assert bits == {2: 10.0, 4: 20.0, 5: 20.0}
    repeated, unknown = (first(n) for n in (4, 5))
    assert [row["type"] for row in (repeated, unknown)] == ["boilerplate", "parallel"]
    assert repeated["template"] and unknown["template"] is None


def test_at_most_max_document_links_are_listed_and_they_are_the_weakest(score_rows):
    rows = score_rows("score.max_document_links=1", "count.block_layouts=false")
    assert rows["three", "translation"]["links"] == [1]
    assert rows["far apart", "links"]["score"] == 0.0, "windows hold one language each"


def test_a_document_without_evidence_scores_0(scores):
    for doc_id, method in (("empty", "he2025"), ("empty", "entropy"), ("empty", "links"),
                           ("faint", "links"), ("copies", "links"),
                           ("undetermined", "entropy")):  # fmt: skip
        row = scores[doc_id, method]
        assert (row["score"], row["evidence"]) == (0.0, [])


def test_the_document_as_context_and_links_without_rivals_find_more(score_rows):
    links = [{**row, "prevails": True} for row in LINKS]
    found = by_document(score_rows("count.context=document", links=links), "links")
    assert found["far apart"] == (1.0, {"covered_tokens": 12.0, "links": 1.0})
    # The English chat and the chien, not the French chat.
    assert found["copies"] == (3 / 4, {"covered_tokens": 3.0, "links": 1.0})


def test_with_fewer_links_allowed_the_strongest_stay(score_rows):
    rows = score_rows("score.max_links=1")
    assert by_document(rows, "links") == {"three": (2 / 4, {"covered_tokens": 2.0, "links": 1.0})}
    assert blocks(rows).keys() == {"three"}


def test_without_links_and_pivots_only_entropy_is_above_0(score_rows):
    found = score_rows(links=[], pivots=[])
    assert by_document(found, "he2025") == by_document(found, "links") == {}
    assert blocks(found) == {}
    assert by_document(found, "entropy")["far apart"][0] == 1.0
