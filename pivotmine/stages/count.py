"""Count: exact cross-language co-occurrence of tokens, by context.

What is counted are nodes: a token in text of one language (`pivotmine.kernels.nodes` says why).
Tasks count chunks with a sparse kernel (`pivotmine.kernels.pair_counts`) and emit packed runs of
pairs (`kernels.pair_runs`); Spark carries them to their buckets, where they are added up
(`kernels.pair_sums`). A corpus whose pairs are too many for that is counted in two passes
(`stages.count_passes`).
A pair's population is the mixed contexts of its two languages, so its 2x2 table compares
like with like: that French words meet French pages is no association.

Tokens that occur less than `min_count` times cannot reach it in any pair and are left out before
counting; no pair at or above `min_count` is lost by that.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark.sql import DataFrame, Observation
from pyspark.sql import functions as F

from pivotmine.config import Config, CountConfig
from pivotmine.kernels.arrays import row_index
from pivotmine.kernels.margins import MarginTable, margin_table
from pivotmine.kernels.nodes import NodeTable, node_table
from pivotmine.schema import COUNTS
from pivotmine.session import spark_schema
from pivotmine.stage import ArrowRows, Inputs, Rows, Stage, StageOutputs, Tally
from pivotmine.stages.count_passes import choose_passes, measure_over_count, sketch_files
from pivotmine.stages.draw import fold
from udfs import count_pairs, pair_rows, sketch_pairs, sum_pairs

MAX_VOCAB_SIZE = 4_000_000
"""More tokens than any tokenizer has; bounds what is brought to the driver."""


class Margins(NamedTuple):
    """What the 2x2 tables need beside the pairs."""

    table: MarginTable
    n_contexts: NDArray[np.int64]
    """[n_languages, n_languages] mixed contexts of two languages."""


def run(inputs: Inputs, config: Config) -> StageOutputs:
    """Count pairs of nodes, and the margins of their 2x2 tables."""
    settings = config.count
    plan = count_plan(inputs, config)
    # Documents in one language of ours are the most, and hold no pair: they need not leave the JVM.
    ours = F.array(*(F.lit(language) for language in plan.languages))
    tokens = (
        inputs.frame("tokens")
        .where(F.size(F.array_intersect("segment_langs", ours)) > 1)
        .withColumn("fold", fold(settings.folds, "doc_id"))
        .select("doc_id", "token_ids", "segment_ends", "segment_langs", "fold")
    )
    passes = choose_passes(inputs, config, plan, tokens)
    files, open_filter = [], None
    if passes.sketch:
        files = sketch_files(inputs, plan, tokens, passes.sketch)
        open_filter = sketch_pairs.bind_filter(files, passes.sketch, settings.min_count)

    sent = Observation("sent")
    runs = tokens.mapInArrow(
        count_pairs.bind_count(plan, passes.n_buckets, open_filter),
        spark_schema(count_pairs.RUN_SCHEMA),
    ).observe(
        sent,
        F.sum(F.length("pairs")).alias("shuffle_bytes"),
        F.sum("n_pairs").alias("shuffled_pairs"),
    )
    sums = _sum(inputs, runs, settings)
    if passes.sketch:
        measure_over_count(inputs, files, passes.sketch, sums, settings.min_count)
    margins = _margins(inputs, plan, sums)
    # Where nothing was sent, Spark may have left the step out, and then it observed nothing.
    if margins.n_contexts.any():
        for name, value in sent.get.items():
            inputs.measure(name, value)
    pairs = sums.where((F.col("b") >= 0) & (F.col("n") >= settings.min_count))
    return {
        "margins": inputs.spark.createDataFrame(_margin_rows(plan, margins)),
        "counts": ArrowRows(pairs, pair_rows.bind(plan, *margins), COUNTS.schema),
    }


def count_plan(inputs: Inputs, config: Config) -> count_pairs.CountPlan:
    """What tasks need to know, from the recipe and the vocabulary."""
    settings = config.count
    # In alphabetical order, so that a is always of the earlier language of a pair.
    languages = tuple(sorted(config.languages))
    return count_pairs.CountPlan(
        languages,
        load_nodes(inputs, languages, settings.min_count),
        context_tokens(config),
        settings.min_language_share,
        settings.folds,
        settings.chunk_tokens,
    )


def _sum(inputs: Inputs, runs: DataFrame, settings: CountConfig) -> DataFrame:
    """Rows of `sum_pairs.sum_schema`, and `n`, the sum over folds."""
    folds = sum_pairs.fold_columns(settings.folds)
    add_up = ArrowRows(
        runs.repartition("bucket").sortWithinPartitions("bucket"),
        sum_pairs.bind_sum(settings.folds, settings.min_count),
        sum_pairs.sum_schema(settings.folds),
    )
    n = reduce(add, (F.col(name) for name in folds))
    return inputs.checkpoint(add_up, "sums").withColumn("n", n)


def context_tokens(config: Config) -> int | None:
    """Longest context in tokens; None where it is the whole document."""
    return config.count.window_tokens if config.count.context == "window" else None


def load_nodes(inputs: Inputs, languages: Sequence[str], min_count: int) -> NodeTable:
    """The words of every language that occur at least `min_count` times, as nodes.

    A node's language is an index into `languages`.
    """
    vocabulary = inputs.local(
        inputs.frame("vocabulary").select(
            "token_id", F.when(F.col("token_count") >= min_count, F.col("langs")).alias("langs")
        ),
        MAX_VOCAB_SIZE,
    ).combine_chunks()
    words = pc.list_flatten(vocabulary["langs"])
    language = pc.index_in(words, value_set=pa.array(languages, pa.string()))
    token = vocabulary["token_id"].take(pc.list_parent_indices(vocabulary["langs"]))
    known = pc.is_valid(language)
    return node_table(
        token.filter(known).to_numpy().astype(np.int32),
        language.filter(known).to_numpy().astype(np.int8),
        vocabulary.num_rows,
        len(languages),
    )


def _margins(inputs: Inputs, plan: count_pairs.CountPlan, sums: DataFrame) -> Margins:
    """The rows of `sums` that have a language in place of a node."""
    n_nodes, n_languages = len(plan.nodes.token), len(plan.languages)
    codes = sums.where("b < 0").select("a", "b", "n")
    table = inputs.local(codes, (n_nodes + n_languages) * n_languages)
    a, b, n = (table.column(name).to_numpy() for name in ("a", "b", "n"))
    held = a >= 0
    n_contexts = np.zeros((n_languages, n_languages), np.int64)
    x, y = -1 - a[~held], -1 - b[~held]
    n_contexts[x, y] = n_contexts[y, x] = n[~held]
    other = (-1 - b[held]).astype(np.int8)
    return Margins(margin_table(a[held], other, n[held], n_nodes), n_contexts)


def _margin_rows(plan: count_pairs.CountPlan, margins: Margins) -> pa.Table:
    """Table `margins`."""
    names = pa.array(plan.languages, pa.string())
    node = row_index(margins.table.offsets)
    language, other = plan.nodes.language[node], margins.table.other_language
    return pa.table(
        {
            "token_id": pa.array(plan.nodes.token[node]),
            "lang": names.take(pa.array(language)),
            "other_lang": names.take(pa.array(other)),
            "n": pa.array(margins.table.n),
            "n_contexts": pa.array(margins.n_contexts[language, other]),
        }
    )


def tally(rows: Rows, config: Config) -> Tally:
    """Documents in, pairs out: an aggregate conserves nothing."""
    return Tally(rows.read["tokens"], rows.written["counts"], conserved=False)


STAGE = Stage(
    name="count",
    doc="exact co-occurrence of tokens across languages",
    reads=("tokens", "vocabulary"),
    writes=("margins", "counts"),
    sections=("languages", "count"),
    run=run,
    tally=tally,
)
