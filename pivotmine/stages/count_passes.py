"""How a corpus is counted: in one pass or two, and into how many buckets.

One pass sends every distinct pair of every chunk to its bucket. On the web most of them meet once
or twice and are dropped there, so where that traffic would exceed `count.max_shuffle_bytes` a first
pass folds all pairs into a count-min sketch, and the second sends only pairs whose estimate reaches
`min_count`: an "iceberg query" (Fang et al., VLDB 1998). The sketch never under-counts, so both
ways give the same table; its size decides only how much is sent in vain.

The choice rests on a size that is measured, not guessed: first on what the text could hold at the
very worst, which costs nothing, and where that is too much, on a sample of the documents.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pivotmine.config import Config, CountConfig
from pivotmine.kernels.pair_runs import PACKED_BYTES_PER_PAIR
from pivotmine.kernels.pair_sums import bytes_per_distinct_pair
from pivotmine.kernels.sketch_format import SketchShape, sketch_shape
from pivotmine.session import spark_schema
from pivotmine.stage import ArrowRows, Inputs
from pivotmine.stages.draw import uniform
from udfs import measure_pairs, sketch_pairs
from udfs.count_pairs import CountPlan

SAMPLE_SHARE = 1 / 64
"""Share of documents whose pairs are counted to know the size of all."""

MAX_BUCKETS = 65_536

_GIGABYTE = 1e9


class Passes(NamedTuple):
    """How to count."""

    n_buckets: int
    sketch: SketchShape | None
    """Sketch of the first of two passes; None where one pass will do."""


def choose_passes(inputs: Inputs, config: Config, plan: CountPlan, tokens: DataFrame) -> Passes:
    """Measure, choose, and say what was chosen and why.

    Parameters
    ----------
    tokens
        Rows of table `tokens` with a column `fold`.
    """
    settings = config.count
    pairs, how = _worst_case(inputs, plan), "at the very worst"
    if pairs * PACKED_BYTES_PER_PAIR > settings.max_shuffle_bytes:
        sampled = _sampled(inputs, plan, tokens)
        # A sample without a pair comes from a corpus of few documents, and tells nothing.
        if sampled:
            pairs, how = sampled, f"by a sample of {SAMPLE_SHARE:.1%}"
    one_pass_bytes = pairs * PACKED_BYTES_PER_PAIR
    sketch = None
    if one_pass_bytes > settings.max_shuffle_bytes:
        sketch = _fitting_sketch(settings, min(pairs, _possible_pairs(plan)))
    verdict, relation = ("two passes", "above") if sketch else ("one pass", "within")
    inputs.note(
        f"{verdict}: one would shuffle {one_pass_bytes / _GIGABYTE:,.3g} GB {how}, {relation} "
        f"count.max_shuffle_bytes={settings.max_shuffle_bytes / _GIGABYTE:,.3g} GB"
        + (f"; sketch of {sketch.n_bytes / _GIGABYTE:,.3g} GB" if sketch else "")
    )
    n_buckets = _n_buckets(inputs, plan, settings, pairs)
    inputs.measure("passes", 2 if sketch else 1)
    inputs.measure("one_pass_shuffle_bytes_at_most", one_pass_bytes)
    inputs.measure("buckets", n_buckets)
    return Passes(n_buckets, sketch)


def sketch_files(
    inputs: Inputs, plan: CountPlan, tokens: DataFrame, shape: SketchShape
) -> list[str]:
    """First pass: the sketch of all pairs, as Parquet files of merged blocks.

    Every task brings a sketch of its own, and adding sketches up makes them less sharp: there are
    no more tasks than cores.
    """
    n_tasks = inputs.spark.sparkContext.defaultParallelism
    blocks = (
        tokens.coalesce(n_tasks)
        .mapInArrow(sketch_pairs.bind_sketch(plan, shape), spark_schema(sketch_pairs.BLOCK_SCHEMA))
        .repartition("block")
        .sortWithinPartitions("block")
    )
    merge = ArrowRows(blocks, sketch_pairs.bind_merge(shape), sketch_pairs.BLOCK_SCHEMA)
    return list(inputs.checkpoint(merge, "sketch").inputFiles())


def measure_over_count(
    inputs: Inputs, files: list[str], shape: SketchShape, sums: DataFrame, min_count: int
) -> None:
    """Record what the sketch cost: its bound, and its error on the sampled pairs."""
    sketch = inputs.local(
        sums.where("sampled")
        .select("a", "b", "n")
        .mapInArrow(
            sketch_pairs.bind_over_count(files, shape, min_count),
            spark_schema(sketch_pairs.OVER_COUNT_SCHEMA),
        )
        .agg(
            *(
                (F.max if name.startswith("max_") else F.sum)(name).alias(name)
                for name in sketch_pairs.OVER_COUNT_SCHEMA.names
            )
        ),
        1,
    ).to_pylist()[0]
    n = {name: value or 0 for name, value in sketch.items()}
    inputs.measure("sketch_bytes", shape.n_bytes)
    inputs.measure("sketch_depth", shape.depth)
    inputs.measure("sketch_width", shape.blocks * shape.width)
    inputs.measure("sketch_error_bound", n["max_error_bound"])
    inputs.measure("sketch_sampled_pairs", n["pairs"])
    inputs.measure("sketch_mean_over_count", n["over_count"] / max(n["pairs"], 1))
    inputs.measure("sketch_max_over_count", n["max_over_count"])
    inputs.measure("sketch_light_pairs_kept_share", n["light_kept"] / max(n["light_pairs"], 1))


def _worst_case(inputs: Inputs, plan: CountPlan) -> int:
    """Pairs if all contexts were full of different words, half of one language, half of another."""
    total = inputs.frame("vocabulary").agg(F.sum("token_count").alias("n_tokens"))
    n_tokens = int(inputs.local(total, 1).column("n_tokens")[0].as_py() or 0)
    longest = min(plan.window_tokens or n_tokens, len(plan.nodes.token))
    return n_tokens * longest // 4


def _sampled(inputs: Inputs, plan: CountPlan, tokens: DataFrame) -> int:
    """Pairs of a sample of documents, scaled up.

    That is rather too many: a chunk of the sample is no larger than one of the corpus, and the
    fewer tokens in a chunk, the more of its pairs are distinct.
    """
    sizes = (
        tokens.where(uniform("count-size", 0, "doc_id") < SAMPLE_SHARE)
        .mapInArrow(measure_pairs.bind_sizes(plan), spark_schema(measure_pairs.SIZE_SCHEMA))
        .agg(F.sum("pairs").alias("pairs"))
    )
    return round((inputs.local(sizes, 1).column("pairs")[0].as_py() or 0) / SAMPLE_SHARE)


def _possible_pairs(plan: CountPlan) -> int:
    """Pairs of nodes of different languages: no corpus has more distinct ones."""
    by_language = np.bincount(plan.nodes.language[:-1], minlength=len(plan.languages))
    return int(by_language.sum() ** 2 - (by_language**2).sum()) // 2


def _n_buckets(inputs: Inputs, plan: CountPlan, settings: CountConfig, pairs: int) -> int:
    """Buckets that are small enough to be merged within `merge_bytes`."""
    distinct = min(pairs, _possible_pairs(plan))
    merge_bytes = distinct * bytes_per_distinct_pair(settings.folds)
    at_least = int(inputs.spark.conf.get("spark.sql.shuffle.partitions") or 1)
    return min(max(at_least, -(-merge_bytes // settings.merge_bytes)), MAX_BUCKETS)


def _fitting_sketch(settings: CountConfig, distinct_pairs: int) -> SketchShape:
    """Four counters for each pair that may exist, within `sketch_bytes`."""
    counter_bytes = 1 if settings.min_count < 2**8 else 2 if settings.min_count < 2**16 else 4
    n_bytes = min(settings.sketch_bytes, 4 * counter_bytes * max(distinct_pairs, 1))
    return sketch_shape(n_bytes, counter_bytes=counter_bytes)
