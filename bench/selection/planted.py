"""Planted corpora: mine each, select at several budgets, judge scores and arms.

A JSON Lines file holds the figures of a seed: those of `pivotmine evaluate documents` and of
`pivotmine evaluate selection`, with the seed and the budget of the arms.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from duckdb import DuckDBPyConnection

from pivotmine import api
from pivotmine.judge.document_truth import join_truth
from pivotmine.judge.documents import BUDGETS, separate, spend_by_arm
from pivotmine.judge.retrieval import evaluate_selection
from pivotmine.judge.truth import read_truth
from pivotmine.lake.lake import Lake
from pivotmine.lake.query import connect
from pivotmine.planted import Plan, plant, read_text, source_text
from pivotmine.recipe.reading import load_recipe

METHODS = ("random", "he2025", "entropy", "links", "translation", "distinct_links")
MATCHED = "length_matched"
"""An arm of random documents with the lengths of those of `distinct_links`."""

MIN_RETRIEVAL_BUDGET = 0.05
"""At 1 % an arm of these corpora has 22,000 tokens, too few to learn words from."""

_TEXT_BYTES = 20_000_000

Row = dict[str, Any]


def mine(folder: Path, text: str, n_documents: int, seed: int) -> Path:
    """Plant a corpus and mine it up to scores, where that is not done yet; returns its recipe."""
    recipe = folder / "recipe.yaml"
    if not recipe.exists():
        source = source_text(read_text([text], "text", _TEXT_BYTES))
        plant(source, Plan(n_documents=n_documents, seed=seed), folder)
    api.run(recipe, until="score")
    return recipe


def judge(recipe: Path, seed: int) -> Iterator[Row]:
    """All figures of a mined seed; a selection is made for each budget.

    Intervals come from the seeds, so areas are not resampled.
    """
    settings, truth = load_recipe(str(recipe)), recipe.parent / "truth"

    def connection_now() -> DuckDBPyConnection:
        # A `Lake` keeps the snapshots that it saw first.
        found = connect(Lake(settings.lake, read_only=True))
        join_truth(found, truth)
        return found

    connection = connection_now()
    for separation in separate(connection, seed, n_resamples=0):
        yield from ({"seed": seed, **row} for row in separation.rows())
    lexicon = read_truth([str(truth / "lexicon.parquet")])
    ((n_tokens,),) = connection.execute("SELECT sum(n_tokens)::BIGINT FROM tokens").fetchall()
    arms = [f"{{name: {method}, method: {method}}}" for method in METHODS]
    arms.append(f"{{name: {MATCHED}, method: {MATCHED}, reference: distinct_links}}")
    for share in BUDGETS:
        budget = f"select.budget_tokens={round(share * n_tokens)}"
        chosen = load_recipe(str(recipe), [budget, f"select.arms=[{', '.join(arms)}]"])
        api.run(chosen, only="select")
        connection = connection_now()
        for spending in spend_by_arm(connection):
            yield from ({"seed": seed, "budget": share, **row} for row in spending.rows())
        if share >= MIN_RETRIEVAL_BUDGET:
            for found in evaluate_selection(connection, lexicon):
                yield {"figure": "retrieval", "seed": seed, "budget": share, **found.row()}


def write_rows(path: Path, rows: Iterator[Row]) -> None:
    """Write rows as JSON lines, all at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
