"""Vocabulary: every token id with the language in whose text it lives.

`lang` is the language to which a token as good as belongs; `langs` are those of which it is a word
at all, and in whose text it is counted.

A token's share of a language is taken over rates (document frequency over the number of documents
with text of that language), by segments rather than by documents: in a bilingual page each half
speaks for its own language, and a language with ten times the documents does not claim the words of
the others. A token is a word only of languages that are written in its script; tokens without a
letter, and byte pieces, are `shared` and words of none.
"""

from __future__ import annotations

import pyarrow as pa
from pyspark.sql import functions as F

from pivotmine.engine.stage import Inputs, Rows, Stage, StageOutputs, Tally
from pivotmine.recipe import Recipe
from pivotmine.text.token_notation import languages_written
from pivotmine.text.tokenizer import Tokenizer
from pivotmine.udfs import token_frequencies

SHARED = "shared"


def run(inputs: Inputs, recipe: Recipe) -> StageOutputs:
    """Sum frequencies over documents and decide each token's language."""
    languages = recipe.languages
    (row,) = inputs.table("tokenizer", ("kind", "model"), 1).to_pylist()
    pieces = Tokenizer(row["kind"], row["model"]).load().pieces()
    names = inputs.spark.createDataFrame(
        pa.table(
            {
                "token_id": pa.array(range(len(pieces)), pa.int32()),
                "token": pa.array(pieces, pa.string()),
                "written": pa.array(languages_written(pieces, languages), pa.list_(pa.string())),
            }
        )
    )
    count = token_frequencies.bind(len(pieces), languages)
    sums = inputs.checkpoint(
        inputs.arrow_rows("tokens", token_frequencies.COLUMNS, count, token_frequencies.SCHEMA)
        .in_spark()
        .groupBy("token_id", "language")
        .agg(
            F.sum("document_frequency").alias("document_frequency"),
            F.sum("token_count").alias("token_count"),
        ),
        "frequencies",
    )
    of_token = F.col("token_id") != token_frequencies.ALL_TOKENS
    of_any_language = F.col("language") == len(languages)
    n_docs = sums.where(~of_token).select("language", F.col("document_frequency").alias("n_docs"))
    # One column a language: a sum over rows would depend on their order in the last bit.
    rate = F.col("document_frequency") / F.col("n_docs")
    rates = (
        sums.where(of_token & ~of_any_language)
        .join(F.broadcast(n_docs), "language")
        .groupBy("token_id")
        .agg(
            F.array(
                *(
                    F.coalesce(F.max(F.when(F.col("language") == i, rate)), F.lit(0.0))
                    for i in range(len(languages))
                )
            ).alias("rates")
        )
    )
    language_names = F.array(*(F.lit(name) for name in languages))
    totals = sums.where(of_token & of_any_language).drop("language")
    strongest = F.array_max("rates")
    total = F.aggregate("rates", F.lit(0.0), lambda sum_, rate: sum_ + rate)
    share = strongest / total
    language = F.element_at(language_names, F.array_position("rates", strongest).cast("int"))
    writable = F.array_contains("written", language)
    belongs = writable & (share >= recipe.tokenize.min_language_share)
    words = [
        F.when(F.get("rates", F.lit(i)) / total >= recipe.tokenize.min_word_share, F.lit(name))
        for i, name in enumerate(languages)
    ]
    no_language = F.array().cast("array<string>")
    return {
        "vocabulary": names.join(totals, "token_id", "left")
        .join(rates, "token_id", "left")
        .select(
            "token_id",
            "token",
            F.when(belongs, language).otherwise(SHARED).alias("lang"),
            F.coalesce(share, F.lit(0.0)).alias("lang_share"),
            F.coalesce(
                F.sort_array(F.array_intersect(F.array_compact(F.array(*words)), "written")),
                no_language,
            ).alias("langs"),
            F.coalesce("document_frequency", F.lit(0)).alias("document_frequency"),
            F.coalesce("token_count", F.lit(0)).alias("token_count"),
        )
        .orderBy("token_id")
    }


def tally(rows: Rows, recipe: Recipe) -> Tally:
    """Documents in, one row an id out."""
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
