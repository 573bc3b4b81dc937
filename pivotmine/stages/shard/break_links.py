"""The control of an arm: its documents with translations taken apart.

The first language of a document stays. Every segment of another language makes room for one of the
same language from elsewhere in the arm, about as long (within a factor of 2): all of them are drawn
up in the order of a hash, and each gets the place of the one before. So the control holds the same
segments, the same languages in every document, and as many tokens of each language as the arm whose
documents it takes; what it lacks is that a document says the same thing twice.

A segment keeps its white space, so that where one from the end of a text comes to stand inside of
another, nothing may part it from the next.
"""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pivotmine.engine.session import spark_schema
from pivotmine.engine.stage import Inputs
from pivotmine.stages.draw import uniform
from pivotmine.udfs.split_texts import SCHEMA, split_texts

_BUCKET_TOKENS = 50_000_000
"""Segments change places among those of about so many tokens of the arm."""


def broken_contents(
    inputs: Inputs, doc_ids: DataFrame, n_tokens: int, seed: int, *, as_text: bool
) -> DataFrame:
    """Rows doc_id, n_tokens and token_ids or text of the documents with their links broken.

    Both kinds of content are dealt alike.

    Parameters
    ----------
    doc_ids
        Column doc_id, each once.
    n_tokens
        Tokens of all of them, about.
    """
    tokens = inputs.frame("tokens").join(doc_ids, "doc_id", "left_semi")
    ends = F.col("segment_ends")
    starts = F.concat(F.array(F.lit(0)), ends)
    if as_text:
        texts = inputs.frame("documents").join(doc_ids, "doc_id", "left_semi")
        split = texts.select("doc_id", "text").mapInArrow(split_texts, spark_schema(SCHEMA))
        tokens = tokens.join(split, "doc_id")
        content = F.col("segments")
    else:
        content = F.transform(
            ends, lambda end, i: F.slice("token_ids", F.get(starts, i) + 1, end - F.get(starts, i))
        )
    lengths = F.transform(ends, lambda end, i: end - F.get(starts, i))
    home = F.get(F.filter("segment_langs", lambda lang: lang != "und"), F.lit(0))
    segments = tokens.select(
        "doc_id",
        home.alias("home"),
        F.posexplode(
            F.arrays_zip(
                F.col("segment_langs").alias("lang"), lengths.alias("n"), content.alias("content")
            )
        ).alias("place", "segment"),
    ).select("doc_id", "home", "place", "segment.*")
    stays = (F.col("lang") == "und") | (F.col("lang") == F.col("home"))
    draw = uniform("broken", seed, "doc_id", "place")
    n_buckets = max(n_tokens // _BUCKET_TOKENS, 1)
    drawn_up = Window.partitionBy(
        "lang", F.floor(F.log2(F.greatest("n", F.lit(1)))), F.floor(draw * n_buckets)
    ).orderBy(draw, "doc_id", "place")
    other = F.struct("n", "content")
    first = F.first(other).over(drawn_up.rowsBetween(Window.unboundedPreceding, 0))
    dealt = F.coalesce(F.lead(other).over(drawn_up), first)
    columns = ("doc_id", "place", "now.n", "now.content")
    kept = segments.where(stays).withColumn("now", other).select(*columns)
    moved = segments.where(~stays).withColumn("now", dealt).select(*columns)
    in_order = F.array_sort(F.collect_list(F.struct("place", "content")))["content"]
    whole = F.array_join(in_order, "").alias("text")
    if not as_text:
        whole = F.flatten(in_order).alias("token_ids")
    return (
        kept.unionByName(moved)
        .groupBy("doc_id")
        .agg(F.sum("n").cast("int").alias("n_tokens"), whole)
    )
