"""Documents that together cover most links, in rounds that fit one task.

`coverage_greedy.py` goes through documents by levels of their gain, and through a level in the
order of a draw. A level does not depend on lower ones. So if the candidates hold more than
`select.max_round_links` links, each round grades all documents in parallel by their present gain,
and one task covers with the best of them, as many as it may hold. The result is that of a single
task: neither the partitioning nor the bound changes it.

The number of rounds is about the links of all graded documents divided by the bound. A round reads
all candidates twice: to find where it ends, and to pick the documents before that.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pivotmine.engine.numbered_tasks import FileRange, share_out
from pivotmine.engine.stage import ArrowRows, Inputs
from pivotmine.recipe import Recipe
from pivotmine.stages.draw import uniform
from pivotmine.stages.score.stage import scoring_links
from pivotmine.stages.select.coverage_greedy import CoverState, Worth
from pivotmine.stages.select.rounds import (
    COVERED,
    EVERYTHING,
    LEVELS,
    POOL,
    ROUND,
    SLICES,
    End,
    Waiting,
    state_of,
)
from pivotmine.udfs import select

_TASKS_PER_CORE = 4


def covering_documents(
    inputs: Inputs, candidates: DataFrame, limits: Sequence[int], name: str, recipe: Recipe
) -> tuple[DataFrame, list[int]]:
    """Rows doc_id, new_links, gain of the documents taken, and the rest of each budget.

    Parameters
    ----------
    candidates
        doc_id, n_tokens and charges.
    limits
        Tokens of each budget.
    name
        Prefix of intermediate files.
    """
    worth = link_worth(scoring_links(inputs, recipe.score.max_links), recipe)
    state = CoverState(np.zeros(len(worth.weights), np.int32), np.array(limits, np.int64))
    scores = inputs.frame("scores", ("doc_id", "method", "links"))
    links = scores.where("method = 'translation' AND size(links) > 0")
    pool = candidates.join(links.select("doc_id", "links"), "doc_id").select(
        "doc_id",
        uniform("choice", recipe.select.seed, "doc_id").alias("draw"),
        "n_tokens",
        F.col("charges")["budget"].alias("budget"),
        F.col("charges")["tokens"].alias("charge"),
        "links",
    )
    files = inputs.files(ArrowRows(pool, select.keep, POOL), f"{name}-pool")
    waiting = Waiting(tuple(path for path, _ in files), _splits(inputs, files), ())
    # Of all documents, not of candidates: that needs no join, and only decides on rounds.
    n_links = inputs.local(links.agg(F.sum(F.size("links")).alias("n")), 1)["n"][0].as_py() or 0
    rounds: list[DataFrame] = []
    while True:
        last, paths = EVERYTHING, waiting.files
        step = f"{name}-{len(rounds)}"
        if n_links > recipe.select.max_round_links:
            most = recipe.select.max_round_links
            last, paths = _next_round(inputs, waiting, worth, state, most, f"{step}-round")
        cover = select.bind_cover(paths, worth, state, last)
        taken = ArrowRows(inputs.numbers(1), cover, COVERED)
        found = [path for path, _ in inputs.files(taken, f"{step}-covered")]
        waiting = waiting._replace(covered=(*waiting.covered, *found))
        covered = inputs.read_files(found, COVERED)
        (end,) = inputs.local(covered.where("doc_id IS NULL"), 1).to_pylist()
        state = state_of(end)
        rounds.append(covered.where("doc_id IS NOT NULL").select("doc_id", "new_links", "gain"))
        if last == EVERYTHING:
            break
    inputs.measure(f"{name}_rounds", len(rounds))
    return reduce(DataFrame.unionByName, rounds), state.left.tolist()


def _splits(inputs: Inputs, files: Sequence[tuple[str, int]]) -> tuple[tuple[FileRange, ...], ...]:
    """Rows of the pool for each task."""
    n_tasks = _TASKS_PER_CORE * inputs.spark.sparkContext.defaultParallelism
    return tuple(share_out(files, max(-(-sum(n for _, n in files) // n_tasks), 1)))


def _next_round(
    inputs: Inputs,
    waiting: Waiting,
    worth: Worth,
    state: CoverState,
    max_links: int,
    name: str,
) -> tuple[End, tuple[str, ...]]:
    """Where a round ends, and the files with its documents."""
    tasks = inputs.numbers(len(waiting.splits))
    count = select.bind_levels(waiting, worth, state)
    sizes = (
        ArrowRows(tasks, count, LEVELS)
        .in_spark()
        .groupBy("level", "slice")
        .agg(F.sum("n_links").alias("n_links"))
        .orderBy("level", "slice")
    )
    last = _end_of_round(inputs.local(sizes, worth.n_levels * SLICES), max_links)
    choose = select.bind_round(waiting, worth, state, last)
    files = inputs.files(ArrowRows(tasks, choose, ROUND), name)
    return last, tuple(path for path, _ in files)


def _end_of_round(sizes: pa.Table, max_links: int) -> End:
    """As far as one task may go, but at least one slice of a level: every round advances."""
    within = np.cumsum(sizes["n_links"].to_numpy()) <= max_links
    if within.all():
        return EVERYTHING
    end = max(int(np.argmin(within)) - 1, 0)
    draw = (sizes["slice"][end].as_py() + 1) / SLICES
    return End(sizes["level"][end].as_py(), draw)


def link_worth(links: pa.Table, recipe: Recipe) -> Worth:
    """Worth of each link, by its language pair."""
    weights = np.ones(links.num_rows)
    lang_a, lang_b = (np.array(links[name].to_pylist(), str) for name in ("lang_a", "lang_b"))
    for pair, weight in recipe.select.pair_weights.items():
        one, other = sorted(pair.split("-"))
        weights[(lang_a == one) & (lang_b == other)] = weight
    return Worth(weights, recipe.select.link_repeats)
