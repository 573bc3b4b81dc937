"""Pivot: both methods on small graphs."""

from __future__ import annotations

from math import log2
from typing import Any

import pytest

from pivotmine.recipe.reading import load_recipe
from pivotmine.stages.pivot import stage as pivot
from tests.conftest import TableInputs
from tests.stages.stage_rows import Row, counts_row, link_row, tokens_row, vocabulary_row

Pivots = dict[str, list[dict[str, Any]]]

# Increase of the partner over the background, forth and back, of 100 mixed contexts.
COUNTS = [
    counts_row(1, 10, (10, 20, 30, 100)),  # 1 -> 10 .20   10 -> 1  .13
    counts_row(2, 10, (10, 10, 30, 100)),  # 2 -> 10 .70   10 -> 2  .23
    counts_row(3, 10, (4, 10, 30, 100)),  # 3 -> 10 .10   10 -> 3  .03
    counts_row(1, 11, (20, 40, 50, 100)),  # independent: .00 both ways
    counts_row(1, 20, (8, 20, 10, 100), ("en", "ja")),  # 1 -> 20 .30   20 -> 1  .60
    counts_row(10, 20, (5, 5, 10, 100), ("en", "ja")),  # 10 -> 20 .90   20 -> 10 .45
    counts_row(10, 20, (8, 30, 10, 100), ("fr", "ja")),  # 10 -> 20 .17   20 -> 10 .50
]
"""Token 10 is a homograph: a word of English and a hub in French."""

LINKS = [
    link_row(1, 11, ("en", "fr")),
    link_row(1, 12, ("en", "fr"), folds=3),
    link_row(1, 21, ("en", "ja")),
    link_row(2, 11, ("en", "fr")),
    link_row(11, 21, ("fr", "ja")),
    link_row(5, 5, ("en", "fr")),
    link_row(3, 12, ("en", "fr"), prevails=False),
    link_row(3, 21, ("en", "ja"), prevails=False),
]
"""The triangle of 1, 11 and 21 with two more links; the last three do not count: a copy, and two
that do not prevail."""

WORDS = {1: ["en"], 2: ["en"], 3: ["en"], 5: ["en", "fr"], 11: ["fr"], 12: ["fr"]}
VOCABULARY = [
    *(
        vocabulary_row(token, f"▁t{token}", WORDS[token], document_frequency=70 + token)
        for token in WORDS
    ),
    vocabulary_row(4, "▁t4", ["en"], document_frequency=1000),
    vocabulary_row(10, "▁t10", ["en", "fr"], document_frequency=1000),
    vocabulary_row(6, "▁t6", ["en"], document_frequency=0),
    vocabulary_row(20, "▁t20", ["ja"], document_frequency=1000),
    vocabulary_row(21, "▁t21", ["ja"], document_frequency=8),
]
"""Four English and three French words occur 64 to 127 times, one Japanese word 8 to 15 times."""


MARGINS = [
    {
        **{"token_id": token, "lang": lang, "other_lang": other, "n_contexts": 100},
        "n": 4 if token == 12 else 5,
    }
    for token, lang, *others in (
        (1, "en", "fr", "ja"),
        (2, "en", "fr", "ja"),
        (11, "fr", "en", "ja"),
        (3, "en", "fr", "ja"),
        (12, "fr", "ja"),
        (21, "ja", "en", "fr"),
    )
    for other in others
]
"""12 has too few contexts with Japanese for a link; 2 and 21 could link, and do not. A token in
two pairs of languages is in 10 of 200 contexts."""


@pytest.fixture(scope="module")
def pivots(spark, tmp_path_factory: pytest.TempPathFactory):
    """Pivots by method, in the order of their ranks, with settings of section `pivot`."""

    def run(
        *settings: str,
        counts: list[Row] = COUNTS,
        links: list[Row] = LINKS,
        margins: list[Row] = MARGINS,
        vocabulary: list[Row] = VOCABULARY,
    ) -> Pivots:
        tables = {"counts": counts, "links": links, "margins": margins, "vocabulary": vocabulary}
        inputs = TableInputs(spark, tables, tmp_path_factory.mktemp("pivot"))
        recipe = load_recipe(None, [f"pivot.{setting}" for setting in settings])
        found: Pivots = {"he2025": [], "links": []}
        for row in pivot.run(inputs, recipe)["pivots"].toArrow().sort_by("rank").to_pylist():
            found[row["method"]].append(row)
        for rows in found.values():
            assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
        return found

    return run


@pytest.fixture(scope="module")
def defaults(pivots) -> Pivots:
    return pivots()


@pytest.fixture(scope="module")
def changed(pivots) -> Pivots:
    return pivots("he2025.max_edges=1", "links.min_languages=1")


def degrees(rows: list[dict[str, Any]]) -> list[tuple[int, str, int, list[str]]]:
    return [(row["token_id"], row["lang"], row["degree"], row["languages"]) for row in rows]


def test_he2025_ranks_tokens_by_the_edges_that_reach_them(defaults):
    assert degrees(defaults["he2025"]) == [
        (10, "fr", 4, ["en", "ja"]),
        (20, "ja", 3, ["en", "fr"]),
        (1, "en", 2, ["fr", "ja"]),
        (2, "en", 1, ["fr"]),
        (10, "en", 1, ["ja"]),
    ]
    assert [row["score"] for row in defaults["he2025"]] == [4.0, 3.0, 2.0, 1.0, 1.0]


def test_he2025_draws_only_the_strongest_edges_of_each_token(changed):
    # 1 -> 20, 2 -> 10, 3 -> 10, 10 (fr) -> 2, 10 (en) -> 20, 20 -> 1.
    assert degrees(changed["he2025"]) == [
        (10, "fr", 2, ["en"]),
        (20, "ja", 2, ["en"]),
        (1, "en", 1, ["ja"]),
        (2, "en", 1, ["fr"]),
    ]


def test_links_score_is_the_product_of_its_factors(defaults):
    spread = 2 * (1 - (2**2 + 1**2) / 3**2)
    english_mean, french_mean, japanese_mean = (3 + 1 + 0 + 0) / 4, (3 + 1 + 0) / 3, 2 / 1
    assert degrees(defaults["links"]) == [
        (1, "en", 3, ["fr", "ja"]),
        (11, "fr", 3, ["en", "ja"]),
        (21, "ja", 2, ["en", "fr"]),
    ]
    surplus = [
        log2((3 + 1) / (english_mean + 1)),
        log2((3 + 1) / (french_mean + 1)),
        log2((2 + 1) / (japanese_mean + 1)),
    ]
    specificity = log2(200 / 10) / log2(200)
    assert [row["score"] for row in defaults["links"]] == pytest.approx(
        [
            spread * surplus[0] * (4 + 3 + 4) / (3 * 4) * (2 + 1) / (2 + 2) * specificity,
            spread * surplus[1] * 1.0 * (2 + 1) / (3 + 2) * specificity,
            1.0 * surplus[2] * 1.0 * (2 + 1) / (2 + 2) * specificity,
        ]
    )


def test_a_pivot_carries_the_figures_of_its_score(defaults):
    evidence = (
        "expected_degree",
        "participation",
        "stability",
        "closable",
        "closed",
        "specificity",
    )
    one, eleven, twenty_one = (tuple(map(row.get, evidence)) for row in defaults["links"])
    specific = pytest.approx(log2(200 / 10) / log2(200))
    assert one == (1.0, pytest.approx(8 / 9), pytest.approx(11 / 12), 2, 2, specific)
    assert eleven == (pytest.approx(4 / 3), pytest.approx(8 / 9), 1.0, 3, 2, specific)
    assert twenty_one == (2.0, 1.0, 1.0, 2, 2, specific)
    assert {row[name] for row in defaults["he2025"] for name in evidence} == {None}


def test_links_that_do_not_prevail_do_not_count(defaults, pivots):
    assert 3 not in {row["token_id"] for row in defaults["links"]}
    found = pivots(links=[{**row, "prevails": True} for row in LINKS])
    (three,) = (row for row in found["links"] if row["token_id"] == 3)
    assert (three["degree"], three["languages"]) == (2, ["fr", "ja"])


def test_copies_do_not_count(changed):
    assert 5 not in {row["token_id"] for row in changed["links"]}


def test_a_token_with_links_into_one_language_is_no_pivot(defaults, changed):
    assert 2 not in {row["token_id"] for row in defaults["links"]}
    (two,) = (row for row in changed["links"] if row["token_id"] == 2)
    assert (two["degree"], two["languages"], two["score"]) == (1, ["fr"], 0.0)


def test_pivots_have_their_names(defaults):
    for rows in defaults.values():
        assert all(row["token"] == f"▁t{row['token_id']}" for row in rows)


def test_the_best_are_kept_and_the_weak_edges_not_drawn(defaults, pivots):
    found = pivots("he2025.max_pivots=2", "he2025.min_increase=0.25", "links.max_pivots=1")
    # Left are 2 -> 10, 1 -> 20, 20 -> 1, 10 (en) -> 20, 20 -> 10 (en), 20 -> 10 (fr).
    assert degrees(found["he2025"]) == [(10, "fr", 2, ["en", "ja"]), (20, "ja", 2, ["en"])]
    assert found["links"] == defaults["links"][:1]


def test_a_fragment_is_no_pivot_where_words_have_spaces(defaults, pivots):
    changes = {
        1: {"token": "t1"},  # no mark of a word start
        11: {"whole_share": 0.4},  # goes on in most places
        21: {"token": "t21", "whole_share": 0.0},  # Japanese has no spaces
    }
    found = pivots(vocabulary=[{**row, **changes.get(row["token_id"], {})} for row in VOCABULARY])
    assert [row["token_id"] for row in found["links"]] == [21]
    assert degrees(found["he2025"]) == degrees(defaults["he2025"])


def test_a_word_of_every_context_has_no_score(pivots):
    rows = [{**row, "n": 100} if row["token_id"] == 1 else row for row in MARGINS]
    (one,) = (row for row in pivots(margins=rows)["links"] if row["token_id"] == 1)
    assert (one["specificity"], one["score"]) == (0.0, 0.0)


def test_without_counts_and_links_there_are_no_pivots(pivots):
    assert pivots(counts=[], links=[]) == {"he2025": [], "links": []}


def test_the_graph_of_documents_counts_tokens_of_any_language(spark, tmp_path):
    # Token 1 comes with 2 in its own language, and 10 is everywhere: it rises nowhere.
    documents = [
        tokens_row("0a", ("en", [1, 2, 1]), ("fr", [10])),
        tokens_row("1b", ("en", [1, 2]), ("fr", [10, 11])),
        tokens_row("2c", ("en", [3]), ("fr", [10, 11])),
        tokens_row("3d", ("en", [3]), ("fr", [10])),
        tokens_row("4e", ("en", [5] * 1000), ("fr", [11])),
        tokens_row("f0", ("en", [4, 6])),
    ]
    tables = {
        "counts": COUNTS, "links": LINKS, "margins": MARGINS, "tokens": documents,
        "vocabulary": [
            vocabulary_row(n, f"t{n}", ["fr" if n >= 10 else "en"]) for n in range(12)
        ],
    }  # fmt: skip
    settings = ["graph=documents", "sample_documents=5", "min_increase=0.3"]
    recipe = load_recipe(None, ["count.min_count=2", *(f"pivot.he2025.{one}" for one in settings)])
    rows = pivot.run(TableInputs(spark, tables, tmp_path), recipe)["pivots"].toArrow().to_pylist()
    found = [row for row in rows if row["method"] == "he2025"]
    # Of 5 documents: 1 and 2 in two, 3 in two, 10 in four, 11 in two (not behind 1,000 tokens).
    # 1 <-> 2 rise by .6; 1, 2 and 3 raise 10 by .2 only; 10 and 11 raise nothing by .3.
    assert degrees(found) == [(1, "en", 1, ["en"]), (2, "en", 1, ["en"])]
    assert found[0]["closable"] is None
