"""Counts of several chunks, summed: in one pass or in two.

One pass sends every distinct pair of every chunk to its bucket, where it is added up, and dropped
if it stays below `min_count`. On the web most do. If that traffic would exceed
`count.max_shuffle_bytes`, a first pass folds all pairs into a count-min sketch, and the second
sends only pairs whose estimate reaches `min_count`: an "iceberg query" (Fang et al., VLDB 1998).
The sketch never under-counts, so both ways give the same table. Its size only decides how many
pairs are sent in vain.

The choice rests on measured sizes. The pair events are known. If they do not decide it, one row in
64 of every chunk is counted, to estimate the number of distinct pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import NamedTuple

import numpy as np
from pyspark.sql import DataFrame, Observation
from pyspark.sql import functions as F

from pivotmine.engine.session import spark_schema
from pivotmine.engine.stage import ArrowRows, Inputs
from pivotmine.recipe import CountConfig, Recipe
from pivotmine.stages.count.pair_runs import PACKED_BYTES_PER_PAIR, RUNS
from pivotmine.stages.count.pair_sums import bytes_per_distinct_pair
from pivotmine.stages.count.sketch_filter import SketchFilter
from pivotmine.stages.count.sketch_shape import SketchShape, sketch_shape
from pivotmine.stages.count.tasks import Chunk, CountPlan, CountTask
from pivotmine.udfs import count as udfs

SAMPLE_STEP = 64
"""One row in this many is counted to estimate the number of distinct pairs."""

MAX_BUCKETS = 65_536

_GIGABYTE = 1e9


class Passes(NamedTuple):
    """How counts are summed."""

    n_buckets: int
    sketch: SketchShape | None
    """Sketch of the first of two passes; None for one pass."""


def summed_pairs(
    inputs: Inputs, recipe: Recipe, plan: CountPlan, chunks: Sequence[Chunk], pair_events: int
) -> DataFrame:
    """Pairs of nodes at or above `min_count`: rows of `udfs.sum_schema`, and their sum `n`."""
    settings = recipe.count
    passes = _choose_passes(inputs, settings, plan, chunks, pair_events)
    sketched = None
    if passes.sketch:
        files = _sketch_files(inputs, plan, passes.sketch)
        sketched = SketchFilter(files, passes.sketch, settings.min_count)
    sent = Observation("sent")
    send = udfs.bind_send(plan, passes.n_buckets, sketched)
    runs = (
        ArrowRows(inputs.numbers(len(plan.tasks)), send, RUNS)
        .in_spark()
        .observe(
            sent,
            F.sum(F.length("pairs")).alias("shuffle_bytes"),
            F.sum("n_pairs").alias("shuffled_pairs"),
        )
    )
    add_up = ArrowRows(
        runs.repartition("bucket").sortWithinPartitions("bucket"),
        udfs.bind_sum(settings.folds, settings.min_count),
        udfs.sum_schema(settings.folds),
    )
    n = reduce(add, (F.col(name) for name in udfs.fold_columns(settings.folds)))
    sums = inputs.checkpoint(add_up, "sums").withColumn("n", n)
    for name, value in sent.get.items():
        inputs.measure(name, value)
    if sketched:
        _measure_over_count(inputs, sketched, sums)
    return sums.where(F.col("n") >= settings.min_count)


def _choose_passes(
    inputs: Inputs,
    settings: CountConfig,
    plan: CountPlan,
    chunks: Sequence[Chunk],
    pair_events: int,
) -> Passes:
    """Estimate the traffic, choose, and note the choice and its reason."""
    pairs, how = pair_events, "if no pair met twice"
    if pairs * PACKED_BYTES_PER_PAIR > settings.max_shuffle_bytes:
        pairs, how = _sampled(inputs, plan, chunks), f"(estimated from 1/{SAMPLE_STEP} of the rows)"
    one_pass_bytes = pairs * PACKED_BYTES_PER_PAIR
    sketch = None
    if one_pass_bytes > settings.max_shuffle_bytes:
        sketch = _fitting_sketch(settings, min(pairs, _possible_pairs(plan)))
    verdict, relation = ("two passes", "above") if sketch else ("one pass", "within")
    inputs.note(
        f"{verdict}: one pass would shuffle {one_pass_bytes / _GIGABYTE:,.3g} GB {how}, {relation} "
        f"count.max_shuffle_bytes={settings.max_shuffle_bytes / _GIGABYTE:,.3g} GB"
        + (f"; sketch of {sketch.n_bytes / _GIGABYTE:,.3g} GB" if sketch else "")
    )
    n_buckets = _n_buckets(inputs, plan, settings, pairs)
    inputs.measure("passes", 2 if sketch else 1)
    inputs.measure("one_pass_shuffle_bytes_at_most", one_pass_bytes)
    inputs.measure("buckets", n_buckets)
    return Passes(n_buckets, sketch)


def _sampled(inputs: Inputs, plan: CountPlan, chunks: Sequence[Chunk]) -> int:
    """Distinct pairs of all chunks, from one row in `SAMPLE_STEP`."""
    n_nodes = int(plan.first_node[-1])
    rows = range(0, n_nodes, SAMPLE_STEP)
    sample = plan._replace(tasks=tuple(CountTask(chunk, rows) for chunk in chunks))
    sizes = (
        ArrowRows(inputs.numbers(len(sample.tasks)), udfs.bind_sizes(sample), udfs.SIZES)
        .in_spark()
        .agg(F.sum("pairs").alias("pairs"))
    )
    # A sample without any pair counts as one pair.
    found = max(inputs.local(sizes, 1).column("pairs")[0].as_py(), 1)
    return int(found) * SAMPLE_STEP


def _sketch_files(inputs: Inputs, plan: CountPlan, shape: SketchShape) -> tuple[str, ...]:
    """First pass: the sketch of all pairs, as Parquet files of merged blocks.

    Every task makes a sketch of its own, and the sum of sketches over-counts more than one sketch
    of everything. So there are no more tasks than cores.
    """
    tasks = inputs.numbers(len(plan.tasks)).coalesce(inputs.spark.sparkContext.defaultParallelism)
    blocks = (
        ArrowRows(tasks, udfs.bind_sketch(plan, shape), udfs.SKETCH_BLOCKS)
        .in_spark()
        .repartition("block")
        .sortWithinPartitions("block")
    )
    merge = ArrowRows(blocks, udfs.bind_merge(shape), udfs.SKETCH_BLOCKS)
    return tuple(path for path, _ in inputs.files(merge, "sketch"))


def _measure_over_count(inputs: Inputs, sketched: SketchFilter, sums: DataFrame) -> None:
    """Record the size of the sketch, its error bound, and its error on the sampled pairs."""
    shape = sketched.shape
    totals = (
        (F.max if name.startswith("max_") else F.sum)(name).alias(name)
        for name in udfs.OVER_COUNT.names
    )
    found = (
        sums.where("sampled")
        .select("a", "b", "n")
        .mapInArrow(udfs.bind_over_count(sketched), spark_schema(udfs.OVER_COUNT))
        .agg(*totals)
    )
    sketch = inputs.local(found, 1).to_pylist()[0]
    n = {name: value or 0 for name, value in sketch.items()}
    inputs.measure("sketch_bytes", shape.n_bytes)
    inputs.measure("sketch_depth", shape.depth)
    inputs.measure("sketch_width", shape.blocks * shape.width)
    inputs.measure("sketch_error_bound", n["max_error_bound"])
    inputs.measure("sketch_sampled_pairs", n["pairs"])
    inputs.measure("sketch_mean_over_count", n["over_count"] / max(n["pairs"], 1))
    inputs.measure("sketch_max_over_count", n["max_over_count"])
    inputs.measure("sketch_light_pairs_kept_share", n["light_kept"] / max(n["light_pairs"], 1))


def _possible_pairs(plan: CountPlan) -> int:
    """Pairs of nodes of different languages: no corpus has more distinct ones."""
    by_language = np.diff(plan.first_node)
    return int(by_language.sum() ** 2 - (by_language**2).sum()) // 2


def _n_buckets(inputs: Inputs, plan: CountPlan, settings: CountConfig, pairs: int) -> int:
    """Enough buckets that each is summed within `merge_bytes`."""
    distinct = min(pairs, _possible_pairs(plan))
    merge_bytes = distinct * bytes_per_distinct_pair(settings.folds)
    at_least = int(inputs.spark.conf.get("spark.sql.shuffle.partitions") or 1)
    return min(max(at_least, -(-merge_bytes // settings.merge_bytes)), MAX_BUCKETS)


def _fitting_sketch(settings: CountConfig, distinct_pairs: int) -> SketchShape:
    """A sketch of four counters a distinct pair, or of `sketch_bytes` where that is less."""
    counter_bytes = 1 if settings.min_count < 2**8 else 2 if settings.min_count < 2**16 else 4
    n_bytes = min(settings.sketch_bytes, 4 * counter_bytes * max(distinct_pairs, 1))
    return sketch_shape(n_bytes, counter_bytes=counter_bytes)
