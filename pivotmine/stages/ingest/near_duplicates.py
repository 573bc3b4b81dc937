"""Near-duplicates of documents: MinHash signatures, bands, comparison, connected components.

This is part of ingest because all later stages read `documents`. A stage of its own would write
every text a second time, into a table that differs from `documents` by a few rows.

Signatures are made once and kept (`signatures.py`). Candidates are documents of one language whose
signatures agree in a band. In a bucket each document is compared with the smallest and with its
neighbour, so the cost is linear in the bucket; a pair that one bucket misses can meet in another
band. Whole signatures decide. Ids, keys and signatures are shuffled, no text.

A component keeps the document of the first delivery with the smallest id, so a later delivery never
displaces a document.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pivotmine.engine.session import spark_schema
from pivotmine.engine.stage import Inputs
from pivotmine.stages.ingest.components import connected_components
from pivotmine.udfs import ingest as udfs

_RANK_CHARS = 5


def find_near_duplicates(
    inputs: Inputs, documents: DataFrame, signed: DataFrame, similarity: float
) -> DataFrame:
    """Columns `doc_id`, `kept_doc_id`, `similarity`: near-duplicates, and the documents kept.

    Parameters
    ----------
    documents
        Columns `doc_id` (unique), `delivery` (int, earlier ones are kept), `lang`.
    signed
        Columns `doc_id` (unique), `signature`, `keys`; of all documents, and possibly of others.
    similarity
        Estimated similarity from which two documents are near-duplicates.
    """
    rank = F.lpad(F.col("delivery").cast("string"), _RANK_CHARS, "0")
    nodes = documents.select("doc_id", F.concat(rank, "doc_id").alias("node"), "lang")
    keys = signed.select("doc_id", F.explode("keys").alias("key")).join(nodes, "doc_id")
    # With the language in the key, no bucket holds two languages.
    keyed = keys.select("node", F.col("key").bitwiseXOR(F.xxhash64("lang")).alias("key"))
    bucket = Window.partitionBy("key")
    pairs = keyed.select(
        "node",
        F.array(F.min("node").over(bucket), F.lag("node").over(bucket.orderBy("node"))).alias("to"),
    ).select(F.col("node").alias("u"), F.explode("to").alias("v"))
    candidates = pairs.where("u > v").distinct()
    edges = inputs.checkpoint(_compare(candidates, signed, similarity), "near-pairs")
    roots = connected_components(inputs, edges).select(
        F.col("node").alias("u"), F.col("root").alias("v")
    )
    return inputs.checkpoint(
        _compare(roots, signed, 0.0).select(
            _doc_id("u").alias("doc_id"), _doc_id("v").alias("kept_doc_id"), "similarity"
        ),
        "near-duplicates",
    )


def _compare(pairs: DataFrame, signed: DataFrame, at_least: float) -> DataFrame:
    left = signed.select(F.col("doc_id").alias("u_id"), F.col("signature").alias("left"))
    right = signed.select(F.col("doc_id").alias("v_id"), F.col("signature").alias("right"))
    named = pairs.select("u", "v", _doc_id("u").alias("u_id"), _doc_id("v").alias("v_id"))
    both = named.join(left, "u_id").join(right, "v_id").select("u", "v", "left", "right")
    return both.mapInArrow(udfs.bind_compare(at_least), spark_schema(udfs.COMPARED))


def _doc_id(node: str) -> Column:
    return F.substring(node, _RANK_CHARS + 1, 64)
