"""Counts of several chunks, summed: in one pass or in two.

One pass sends every distinct pair of every chunk to its bucket, where it is added up, and dropped
if it stays below `min_count`. On the web most do. If that traffic would exceed
`count.max_shuffle_bytes`, a first pass folds all pairs into a count-min sketch, and the second
sends only pairs whose estimate reaches `min_count`: an "iceberg query" (Fang et al., VLDB 1998).
The sketch never under-counts, so both ways give the same table. Its size only decides how many
pairs are sent in vain.

The choice rests on measured sizes. The pair events are known. If they do not decide it, one row in
64 of every chunk is counted. That gives the pairs that one pass would send, the number of distinct
pairs, and a sample of them on which the size of the sketch is tried out (`sketch_size.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import NamedTuple

import numpy as np
import pyarrow.compute as pc
from pyspark.sql import DataFrame, Observation
from pyspark.sql import functions as F

from pivotmine.engine.session import spark_schema
from pivotmine.engine.stage import ArrowRows, Inputs
from pivotmine.recipe import CountConfig
from pivotmine.stages.count.distinct_pairs import distinct_pairs, empty_registers
from pivotmine.stages.count.pair_runs import PACKED_BYTES_PER_PAIR, RUNS
from pivotmine.stages.count.pair_sums import bytes_per_distinct_pair
from pivotmine.stages.count.sketch_filter import OverCount, SketchFilter
from pivotmine.stages.count.sketch_shape import SketchShape
from pivotmine.stages.count.sketch_size import SampledPairs, sample_bits, size_sketch
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


class Sizes(NamedTuple):
    """What counting every row of all chunks would give, from one row in `SAMPLE_STEP`."""

    pairs: int
    """Pairs, those of each chunk apart."""

    distinct: int
    """Distinct pairs."""

    sample: SampledPairs


def summed_pairs(
    inputs: Inputs,
    settings: CountConfig,
    plan: CountPlan,
    chunks: Sequence[Chunk],
    pair_events: int,
) -> DataFrame:
    """Pairs of nodes at or above `min_count`: rows of `udfs.sum_schema`, and their sum `n`.

    Where `min_count` is 1 there is nothing to filter, and one pass is made.
    """
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
    sketch = None
    if settings.min_count > 1 and pairs * PACKED_BYTES_PER_PAIR > settings.max_shuffle_bytes:
        sizes = _sampled(inputs, plan, chunks, pair_events)
        pairs, how = sizes.pairs, f"(estimated from 1/{SAMPLE_STEP} of the rows)"
        if pairs * PACKED_BYTES_PER_PAIR > settings.max_shuffle_bytes:
            sketch = _sized_sketch(inputs, plan, chunks, settings, sizes)
    one_pass_bytes = pairs * PACKED_BYTES_PER_PAIR
    verdict = "two passes" if sketch else "one pass"
    relation = "above" if one_pass_bytes > settings.max_shuffle_bytes else "within"
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


def _sampled(inputs: Inputs, plan: CountPlan, chunks: Sequence[Chunk], pair_events: int) -> Sizes:
    n_nodes = int(plan.first_node[-1])
    rows = range(0, n_nodes, SAMPLE_STEP)
    sample = plan._replace(tasks=tuple(CountTask(chunk, rows) for chunk in chunks))
    parallelism = inputs.spark.sparkContext.defaultParallelism
    measure = udfs.bind_sizes(sample, sample_bits(pair_events // SAMPLE_STEP))
    tasks = inputs.numbers(len(sample.tasks)).coalesce(parallelism)
    found = inputs.local(ArrowRows(tasks, measure, udfs.SIZES).in_spark(), parallelism)
    registers = empty_registers()
    for of_task in found["registers"].to_pylist():
        np.maximum(registers, np.frombuffer(of_task, np.int8), out=registers)
    # A sample without any pair counts as one pair.
    pairs = max(pc.sum(found["pairs"]).as_py(), 1) * SAMPLE_STEP
    distinct = max(round(distinct_pairs(registers)), 1) * SAMPLE_STEP
    columns = [pc.list_flatten(found[name]).to_numpy() for name in SampledPairs._fields]
    order = np.lexsort(columns[2::-1])  # by chunk, a and b
    chunk, a, b, n = (column[order] for column in columns)
    return Sizes(
        pairs,
        min(distinct, pairs, max(_possible_pairs(plan), 1)),
        SampledPairs(chunk, a.astype(np.int32), b.astype(np.int32), n),
    )


def _sized_sketch(
    inputs: Inputs,
    plan: CountPlan,
    chunks: Sequence[Chunk],
    settings: CountConfig,
    sizes: Sizes,
) -> SketchShape:
    """The sketch of the first pass; records what is expected of it."""
    n_tasks, n_ranges = len(plan.tasks), len(plan.tasks) // len(chunks)
    starts = [task.rows.start for task in plan.tasks[:n_ranges]]
    task = sizes.sample.chunk * n_ranges + np.searchsorted(starts, sizes.sample.a, "right") - 1
    # As Spark's `coalesce` groups tasks.
    n_sketches = min(inputs.spark.sparkContext.defaultParallelism, n_tasks)
    ends = np.arange(1, n_sketches + 1) * n_tasks // n_sketches
    size = size_sketch(
        sizes.sample,
        np.searchsorted(ends, task, "right"),
        sizes.distinct,
        settings.min_count,
        settings.sketch_bytes,
    )
    inputs.measure("sketch_distinct_pairs", sizes.distinct)
    inputs.measure("sketch_load", size.load)
    _measure(inputs, "sketch_expected", size.expected)
    return size.shape


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
    measured = {k: v or 0 for k, v in inputs.local(found, 1).to_pylist()[0].items()}
    inputs.measure("sketch_bytes", shape.n_bytes)
    inputs.measure("sketch_depth", shape.depth)
    inputs.measure("sketch_width", shape.blocks * shape.width)
    inputs.measure("sketch_error_bound", measured.pop("max_error_bound"))
    _measure(inputs, "sketch", OverCount(**measured, error_bound=0.0))


def _measure(inputs: Inputs, prefix: str, found: OverCount) -> None:
    """Record the over-count of sampled pairs."""
    inputs.measure(f"{prefix}_sampled_pairs", found.pairs)
    inputs.measure(f"{prefix}_mean_over_count", found.over_count / max(found.pairs, 1))
    inputs.measure(f"{prefix}_max_over_count", found.max_over_count)
    inputs.measure(f"{prefix}_light_pairs_kept_share", found.light_kept / max(found.light_pairs, 1))


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
