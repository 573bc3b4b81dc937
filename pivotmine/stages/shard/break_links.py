"""The control of an arm: its documents, with translations taken apart.

Segments in the first language of a document stay. Segments of other languages are exchanged among
the documents of the arm: those of one language and of about one length (within a factor of 2) are
put in the order of a hash, and each moves to the place of the one before it. So the control has the
same segments, the same languages in every document, and as many tokens of each language as the
arm. It lacks only documents that say the same thing twice.

A segment keeps its white space, so one from the end of a text may run into the segment that follows
it in its new place.
"""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pivotmine.engine.session import spark_schema
from pivotmine.engine.stage import Inputs
from pivotmine.stages.draw import uniform
from pivotmine.udfs.shard import SEGMENTS, split_texts

_BUCKET_TOKENS = 50_000_000
"""Segments are exchanged within parts of the arm of about this many tokens."""


def broken_contents(
    inputs: Inputs, doc_ids: DataFrame, n_tokens: int, seed: int, *, as_text: bool
) -> DataFrame:
    """Rows doc_id, n_tokens and token_ids or text of the documents, with their links broken.

    Text and token ids of a document are exchanged in the same way.

    Parameters
    ----------
    doc_ids
        Column doc_id, each once.
    n_tokens
        Tokens of all of them, approximately.
    """
    segments = _segments(inputs, doc_ids, as_text=as_text)
    stays = (F.col("lang") == "und") | (F.col("lang") == F.col("home"))
    draw = uniform("broken", seed, "doc_id", "place")
    n_buckets = max(n_tokens // _BUCKET_TOKENS, 1)
    in_order_of_draws = Window.partitionBy(
        "lang", F.floor(F.log2(F.greatest("n", F.lit(1)))), F.floor(draw * n_buckets)
    ).orderBy(draw, "doc_id", "place")
    other = F.struct("n", "content")
    first = F.first(other).over(in_order_of_draws.rowsBetween(Window.unboundedPreceding, 0))
    next_one = F.coalesce(F.lead(other).over(in_order_of_draws), first)
    columns = ("doc_id", "place", "now.n", "now.content")
    kept = segments.where(stays).withColumn("now", other).select(*columns)
    moved = segments.where(~stays).withColumn("now", next_one).select(*columns)
    contents = F.array_sort(F.collect_list(F.struct("place", "content")))["content"]
    whole = (
        F.array_join(contents, "").alias("text")
        if as_text
        else F.flatten(contents).alias("token_ids")
    )
    return (
        kept.unionByName(moved)
        .groupBy("doc_id")
        .agg(F.sum("n").cast("int").alias("n_tokens"), whole)
    )


def _segments(inputs: Inputs, doc_ids: DataFrame, *, as_text: bool) -> DataFrame:
    """Segments of documents: doc_id, home (the document's first language), place, lang, n, content.

    `n` is the length in tokens; `content` is the text, or the token ids.
    """
    columns = ("doc_id", "segment_ends", "segment_langs", *(() if as_text else ("token_ids",)))
    tokens = inputs.frame("tokens", columns).join(doc_ids, "doc_id", "left_semi")
    ends = F.col("segment_ends")
    starts = F.concat(F.array(F.lit(0)), ends)
    if as_text:
        texts = inputs.frame("documents", ("doc_id", "text")).join(doc_ids, "doc_id", "left_semi")
        split = texts.select("doc_id", "text").mapInArrow(split_texts, spark_schema(SEGMENTS))
        tokens = tokens.join(split, "doc_id")
        content = F.col("segments")
    else:
        content = F.transform(
            ends, lambda end, i: F.slice("token_ids", F.get(starts, i) + 1, end - F.get(starts, i))
        )
    lengths = F.transform(ends, lambda end, i: end - F.get(starts, i))
    home = F.get(F.filter("segment_langs", lambda lang: lang != "und"), F.lit(0))
    return tokens.select(
        "doc_id",
        home.alias("home"),
        F.posexplode(
            F.arrays_zip(
                F.col("segment_langs").alias("lang"), lengths.alias("n"), content.alias("content")
            )
        ).alias("place", "segment"),
    ).select("doc_id", "home", "place", "segment.*")
