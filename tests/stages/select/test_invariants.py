"""Select: invariants, on random documents with many ties."""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from math import log1p
from typing import Any

import pytest
from pyspark.sql import DataFrame

from pivotmine import plugins
from pivotmine.recipe import Recipe
from pivotmine.recipe.reading import load_recipe
from pivotmine.stages.draw import uniform
from pivotmine.stages.select import stage as select
from tests.conftest import TableInputs
from tests.stages.stage_rows import Row, link_row

LANGUAGES = ("en", "fr", "ja")
LONGEST = 60
BUDGET = 900
METHODS = plugins.SCORES.built_in
N_LINKS = 30
LINKS = [link_row(i, 100 + i, ("en", "fr" if i % 2 else "ja"), g2=99.0 - i) for i in range(N_LINKS)]
"""Even numbers in `scores` are links with Japanese, odd ones with French."""

ONE_ARM = "select.arms=[{name: only, method: random}]"
LINKS_ARM = "select.arms=[{name: only, method: distinct_links}]"

Selection = list[dict[str, Any]]


def random_documents() -> list[Row]:
    """Forty documents a language, a fifth without tokens, and some in a language of no recipe."""
    draw = random.Random(3)
    return [
        {
            "doc_id": f"{lang}{i:02}",
            "lang": lang,
            "n_tokens": draw.choice([0, 1, 7, 30, LONGEST]),
        }
        for lang in (*LANGUAGES, "de")
        for i in range(40)
    ]


def random_scores(documents: list[Row]) -> list[Row]:
    """Scores with many ties, of every method, and up to ten of thirty links a document."""
    draw = random.Random(4)
    rows = [
        {"doc_id": row["doc_id"], "method": method, "score": draw.choice([0.0, 0.125, 0.5])}
        for row in documents
        for method in METHODS
    ]
    for row in rows:
        if row["method"] == "translation":
            row["links"] = sorted(draw.sample(range(N_LINKS), draw.choice([0, 0, 1, 4, 10])))
    return rows


DOCUMENTS = random_documents()
SCORES = random_scores(DOCUMENTS)
SCORE_OF = {(row["method"], row["doc_id"]): row["score"] for row in SCORES}


class Scattered(TableInputs):
    """The same tables in another order of rows, in more partitions."""

    def frame(self, table: str, columns: Sequence[str] | None = None) -> DataFrame:
        frame = super().frame(table)
        if table != "links":
            frame = frame.orderBy(uniform("scatter", 0, "doc_id"))
        frame = frame.repartition(7)
        return frame if columns is None else frame.select(*columns)


def config_of(*settings: str) -> Recipe:
    return load_recipe(
        None,
        [f"languages=[{', '.join(LANGUAGES)}]", f"select.budget_tokens={BUDGET}", *settings],
    )


@pytest.fixture(scope="module")
def select_rows(spark, tmp_path_factory: pytest.TempPathFactory):
    def run(
        *settings: str,
        documents: list[Row] = DOCUMENTS,
        scores: list[Row] = SCORES,
        scattered=False,
    ) -> Selection:
        kind = Scattered if scattered else TableInputs
        sources = [
            {"doc_id": row["doc_id"], "source": f"site {i % 3}", "uri": f"uri {row['doc_id']}"}
            for i, row in enumerate(documents)
        ]
        tables = {"tokens": documents, "scores": scores, "documents": sources, "links": LINKS}
        inputs = kind(spark, tables, tmp_path_factory.mktemp("select"))
        rows = select.run(inputs, config_of(*settings))["selection"].toArrow()
        return rows.sort_by([("arm", "ascending"), ("position", "ascending")]).to_pylist()

    return run


@pytest.fixture(scope="module")
def selection(select_rows) -> Selection:
    """The arms of the default recipe."""
    return select_rows()


def arms_of(selection: Selection) -> dict[str, Selection]:
    arms = defaultdict(list)
    for row in selection:
        arms[row["arm"]].append(row)
    return dict(arms)


def tokens_by_language(rows: Selection) -> dict[str, int]:
    used: dict[str, int] = defaultdict(int)
    for row in rows:
        used[row["lang"]] += row["n_tokens"]
    return dict(used)


def test_every_arm_uses_up_its_budget_in_each_language_and_never_exceeds_it(selection):
    arms = arms_of(selection)
    assert arms.keys() == {"random", *METHODS, "distinct_links"}
    for rows in arms.values():
        used = tokens_by_language(rows)
        assert used.keys() == set(LANGUAGES)
        assert all(BUDGET / 3 - LONGEST < tokens <= BUDGET / 3 for tokens in used.values())


LINKS_OF = {row["doc_id"]: row["links"] for row in SCORES if row["method"] == "translation"}


def covered(rows: Selection, parity: int | None = None) -> int:
    """Value of an arm's links, or of those with one language."""
    held = Counter(link for row in rows for link in LINKS_OF[row["doc_id"]])
    return sum(log1p(n) for link, n in held.items() if parity in (None, link % 2))


def test_distinct_links_takes_the_documents_that_together_hold_most_links(selection):
    value = {arm: covered(rows) for arm, rows in arms_of(selection).items()}
    best = value.pop("distinct_links")
    assert best > 1.2 * max(value.values())


def test_rounds_take_the_same_documents_in_any_layout(selection, select_rows):
    rows = select_rows(LINKS_ARM, "select.max_round_links=150", scattered=True)
    whole = arms_of(selection)["distinct_links"]
    assert [dict(row, arm="distinct_links") for row in rows] == whole


def test_links_of_a_language_pair_of_weight_0_are_ignored(selection, select_rows):
    rows = select_rows(LINKS_ARM, "select.pair_weights={ja-en: 0}")
    evenly = arms_of(selection)["distinct_links"]
    assert covered(rows, 1) > covered(evenly, 1)
    assert covered(rows, 0) < covered(evenly, 0)


def test_a_length_matched_arm_has_other_documents_of_the_same_lengths(select_rows):
    rows = select_rows(
        "select.arms=[{name: best, method: links}, "
        "{name: any, method: length_matched, reference: best}]"
    )
    best, other = arms_of(rows)["best"], arms_of(rows)["any"]
    assert {row["doc_id"] for row in best} != {row["doc_id"] for row in other}
    assert Counter((row["lang"], row["n_tokens"]) for row in best) == Counter(
        (row["lang"], row["n_tokens"]) for row in other
    )


def test_positions_count_from_zero_without_gaps(selection):
    for rows in arms_of(selection).values():
        assert [row["position"] for row in rows] == list(range(len(rows)))


def test_the_order_of_documents_is_the_same_in_all_arms_that_hold_them(selection):
    first, *others = ([row["doc_id"] for row in rows] for rows in arms_of(selection).values())
    assert first != sorted(first)
    for rows in others:
        assert [one for one in first if one in rows] == [one for one in rows if one in first]


def test_each_document_stands_in_an_arm_once_with_its_own_figures(selection):
    known = {row["doc_id"]: row for row in DOCUMENTS}
    for rows in arms_of(selection).values():
        assert len({row["doc_id"] for row in rows}) == len(rows)
    for row in selection:
        original = known[row["doc_id"]]
        assert (row["lang"], row["n_tokens"]) == (original["lang"], original["n_tokens"])


def test_the_reason_gives_the_score(selection):
    for arm, rows in arms_of(selection).items():
        for row in rows:
            if arm == "distinct_links":
                form = r"\d+ new links, gain \d+\.\d{4}|no new links, drawn"
                assert re.fullmatch(form, row["reason"])
                continue
            score = SCORE_OF.get((arm, row["doc_id"]), 0.0)
            assert row["reason"] == ("random" if arm == "random" else f"{arm} score {score:.4f}")


def test_empty_documents_and_other_languages_are_never_taken(selection):
    assert all(row["n_tokens"] > 0 for row in selection)
    assert all(row["lang"] != "de" for row in selection)


def test_the_selection_does_not_depend_on_the_layout_of_the_tables(selection, select_rows):
    assert select_rows(scattered=True) == selection


def test_another_seed_draws_other_documents_in_another_order(selection, select_rows):
    after = [row["doc_id"] for row in select_rows("select.seed=7", ONE_ARM)]
    before = [row["doc_id"] for row in arms_of(selection)["random"]]
    assert set(after) != set(before)
    in_both = [doc_id for doc_id in before if doc_id in after]
    assert in_both != sorted(in_both, key=after.index)


def test_a_language_gets_the_share_that_the_recipe_gives_it(select_rows):
    rows = select_rows(ONE_ARM, "select.language_shares={en: 0.75, ja: 0.25}")
    used = tokens_by_language(rows)
    assert used.keys() == {"en", "ja"}
    assert 0.75 * BUDGET - LONGEST < used["en"] <= 0.75 * BUDGET
    assert 0.25 * BUDGET - LONGEST < used["ja"] <= 0.25 * BUDGET


def test_a_budget_beyond_the_corpus_takes_all_of_it(select_rows):
    rows = select_rows(ONE_ARM, "select.budget_tokens=1000000")
    expected = {row["doc_id"] for row in DOCUMENTS if row["n_tokens"] and row["lang"] != "de"}
    assert {row["doc_id"] for row in rows} == expected


def test_without_documents_nothing_is_selected(select_rows):
    assert select_rows(ONE_ARM, documents=[]) == []
