"""Count: exact cross-language co-occurrence of tokens, by context.

What is counted are nodes: a token in text of one language (`pivotmine.kernels.nodes` says why).
Tasks count chunks with a sparse kernel (`pivotmine.kernels.pair_counts`) and emit sorted runs of
pairs; Spark carries the runs to their buckets, where they are merged (`kernels.pair_runs`).
A pair's population is the mixed contexts of its two languages, so its 2x2 table compares
like with like: that French words meet French pages is no association.

Tokens that occur less than `min_count` times cannot reach it in any pair and are left out before
counting; no pair at or above `min_count` is lost by that.
"""

from __future__ import annotations

from functools import reduce
from operator import add

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pivotmine.config import Config
from pivotmine.kernels.nodes import NodeTable, node_table
from pivotmine.session import spark_schema
from pivotmine.stage import Inputs, Rows, Stage, StageOutputs, Tally
from pivotmine.stages.draw import fold
from udfs import count_pairs

MAX_VOCAB_SIZE = 4_000_000
"""More tokens than any tokenizer has; bounds what is brought to the driver."""

MAX_VOCAB_SIZE = 4_000_000
"""More tokens than any tokenizer has; bounds what is brought to the driver."""


def run(inputs: Inputs, config: Config) -> StageOutputs:
    """Count pairs of nodes, and the margins of their 2x2 tables."""
    settings = config.count
    # In alphabetical order, so that a is always of the earlier language of a pair.
    languages = sorted(config.languages)
    nodes = load_nodes(inputs, languages, settings.min_count)
    count = count_pairs.bind_count(
        languages,
        nodes,
        context_tokens(config),
        settings.min_language_share,
        settings.folds,
        settings.chunk_tokens,
        settings.buckets,
    )
    add_up = count_pairs.bind_sum(settings.folds, settings.min_count)
    folds = count_pairs.fold_columns(settings.folds)
    sums = inputs.checkpoint(
        inputs.frame("tokens")
        .withColumn("fold", fold(settings.folds, "doc_id"))
        .select("token_ids", "segment_ends", "segment_langs", "fold")
        .mapInArrow(count, spark_schema(count_pairs.RUN_SCHEMA))
        .repartition("bucket")
        .sortWithinPartitions("bucket")
        .mapInArrow(add_up, spark_schema(count_pairs.sum_schema(settings.folds))),
        "sums",
    ).withColumn("n", reduce(add, (F.col(name) for name in folds)))
    margins = _margins(sums, _node_frame(inputs, nodes, languages), languages)
    return {"margins": margins.drop("node"), "counts": _counts(sums, margins, folds)}


def context_tokens(config: Config) -> int | None:
    """Longest context in tokens; None where it is the whole document."""
    return config.count.window_tokens if config.count.context == "window" else None


def load_nodes(inputs: Inputs, languages: list[str], min_count: int) -> NodeTable:
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


def _node_frame(inputs: Inputs, nodes: NodeTable, languages: list[str]) -> DataFrame:
    """Number, token and language of every node."""
    names = np.array(languages, dtype=object)[nodes.language[:-1]]
    table = {
        "node": pa.array(np.arange(len(nodes.token), dtype=np.int32)),
        "token_id": pa.array(nodes.token),
        "lang": pa.array(names, pa.string()),
    }
    return inputs.spark.createDataFrame(pa.table(table))


def _margins(sums: DataFrame, nodes: DataFrame, languages: list[str]) -> DataFrame:
    """Table `margins`, and the node: the rows of `sums` that have a language in place of a node."""

    def language(code: str) -> Column:
        names = F.array(*(F.lit(name) for name in languages))
        return F.element_at(names, -F.col(code))

    mixed = sums.where("a < 0").select(
        language("a").alias("lang"),
        language("b").alias("other_lang"),
        F.col("n").alias("n_contexts"),
    )
    mixed = mixed.union(mixed.select("other_lang", "lang", "n_contexts"))
    held = sums.where("a >= 0 AND b < 0").select(
        F.col("a").alias("node"), language("b").alias("other_lang"), "n"
    )
    return held.join(nodes, "node").join(F.broadcast(mixed), ["lang", "other_lang"])


def _counts(sums: DataFrame, margins: DataFrame, folds: list[str]) -> DataFrame:
    """Table `counts`: pairs of nodes with the margins of both."""
    of_a = margins.select(
        F.col("node").alias("node_a"),
        F.col("token_id").alias("a"),
        F.col("lang").alias("lang_a"),
        F.col("other_lang").alias("lang_b"),
        F.col("n").alias("n_a"),
        "n_contexts",
    )
    of_b = margins.select(
        F.col("node").alias("node_b"),
        F.col("token_id").alias("b"),
        F.col("lang").alias("lang_b"),
        F.col("other_lang").alias("lang_a"),
        F.col("n").alias("n_b"),
    )
    pairs = sums.where("b >= 0").select(
        F.col("a").alias("node_a"),
        F.col("b").alias("node_b"),
        F.col("n").alias("n_ab"),
        F.array(*folds).alias("fold_counts"),
    )
    # Margins are few (nodes times languages) and pairs are many: broadcasting spares a shuffle.
    lang_of_b = F.broadcast(of_b.select("node_b", "lang_b").distinct())
    return (
        pairs.join(lang_of_b, "node_b")
        .join(F.broadcast(of_a), ["node_a", "lang_b"])
        .join(F.broadcast(of_b), ["node_b", "lang_b", "lang_a"])
        .drop("node_a", "node_b")
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
