"""Link: which pairs pass, at what rate of false discoveries, and in what order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pivotmine.numeric.association import expected, log_likelihood_ratio, npmi
from pivotmine.numeric.stratified_association import log10_stratified_p_value
from pivotmine.recipe.reading import load_recipe
from pivotmine.stages.contexts import stage as contexts
from pivotmine.stages.count import stage as count
from pivotmine.stages.link import stage as link
from tests.conftest import TableInputs, as_table
from tests.numeric.q_values import benjamini_hochberg
from tests.stages.stage_rows import Row, counts_row, tokens_row, vocabulary_row

BIN_WIDTH = 10 ** (1 / 256)
MIN_COUNT = 5
EN_WORDS, FR_WORDS, JA_WORDS = range(0, 10), range(10, 20), range(20, 30)
NAME = 30
"""A name that is a word of English and of French."""

STRONG = (40, 50, 45, 1000)
WEAKER = (20, 50, 45, 1000)
INDEPENDENT = (25, 500, 50, 1000)
APART = (5, 500, 50, 1000)
DILUTE = (9_000, 100_000, 60_000, 1_000_000)
"""Beyond doubt by its numbers, and hardly an association."""

BORDERLINE = (9, 50, 70, 1000)
EVERYWHERE = [10, 10, 10, 10]
IN_ONE_FOLD = [40, 0, 0, 0]

COUNTS = [
    counts_row(0, 10, STRONG, fold_counts=EVERYWHERE),
    counts_row(1, 11, INDEPENDENT, fold_counts=[7, 6, 6, 6]),
    counts_row(2, 12, STRONG, fold_counts=IN_ONE_FOLD),
    counts_row(3, 13, DILUTE, fold_counts=[2500, 2500, 2500, 1500]),
    counts_row(4, 14, APART, fold_counts=[2, 1, 1, 1]),
    counts_row(5, 15, BORDERLINE, fold_counts=[3, 2, 2, 2]),
    counts_row(NAME, NAME, STRONG, fold_counts=EVERYWHERE),
    counts_row(5, 20, BORDERLINE, ("en", "ja"), [3, 2, 2, 2]),
]


def margin(token_id: int, lang: str, other_lang: str, n: int = 50) -> Row:
    row = {"token_id": token_id, "lang": lang, "other_lang": other_lang, "n": n}
    return row | {"n_contexts": 1000}


def margins() -> list[Row]:
    """Ten words and a name on both sides of English and French, and one each of English, Japanese.

    And of every language a word too rare to be tested.
    """
    rows = [margin(token, "en", "fr") for token in (*EN_WORDS, NAME)]
    rows += [margin(token, "fr", "en") for token in (*FR_WORDS, NAME)]
    rows += [margin(5, "en", "ja", MIN_COUNT), margin(20, "ja", "en", MIN_COUNT)]
    rare = [("en", "fr"), ("fr", "en"), ("en", "ja"), ("ja", "en")]
    return rows + [margin(29, *pair, MIN_COUNT - 1) for pair in rare]


VOCABULARY = [
    vocabulary_row(token, f"t{token}", ["en", "fr", "ja"], token_count=50) for token in range(31)
]


@pytest.fixture(scope="module")
def link_rows(spark, tmp_path_factory: pytest.TempPathFactory):
    """Rows of `links` for counts, with settings of section `link`."""

    def run(counts: list[Row], *settings: str) -> list[dict[str, Any]]:
        tables = {"counts": counts, "margins": margins(), "vocabulary": VOCABULARY, "contexts": []}
        inputs = TableInputs(spark, tables, tmp_path_factory.mktemp("link"))
        recipe = load_recipe(
            None,
            [
                "languages=[en, fr, ja]",
                f"count.min_count={MIN_COUNT}",
                # Counts without contexts: one stratum, and nothing to permute.
                "link.strata=[]",
                "link.permutations=0",
                *(f"link.{setting}" for setting in settings),
            ],
        )
        return as_table(link.run(inputs, recipe)["links"]).to_pylist()

    return run


@pytest.fixture(scope="module")
def undemanding(link_rows) -> dict[tuple[int, int], dict[str, Any]]:
    """Every pair that is more likely than not to be no accident, by its tokens."""
    rows = link_rows(COUNTS, "max_q_value=0.999999", "min_npmi=-1", "min_folds=0")
    return {(row["a"], row["b"]): row for row in rows}


def pairs(rows: list[dict[str, Any]]) -> set[tuple[int, int]]:
    return {(row["a"], row["b"]) for row in rows}


def test_strong_pairs_pass_and_others_fail(link_rows):
    found = link_rows(COUNTS, "max_q_value=0.01", "min_npmi=0.1", "min_folds=3")
    assert pairs(found) == {(0, 10), (NAME, NAME), (5, 20)}


def test_a_pair_that_independence_explains_never_passes(undemanding):
    assert (1, 11) not in undemanding
    assert (4, 14) not in undemanding, "meeting less often than expected is no attraction"


def test_each_criterion_keeps_out_its_own_pair(link_rows, undemanding):
    lenient = link_rows(COUNTS, "max_q_value=0.01", "min_npmi=0.01", "min_folds=1")
    assert pairs(lenient) == {(0, 10), (NAME, NAME), (5, 20), (2, 12), (3, 13)}
    assert undemanding[2, 12]["npmi"] > 0.1, "only its folds kept it out"
    assert undemanding[3, 13]["folds"] == 3, "only its weakness kept it out"
    assert undemanding[5, 15]["npmi"] > 0.1, "only its q-value keeps it out"


def test_folds_are_those_in_which_the_pair_meets_more_often_than_expected(undemanding):
    assert undemanding[0, 10]["folds"] == 4
    assert undemanding[2, 12]["folds"] == 1
    # 100,000 * 60,000 / 1,000,000 = 6,000 in all, 1,500 a fold: as expected is not more.
    assert undemanding[3, 13]["folds"] == 3


def test_q_values_are_those_of_benjamini_hochberg_over_all_testable_pairs(undemanding):
    of_pair = [row for row in COUNTS if row["lang_b"] == "fr"]
    tables = np.array([[row[n] for n in ("n_ab", "n_a", "n_b", "n_contexts")] for row in of_pair])
    n_ab, n_a, n_b, n = tables.T
    log10_p = log10_stratified_p_value(n_ab, n_a * n_b / n, np.minimum(n_a, n_b))
    is_word = np.array([row["a"] != row["b"] for row in of_pair])
    # Eleven nodes on each side, of which the name is one; a copy is a family of its own.
    exact = benjamini_hochberg(log10_p[is_word], n_tests=11 * 11 - 1)
    words = [row for row, word in zip(of_pair, is_word, strict=True) if word]
    seen = 0
    for row, q in zip(words, exact.tolist(), strict=True):
        found = undemanding.get((row["a"], row["b"]))
        if found is None:
            assert q * BIN_WIDTH > 0.999
            continue
        assert q * (1 - 1e-9) <= found["q_value"] <= q * BIN_WIDTH * (1 + 1e-9)
        seen += 1
    assert seen == 4


def test_each_language_pair_is_a_family_of_its_own(undemanding):
    one_of_many, alone = undemanding[5, 15], undemanding[5, 20]
    assert one_of_many["g2"] == alone["g2"]
    n_ab, n_a, n_b, n = (np.array([float(value)]) for value in BORDERLINE)
    p = 10.0 ** log10_stratified_p_value(n_ab, n_a * n_b / n, np.minimum(n_a, n_b))[0]
    assert p <= alone["q_value"] <= p * BIN_WIDTH, "one test, its q-value is its p-value"
    # The fourth strongest of 120.
    assert one_of_many["q_value"] == pytest.approx(alone["q_value"] * 120 / 4)


def test_a_link_carries_its_figures_and_the_names_of_its_tokens(undemanding):
    row = undemanding[0, 10]
    assert [row[name] for name in ("n_ab", "n_a", "n_b", "n_contexts")] == list(STRONG)
    assert (row["token_a"], row["token_b"]) == ("t0", "t10")
    assert row["expected"] == pytest.approx(expected(*STRONG[1:]))
    assert row["npmi"] == pytest.approx(npmi(*STRONG))
    assert row["g2"] == pytest.approx(log_likelihood_ratio(*STRONG))


def test_copies_may_differ_in_case(spark, tmp_path: Path):
    vocabulary = [
        {**row, "token": {0: "▁Linux", 10: "linux", 1: "▁Linus"}.get(row["token_id"], row["token"])}
        for row in VOCABULARY
    ]
    counts = [counts_row(0, 10, STRONG), counts_row(1, 10, WEAKER)]
    tables = {"counts": counts, "margins": margins(), "vocabulary": vocabulary, "contexts": []}
    recipe = load_recipe(None, ["languages=[en, fr, ja]", "link.min_folds=0", "link.strata=[]"])
    found = as_table(link.run(TableInputs(spark, tables, tmp_path), recipe)["links"])
    copies = dict(zip(found["a"].to_pylist(), found["is_copy"].to_pylist(), strict=True))
    assert copies == {0: True, 1: False}


def test_a_pair_of_a_token_with_itself_is_a_copy(undemanding):
    assert {pair for pair, row in undemanding.items() if row["is_copy"]} == {(NAME, NAME)}


RANKED = [
    counts_row(0, 10, STRONG),
    counts_row(0, 11, WEAKER),
    counts_row(0, 13, WEAKER),
    counts_row(0, 12, WEAKER),
    counts_row(1, 11, STRONG),
    counts_row(NAME, NAME, (45, 45, 45, 1000)),
    counts_row(NAME, 10, WEAKER),
    counts_row(0, 20, WEAKER, ("en", "ja")),
    counts_row(10, 20, WEAKER, ("fr", "ja")),
    counts_row(10, 21, STRONG, ("fr", "ja")),
]
RANKED_MARGINS = [
    *(margin(token, "en", other) for token in (*EN_WORDS, NAME) for other in ("fr", "ja")),
    *(margin(token, "fr", other) for token in (*FR_WORDS, NAME) for other in ("en", "ja")),
    *(margin(token, "ja", other) for token in JA_WORDS for other in ("en", "fr")),
]


@pytest.fixture(scope="module")
def ranks(spark, tmp_path_factory: pytest.TempPathFactory):
    """(rank_ab, rank_ba) of every link that `max_rank` lets through, by tokens and languages."""
    tables = {"counts": RANKED, "margins": RANKED_MARGINS, "vocabulary": VOCABULARY}
    tables["contexts"] = []
    inputs = TableInputs(spark, tables, tmp_path_factory.mktemp("ranks"))

    def run(max_rank: int) -> dict[tuple[Any, ...], tuple[int, int]]:
        recipe = load_recipe(
            None,
            [
                "languages=[en, fr, ja]",
                "link.min_folds=0",
                "link.strata=[]",
                f"link.max_rank={max_rank}",
            ],
        )
        return {
            (row["a"], row["b"], row["lang_a"], row["lang_b"]): (row["rank_ab"], row["rank_ba"])
            for row in as_table(link.run(inputs, recipe)["links"]).to_pylist()
        }

    return run


@pytest.fixture(scope="module")
def all_ranks(ranks):
    return ranks(50)


def test_partners_are_ranked_by_g2_and_ties_by_id(all_ranks):
    of_0 = {pair[1]: rank for pair, (rank, _) in all_ranks.items() if pair[::3] == (0, "fr")}
    assert of_0 == {10: 1, 11: 2, 12: 3, 13: 4}


def test_both_sides_have_their_own_ranks(all_ranks):
    assert all_ranks[0, 11, "en", "fr"] == (2, 2)
    assert all_ranks[1, 11, "en", "fr"] == (1, 1)
    assert all_ranks[0, 13, "en", "fr"] == (4, 1)


def test_each_other_language_has_its_own_ranks(all_ranks):
    assert all_ranks[0, 20, "en", "ja"] == (1, 1)
    assert all_ranks[10, 20, "fr", "ja"] == (2, 1)
    assert all_ranks[10, 21, "fr", "ja"] == (1, 1)


def test_copies_are_ranked_apart(all_ranks):
    assert all_ranks[NAME, NAME, "en", "fr"] == (1, 1)
    assert all_ranks[NAME, 10, "en", "fr"] == (1, 2), "the copy does not push its partner down"


DOG, CAT, CHIEN, CHAT, NOIR = 0, 1, 10, 11, 12

PAGES = [
    *[("dog", [DOG], [CHIEN])] * 4,
    *[("black dog", [DOG], [CHIEN, NOIR])] * 8,
    *[("cat", [CAT], [CHAT])] * 8,
    *[("others", [2 + n], [13 + n]) for n in range(6)] * 4,
]
"""Black dogs are called so in French only."""

CONTESTED = [
    "languages=[en, fr, ja]",
    "count.min_count=4",
    "count.max_line_documents=0",
    "link.max_q_value=0.05",
    "link.min_folds=0",
]


@pytest.fixture(scope="module")
def contested(spark, tmp_path_factory: pytest.TempPathFactory):
    """Rows of `links` of `PAGES` by tokens, the inputs that took notes, and the figures."""
    tokens = [
        tokens_row(f"{name} {number}", ("en", english), ("fr", french))
        for number, (name, english, french) in enumerate(PAGES)
    ]
    tables = {"tokens": tokens, "vocabulary": VOCABULARY}
    recipe = load_recipe(None, CONTESTED)
    inputs = TableInputs(spark, tables, tmp_path_factory.mktemp("contested"))
    for stage in (contexts, count):
        made = {name: as_table(rows) for name, rows in stage.run(inputs, recipe).items()}
        inputs.tables = inputs.tables | {name: rows.to_pylist() for name, rows in made.items()}
    rows = as_table(link.run(inputs, recipe)["links"]).to_pylist()
    return {(row["a"], row["b"]): row for row in rows}, inputs, dict(inputs.measures)


def test_a_link_wins_the_contexts_that_no_better_partner_explains(contested):
    links, _, _ = contested
    assert {pair: links[pair]["n_won"] for pair in ((DOG, CHIEN), (DOG, NOIR), (CAT, CHAT))} == {
        (DOG, CHIEN): 12,
        (DOG, NOIR): 0,
        (CAT, CHAT): 8,
    }


def test_a_link_that_loses_its_contexts_does_not_prevail_even_as_a_words_only_link(contested):
    links, _, _ = contested
    assert links[DOG, NOIR]["rank_ba"] == 1
    assert {pair for pair, row in links.items() if not row["prevails"]} == {(DOG, NOIR)}


def test_permutations_measure_the_links_that_chance_gives(contested):
    links, inputs, measures = contested
    for name in ("links", "prevails"):
        for end in ("", "_en_fr"):
            assert 0 <= measures[f"{name}_null_rate{end}"] < 1
            assert measures[f"{name}_null_rate_se{end}"] >= 0
    assert any(f"of {len(links)} links" in note for note in inputs.notes)


def test_without_a_permutation_nothing_is_said_to_be_measured(link_rows, spark, tmp_path: Path):
    tables = {"counts": COUNTS, "margins": margins(), "vocabulary": VOCABULARY, "contexts": []}
    inputs = TableInputs(spark, tables, tmp_path)
    link.run(inputs, load_recipe(None, ["languages=[en, fr, ja]", "link.strata=[]"]))
    assert not any("null_rate" in name for name in inputs.measures)
    assert any("no permutation was tested" in note for note in inputs.notes)


@pytest.mark.parametrize(
    "change", ["MAX_ROWS_HERE=0", "is_small", "link.block_tokens=20", "count.chunk_tokens=60"]
)
def test_links_are_the_same_in_spark_and_in_the_driver(contested, change, monkeypatch):
    """And in one chunk or several; blocks of another size give another permutation."""
    links, inputs, measures = contested
    if change.startswith("MAX"):
        monkeypatch.setattr(link, "MAX_ROWS_HERE", 0)
    monkeypatch.setattr(inputs, "is_small", change == "is_small")
    recipe = load_recipe(None, [*CONTESTED, *([change] if "." in change else [])])
    found = as_table(link.run(inputs, recipe)["links"]).to_pylist()
    again = {(row["a"], row["b"]): row for row in found}
    if change.startswith("link.block"):
        assert inputs.measures["permutation_blocks"] > 1
        assert links.keys() & again.keys() >= {(DOG, CHIEN), (CAT, CHAT)}
    else:
        assert again == links
        assert inputs.measures == measures


def test_links_beyond_max_contenders_do_not_prevail(link_rows):
    counts = [counts_row(0, 10, STRONG), counts_row(1, 11, WEAKER)]
    found = link_rows(counts, "min_folds=0", "max_contenders=1")
    assert [row["prevails"] for row in found] == [False, False], "no context was won by any"


def test_a_link_stays_if_it_ranks_high_on_either_side(all_ranks, ranks):
    kept = ranks(1)
    assert kept == {pair: both for pair, both in all_ranks.items() if min(both) == 1}
    assert (0, 13, "en", "fr") in kept
    assert (0, 11, "en", "fr") not in kept


def test_without_counts_there_are_no_links(link_rows):
    assert link_rows([]) == []
