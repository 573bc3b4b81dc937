"""What chance means in a corpus: strata, their margins, and counts of permutations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pivotmine import plugins
from pivotmine.engine.stage import ArrowRows, Inputs
from pivotmine.recipe import Recipe
from pivotmine.recipe.linking import LinkConfig
from pivotmine.stages.count.count_rows import PairNames
from pivotmine.stages.count.pair_runs import RUNS, PairRun
from pivotmine.stages.count.sums import summed_pairs
from pivotmine.stages.count.tasks import CountPlan, plan_tasks
from pivotmine.stages.link.associate import CANDIDATES, PairTest
from pivotmine.stages.link.contests import context_shares
from pivotmine.stages.link.rows_here import ranks
from pivotmine.stages.link.strata import CELLS, SIZES, Strata, plan_strata
from pivotmine.stages.link.stratum_margins import StratumMargins, stratum_margins
from pivotmine.udfs.count import bind_named, bind_sum, sum_schema
from pivotmine.udfs.link import (
    Permutations,
    bind_cells,
    bind_permuted,
    bind_permuted_sums,
    bind_stratum_margins,
    permutation_of,
)

_PAIR = ["language_a", "language_b"]
_SUMMED = ("n", "events")


def find_strata(
    inputs: Inputs, recipe: Recipe, first_node: NDArray[np.int64]
) -> tuple[Strata, int]:
    """Strata of every language pair, by source and size, and the pair events of all contexts.

    Sources that can have no stratum of their own are summed before anything comes to the driver.
    """
    settings = recipe.link
    shares = context_shares(inputs)
    by = ("source" in settings.strata, "size" in settings.strata)
    found = ArrowRows(inputs.numbers(len(shares)), bind_cells(shares, first_node, *by), CELLS)
    if found.is_here:
        return _planned(recipe, large_sources(found.gathered(), settings))
    sums = (
        found.in_spark()
        .groupBy(*_PAIR, "source", "size")
        .agg(F.sum("n").alias("n"), F.sum("events").alias("events"))
    )
    of_source = Window.partitionBy(*_PAIR, "source")
    by_size = Window.partitionBy(*_PAIR).orderBy(F.desc("total"), "source")
    # Rows of a source are of equal rank.
    large = (F.col("total") >= settings.min_stratum_contexts) & (
        F.dense_rank().over(by_size) <= settings.max_strata
    )
    kept = (
        sums.withColumn("total", F.sum("n").over(of_source))
        .withColumn("source", F.when(large, F.col("source")).otherwise(F.lit(-1)))
        .groupBy(*_PAIR, "source", "size")
        .agg(F.sum("n").alias("n"), F.sum("events").alias("events"))
    )
    n_pairs = len(recipe.languages) * (len(recipe.languages) - 1) // 2
    return _planned(recipe, inputs.local(kept, n_pairs * (settings.max_strata + 1) * SIZES))


def large_sources(cells: pa.Table, settings: LinkConfig) -> pa.Table:
    """Sums of rows of `CELLS`; sources that can have no stratum of their own are all source -1."""
    cell = [*_PAIR, "source", "size"]
    sums = _summed(cells, cell)
    totals = _summed(cells, [*_PAIR, "source"])
    n = totals["n"].to_numpy()
    pair = [totals[name].to_numpy() for name in _PAIR]
    rank = ranks(pair, n.astype(np.float64), totals["source"].to_numpy())
    large = (n >= settings.min_stratum_contexts) & (rank <= settings.max_strata)
    kept = totals.select([*_PAIR, "source"]).append_column("kept", pa.array(large))
    joined = sums.join(kept, [*_PAIR, "source"])
    source = pc.if_else(joined["kept"], joined["source"], pa.scalar(-1, joined["source"].type))
    return _summed(joined.set_column(joined.column_names.index("source"), "source", source), cell)


def _summed(cells: pa.Table, by: list[str]) -> pa.Table:
    sums = cells.group_by(by).aggregate([(name, "sum") for name in _SUMMED])
    return sums.rename_columns({f"{name}_sum": name for name in _SUMMED})


def _planned(recipe: Recipe, cells: pa.Table) -> tuple[Strata, int]:
    cells = cells.select(CELLS.names).cast(CELLS)
    settings = recipe.link
    strata = plan_strata(cells, settings.min_stratum_contexts, settings.max_strata)
    return strata, int(cells["events"].to_numpy().sum())


def find_margins(
    inputs: Inputs, recipe: Recipe, first_node: NDArray[np.int64], strata: Strata
) -> StratumMargins:
    """Margins by stratum, summed over all contexts."""
    max_strata = recipe.link.max_strata
    shares = context_shares(inputs)
    n_buckets = 1 if inputs.is_small else inputs.spark.sparkContext.defaultParallelism
    count = bind_stratum_margins(shares, first_node, strata, max_strata, n_buckets)
    runs = ArrowRows(inputs.numbers(len(shares)), count, RUNS)
    add_up = bind_sum(1, 1)
    n_nodes, n_languages = int(first_node[-1]), len(first_node) - 1
    if runs.is_here:
        found = pa.Table.from_batches(add_up(iter(runs.gathered().to_batches())), sum_schema(1))
    else:
        in_buckets = runs.in_spark().repartition(n_buckets, "bucket")
        sums = ArrowRows(in_buckets.sortWithinPartitions("bucket"), add_up, sum_schema(1))
        found = inputs.local(sums, n_nodes * (n_languages - 1) * max_strata)
    a, b, n = (found.column(i).to_numpy() for i in range(3))
    return stratum_margins(
        PairRun(a, b, n.reshape(-1, 1)), strata, n_nodes, n_languages, max_strata
    )


def permuted_candidates(
    inputs: Inputs,
    recipe: Recipe,
    names: PairNames,
    permutations: Permutations,
    test: PairTest,
    pair_events: int,
) -> list[ArrowRows]:
    """Rows of `CANDIDATES` of every permutation of the contexts.

    A permutation does not change the margins, and the pair events hardly. If there are several
    blocks, their counts are summed as those of stage `count` are, one permutation after another.
    """
    n = recipe.link.permutations
    if n == 0 or not permutations.blocks:
        return []
    plans = [_plan(inputs, recipe, names, permutations, number) for number in range(1, n + 1)]
    if len(permutations.blocks) == 1:
        find = bind_permuted(plans, names, recipe.count.min_count, test)
        n_tasks = sum(len(plan.tasks) for plan in plans)
        make = plugins.with_plugins(find)
        return [ArrowRows(inputs.numbers(n_tasks), make, CANDIDATES)]
    named = bind_named(recipe.count.folds, names)
    found = []
    for number, plan in enumerate(plans, 1):
        quiet = _Quiet(inputs, f"permutation-{number}")
        pairs = summed_pairs(quiet, recipe.count, plan, permutations.blocks, pair_events)
        make = plugins.with_plugins(bind_permuted_sums(named, number, test))
        found.append(ArrowRows(pairs, make, CANDIDATES))
    return found


def _plan(
    inputs: Inputs, recipe: Recipe, names: PairNames, permutations: Permutations, number: int
) -> CountPlan:
    parallelism = inputs.spark.sparkContext.defaultParallelism
    return CountPlan(
        plan_tasks(permutations.blocks, _row_events(names), parallelism),
        permutations.first_node,
        recipe.count.folds,
        change=permutation_of(permutations.strata, number),
    )


def _row_events(names: PairNames) -> NDArray[np.int64]:
    """[n_nodes] the contexts that hold each node; its pair events are about proportional."""
    held = np.add.reduceat(np.append(names.margins.n, 0), names.margins.offsets[:-1])
    held[np.diff(names.margins.offsets) == 0] = 0
    return held


class _Quiet:
    """Inputs for work that is done again: its figures and notes are those of the first time."""

    def __init__(self, inputs: Inputs, prefix: str) -> None:
        self._inputs, self._prefix = inputs, prefix

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inputs, name)

    def checkpoint(self, rows: DataFrame | ArrowRows, name: str) -> DataFrame:
        return self._inputs.checkpoint(rows, f"{self._prefix}-{name}")

    def files(self, rows: ArrowRows, name: str) -> list[tuple[str, int]]:
        return self._inputs.files(rows, f"{self._prefix}-{name}")

    def measure(self, name: str, value: float) -> None:
        """Not recorded."""

    def note(self, text: str) -> None:
        """Not shown."""
