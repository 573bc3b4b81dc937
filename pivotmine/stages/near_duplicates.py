"""Near-duplicates of documents: MinHash signatures, bands, comparison, connected components.

Part of ingest rather than a stage of its own, because `documents` is what all later stages read: a
stage behind it would have to write every text a second time, into a table that differs from
`documents` by a few rows.

Candidates are documents of one language that agree in a band of their signatures. Of a bucket each
is compared with the smallest and with its neighbour, never all with all; whole signatures decide.
So buckets of any size cost what they hold, and a pair that two buckets pass over has nineteen more.
Only ids, keys and signatures are shuffled, no text.

Of a component the document stays that was delivered first and has the smallest id, so a later
delivery never displaces what is there.
"""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pivotmine.config import DedupConfig
from pivotmine.session import spark_schema
from pivotmine.stage import Inputs
from pivotmine.stages.components import connected_components
from udfs import near_duplicates as tasks

MAX_COMMON_LINES = 4_000_000
"""Lines left out at most, the most common of them; 8 bytes each in every worker."""

_RANK_CHARS = 5


def find_near_duplicates(inputs: Inputs, documents: DataFrame, settings: DedupConfig) -> DataFrame:
    """Columns `doc_id`, `kept_doc_id`, `similarity`: every document that another one stands for.

    Parameters
    ----------
    documents
        Columns `doc_id` (unique), `delivery` (int, earlier ones are kept), `lang`, `text`.
    """
    rank = F.lpad(F.col("delivery").cast("string"), _RANK_CHARS, "0")
    nodes = documents.select(F.concat(rank, "doc_id").alias("node"), "lang", "text")
    sign = tasks.bind_sign(
        _common_lines(inputs, documents, settings.max_line_docs),
        settings.similarity,
        settings.permutations,
        settings.shingle_words,
        settings.min_shingles,
    )
    signed = inputs.checkpoint(nodes.mapInArrow(sign, spark_schema(tasks.SIGNED)), "signatures")
    bucket = Window.partitionBy("key")
    keyed = signed.select("node", F.explode("keys").alias("key"))
    pairs = keyed.select(
        "node",
        F.array(F.min("node").over(bucket), F.lag("node").over(bucket.orderBy("node"))).alias("to"),
    ).select(F.col("node").alias("u"), F.explode("to").alias("v"))
    candidates = pairs.where("u > v").distinct()
    edges = inputs.checkpoint(_compare(candidates, signed, settings.similarity), "near-pairs")
    roots = connected_components(inputs, edges).select(
        F.col("node").alias("u"), F.col("root").alias("v")
    )
    return inputs.checkpoint(
        _compare(roots, signed, 0.0).select(
            F.substring("u", _RANK_CHARS + 1, 64).alias("doc_id"),
            F.substring("v", _RANK_CHARS + 1, 64).alias("kept_doc_id"),
            "similarity",
        ),
        "near-duplicates",
    )


def _compare(pairs: DataFrame, signed: DataFrame, at_least: float) -> DataFrame:
    left = signed.select(F.col("node").alias("u"), F.col("signature").alias("left"))
    right = signed.select(F.col("node").alias("v"), F.col("signature").alias("right"))
    both = pairs.join(left, "u").join(right, "v").select("u", "v", "left", "right")
    return both.mapInArrow(tasks.bind_compare(at_least), spark_schema(tasks.COMPARED))


def _common_lines(inputs: Inputs, documents: DataFrame, max_docs: int) -> np.ndarray:
    """uint64, sorted: hashes of the lines of more than `max_docs` documents."""
    lines = documents.select("text").mapInArrow(tasks.lines, spark_schema(tasks.LINES))
    counted = lines.groupBy("line").count().where(F.col("count") > max_docs)
    common = inputs.local(
        counted.orderBy(F.desc("count"), "line").limit(MAX_COMMON_LINES).select("line"),
        MAX_COMMON_LINES,
    )
    hashes = pc.fill_null(common["line"].combine_chunks(), 0).to_numpy(zero_copy_only=False)
    inputs.measure("common_lines", len(hashes))
    return np.sort(hashes.view(np.uint64))
