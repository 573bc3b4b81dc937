"""Vocabulary: every token id, its frequencies, and the languages in which it is a word.

`langs` lists the languages in which a token is a word; it is counted in their text. `lang` is the
language that holds nearly all of it, or `shared`.

A token's share of a language is computed from rates: its document frequency over the number of
documents with text of that language. So a language with ten times the documents does not claim the
words of the others. Documents are counted by segments: each half of a bilingual page counts for its
own language. A token can only be a word of languages that are written in its script. Tokens without
a letter, and byte pieces, are `shared`, and their `langs` is empty.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pivotmine.engine.stage import Inputs, Rows, Stage, StageOutputs, Tally
from pivotmine.recipe import Recipe
from pivotmine.stages.vocabulary.frequencies import ALL_TOKENS
from pivotmine.text.token_notation import languages_written, letter_edges
from pivotmine.text.tokenizer import Tokenizer
from pivotmine.udfs import vocabulary

SHARED = "shared"


def run(inputs: Inputs, recipe: Recipe) -> StageOutputs:
    """Sum frequencies over documents and decide each token's languages."""
    languages = recipe.languages
    (row,) = inputs.table("tokenizer", ("kind", "model"), 1).to_pylist()
    pieces = Tokenizer(row["kind"], row["model"]).load().pieces()
    sums = _frequencies(inputs, letter_edges(pieces), languages)
    of_token = F.col("token_id") != ALL_TOKENS
    of_any_language = F.col("language") == len(languages)
    totals = sums.where(of_token & of_any_language).drop("language")
    return {
        "vocabulary": _pieces(inputs, pieces, languages)
        .join(totals, "token_id", "left")
        .join(_rates(sums, languages), "token_id", "left")
        .select("*", *_languages(recipe))
        .select(
            "token_id",
            "token",
            "lang",
            "lang_share",
            "langs",
            F.coalesce("document_frequency", F.lit(0)).alias("document_frequency"),
            F.coalesce("token_count", F.lit(0)).alias("token_count"),
            (F.col("whole_count") / F.col("token_count")).alias("whole_share"),
        )
        .orderBy("token_id")
    }


def _pieces(inputs: Inputs, pieces: Sequence[str], languages: Sequence[str]) -> DataFrame:
    """Columns `token_id`, `token` and `written`, the languages written in the token's script."""
    return inputs.spark.createDataFrame(
        pa.table(
            {
                "token_id": pa.array(range(len(pieces)), pa.int32()),
                "token": pa.array(pieces, pa.string()),
                "written": pa.array(languages_written(pieces, languages), pa.list_(pa.string())),
            }
        )
    )


def _frequencies(inputs: Inputs, edges: NDArray[np.uint8], languages: Sequence[str]) -> DataFrame:
    """Rows of `vocabulary.SCHEMA` for the whole corpus."""
    count = vocabulary.bind(edges, languages)
    parts = inputs.arrow_rows("tokens", vocabulary.COLUMNS, count, vocabulary.SCHEMA).in_spark()
    sums = parts.groupBy("token_id", "language").agg(
        F.sum("document_frequency").alias("document_frequency"),
        F.sum("token_count").alias("token_count"),
        F.sum("whole_count").alias("whole_count"),
    )
    return inputs.checkpoint(sums, "frequencies")


def _rates(sums: DataFrame, languages: Sequence[str]) -> DataFrame:
    """Columns `token_id` and `rates`: for each language, the share of its documents."""
    is_token = F.col("token_id") != ALL_TOKENS
    n_docs = sums.where(~is_token).select("language", F.col("document_frequency").alias("n_docs"))
    rate = F.col("document_frequency") / F.col("n_docs")
    # One column a language: a sum over rows would depend on their order in the last bit.
    of_language = (
        F.coalesce(F.max(F.when(F.col("language") == i, rate)), F.lit(0.0))
        for i in range(len(languages))
    )
    return (
        sums.where(is_token & (F.col("language") != len(languages)))
        .join(F.broadcast(n_docs), "language")
        .groupBy("token_id")
        .agg(F.array(*of_language).alias("rates"))
    )


def _languages(recipe: Recipe) -> tuple[Column, Column, Column]:
    """Columns `lang`, `lang_share` and `langs`, from `rates` and `written`."""
    languages, settings = recipe.languages, recipe.tokenize
    strongest = F.array_max("rates")
    total = F.aggregate("rates", F.lit(0.0), lambda sum_, rate: sum_ + rate)
    share = strongest / total
    names = F.array(*(F.lit(name) for name in languages))
    language = F.element_at(names, F.array_position("rates", strongest).cast("int"))
    writable = F.array_contains("written", language)
    belongs = writable & (share >= settings.min_language_share)
    words = F.array(
        *(
            F.when(F.get("rates", F.lit(i)) / total >= settings.min_word_share, F.lit(name))
            for i, name in enumerate(languages)
        )
    )
    langs = F.sort_array(F.array_intersect(F.array_compact(words), "written"))
    return (
        F.when(belongs, language).otherwise(SHARED).alias("lang"),
        F.coalesce(share, F.lit(0.0)).alias("lang_share"),
        F.coalesce(langs, F.array().cast("array<string>")).alias("langs"),
    )


def tally(rows: Rows, recipe: Recipe) -> Tally:
    """Documents in, one row for each token id out."""
    return Tally(rows.read["tokens"], rows.written["vocabulary"], conserved=False)


STAGE = Stage(
    name="vocabulary",
    doc="frequencies of every token, and its language",
    reads=("tokens", "tokenizer"),
    writes=("vocabulary",),
    sections=("languages", "tokenize"),
    run=run,
    tally=tally,
)
