"""Planted seeds: mine each, select at several budgets, judge scores and arms.

Figures of a seed are rows of a JSON Lines file: the areas and budgets of `pivotmine evaluate
documents`, and the retrieval of `pivotmine evaluate selection`, with the seed and the budget that
the arms were given.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from pivotmine import api
from pivotmine.judge.document_truth import join_truth
from pivotmine.judge.documents import BUDGETS, separate, spend_by_arm
from pivotmine.judge.retrieval import evaluate_selection
from pivotmine.judge.truth import read_truth
from pivotmine.lake.lake import Lake
from pivotmine.lake.query import connect
from pivotmine.planted import Plan, plant, read_text, source_text
from pivotmine.recipe.reading import load_recipe

ARMS = (
    "[{name: random, method: random}, {name: he2025, method: density},"
    " {name: entropy, method: entropy}, {name: links, method: coverage},"
    " {name: translation, method: translation}, {name: links_coverage, method: links_coverage},"
    " {name: length_matched, method: length_matched, reference: links_coverage}]"
)
MIN_RETRIEVAL_BUDGET = 0.05
"""At 1 % an arm of these corpora has 22,000 tokens, too few to learn words from."""

_TEXT_BYTES = 20_000_000
"""What `pivotmine planted` reads by default."""

Row = dict[str, Any]


def mine(folder: Path, text: str, n_documents: int, seed: int) -> Path:
    """Plant a corpus and run the road up to scores, as far as that is not done; its recipe."""
    recipe = folder / "recipe.yaml"
    if not recipe.exists():
        plant(
            source_text(read_text([text], "text", _TEXT_BYTES)),
            Plan(n_documents=n_documents, seed=seed),
            folder,
        )
    api.run(recipe, until="score")
    return recipe


def judge(recipe: Path, seed: int, warehouse: str | None = None) -> Iterator[Row]:
    """All figures of a mined seed; selections are made anew for each budget.

    Intervals come from the seeds, so nothing is resampled for areas.
    """
    lake = [f"lake.warehouse={warehouse}"] if warehouse else []
    config = load_recipe(str(recipe), lake)
    truth = recipe.parent / "truth"
    connection = connect(Lake(config.lake))
    join_truth(connection, truth)
    for separation in separate(connection, seed, n_resamples=0):
        yield from ({"seed": seed, **row} for row in separation.rows())
    lexicon = read_truth([str(truth / "lexicon.parquet")])
    ((n_tokens,),) = connection.execute("SELECT sum(n_tokens)::BIGINT FROM tokens").fetchall()
    for share in BUDGETS:
        budget = f"select.budget_tokens={round(share * n_tokens)}"
        settings = [*lake, budget, f"select.arms={ARMS}"]
        api.run(load_recipe(str(recipe), settings), only="select")
        connection = connect(Lake(config.lake))
        join_truth(connection, truth)
        for spending in spend_by_arm(connection):
            yield from ({"seed": seed, "budget": share, **row} for row in spending.rows())
        if share >= MIN_RETRIEVAL_BUDGET:
            for found in evaluate_selection(connection, lexicon):
                yield {"figure": "retrieval", "seed": seed, "budget": share, **found.row()}


def write_rows(path: Path, rows: Iterator[Row]) -> None:
    """Rows as JSON lines; the file appears when all are there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = b"".join(orjson.dumps(row) + b"\n" for row in rows)
    path.write_bytes(data)
