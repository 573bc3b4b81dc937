"""Count: exact cross-language co-occurrence of tokens, by context.

Tasks count chunks with a sparse kernel (`pivotmine.kernels.pair_counts`), Spark sums the chunks.
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
from numpy.typing import NDArray
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pivotmine.config import Config
from pivotmine.session import spark_schema
from pivotmine.stage import Inputs, Rows, Stage, StageOutputs, Tally
from pivotmine.stages.draw import fold
from udfs import count_pairs

MAX_VOCAB_SIZE = 4_000_000
"""More tokens than any tokenizer has; bounds what is brought to the driver."""

MAX_VOCAB_SIZE = 4_000_000
"""More tokens than any tokenizer has; bounds what is brought to the driver."""


def run(inputs: Inputs, config: Config) -> StageOutputs:
    """Count pairs, and the margins of their 2x2 tables."""
    settings = config.count
    # In alphabetical order, so that a is always of the earlier language of a pair.
    languages = sorted(config.languages)
    vocabulary = inputs.frame("vocabulary")
    countable = F.when(F.col("token_count") >= settings.min_count, F.col("lang"))
    codes = inputs.local(
        vocabulary.select("token_id", countable.alias("lang")), MAX_VOCAB_SIZE
    )
    count = count_pairs.bind(
        language_codes(codes, languages),
        languages,
        settings.window_tokens if settings.context == "window" else None,
        settings.folds,
        settings.chunk_tokens,
    )
    folds = count_pairs.fold_columns(settings.folds)
    total = reduce(add, (F.col(name) for name in folds))
    sums = inputs.checkpoint(
        inputs.frame("tokens")
        .withColumn("fold", fold(settings.folds, "doc_id"))
        .select("token_ids", "segment_ends", "segment_langs", "fold")
        .mapInArrow(count, spark_schema(count_pairs.schema(settings.folds)))
        .groupBy("a", "b")
        .agg(*(F.sum(name).alias(name) for name in folds))
        .where((F.col("b") < 0) | (total >= settings.min_count)),
        "sums",
    ).withColumn("n", total)
    margins = _margins(sums, vocabulary.select("token_id", "lang"), languages)
    return {"margins": margins, "counts": _counts(sums, margins, folds)}


def language_codes(vocabulary: pa.Table, languages: list[str]) -> NDArray[np.int8]:
    """[vocab_size] index of each token's language in `languages`, -1 for tokens without."""
    codes = np.full(vocabulary.num_rows, -1, np.int8)
    found = pc.index_in(vocabulary["lang"], value_set=pa.array(languages, pa.string()))
    codes[vocabulary["token_id"].to_numpy()] = found.fill_null(-1).to_numpy()
    return codes


def _margins(sums: DataFrame, token_lang: DataFrame, languages: list[str]) -> DataFrame:
    """Table `margins`: the rows of `sums` that have a language in place of a token."""

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
        F.col("a").alias("token_id"), language("b").alias("other_lang"), "n"
    )
    return held.join(token_lang, "token_id").join(F.broadcast(mixed), ["lang", "other_lang"])


def _counts(sums: DataFrame, margins: DataFrame, folds: list[str]) -> DataFrame:
    """Table `counts`: pairs with the margins of both sides."""
    of_a = margins.select(
        F.col("token_id").alias("a"),
        F.col("lang").alias("lang_a"),
        F.col("other_lang").alias("lang_b"),
        F.col("n").alias("n_a"),
        "n_contexts",
    )
    of_b = margins.select(
        F.col("token_id").alias("b"),
        F.col("lang").alias("lang_b"),
        F.col("other_lang").alias("lang_a"),
        F.col("n").alias("n_b"),
    )
    pairs = sums.where("b >= 0").select(
        "a", "b", F.col("n").alias("n_ab"), F.array(*folds).alias("fold_counts")
    )
    # Margins are few (tokens times languages) and pairs are many: broadcasting spares a shuffle.
    lang_of_b = F.broadcast(of_b.select("b", "lang_b").distinct())
    return (
        pairs.join(lang_of_b, "b")
        .join(F.broadcast(of_a), ["a", "lang_b"])
        .join(F.broadcast(of_b), ["b", "lang_b", "lang_a"])
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
