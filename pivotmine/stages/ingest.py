"""Ingest: source files to documents, rejects and duplicates.

A task reads a piece of a source file or a pack of small ones: it frames records, refuses what it
must with a reason, and identifies languages. The framing layer keeps its own tally of records
(`inputs`), so that conservation is a check and no tautology: records read = documents + rejects +
duplicates.

Exact copies share their document id, which is a hash of the text. Of several copies the one of the
first delivery with the smallest (source, uri, position) is kept, whatever the order of reading.
Only the ids of copies are shuffled, not the texts. Near-duplicates: `near_duplicates.py`.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pivotmine.config import Config, InputConfig
from pivotmine.errors import ConfigError
from pivotmine.schema import DUPLICATES
from pivotmine.session import spark_schema
from pivotmine.sources.listing import detect, list_files, pack_splits, plan_splits
from pivotmine.sources.records import ColumnMap, ReadLimits, Split
from pivotmine.stage import Inputs, Rows, Stage, StageOutputs, Tally
from pivotmine.stages.near_duplicates import find_near_duplicates
from udfs import read_records


def run(inputs: Inputs, config: Config) -> StageOutputs:
    """Read all inputs of the recipe."""
    settings = config.ingest
    packs, stamps = _plan(config)
    columns = [
        ColumnMap(item.text_column, item.source_column, item.source_label, item.whole_pages)
        for item in settings.inputs
    ]
    read = read_records.bind(
        packs, columns, _limits(config), settings.language_model, settings.filters.bounds_of
    )
    tasks = inputs.numbers(len(packs))
    read_rows = inputs.checkpoint(
        tasks.mapInArrow(read, spark_schema(read_records.SCHEMA)), "records"
    )
    deliveries = list(dict.fromkeys(ingest_ids(config)))
    number = F.array(*(F.lit(deliveries.index(name)) for name in ingest_ids(config)))
    records = read_rows.withColumn("delivery", F.get(number, "input_index")).withColumn(
        "ingest_id", F.get(F.array(*map(F.lit, deliveries)), "delivery")
    )

    documents = records.where("kind = 'document'")
    where = F.struct("delivery", "source", "uri", "position")
    copied = (
        documents.groupBy("doc_id")
        .agg(F.min(where).alias("kept"), F.count("*").alias("copies"))
        .where("copies > 1")
        .select("doc_id", "kept")
    )
    copies = (
        documents.select("doc_id", "delivery", "source", "uri", "position", "ingest_id")
        .join(copied, "doc_id")
        .where(where != F.col("kept"))
    )
    distinct = documents.join(copies.select("uri", "position"), ["uri", "position"], "left_anti")
    duplicates = copies.withColumns(
        {"kept_doc_id": F.col("doc_id"), "kind": F.lit("exact"), "similarity": F.lit(1.0)}
    ).select(*DUPLICATES.schema.names)
    if config.dedup.near:
        near = find_near_duplicates(inputs, distinct, config.dedup)
        duplicates = _with_near(distinct, copies, near)
        distinct = distinct.join(near.select("doc_id"), "doc_id", "left_anti")
    return {
        "inputs": records.where("kind = 'split'")
        .join(F.broadcast(inputs.spark.createDataFrame(stamps)), "uri")
        .select(
            "uri", F.col("position").alias("start"), "n_records", "n_bytes", "stamp", "ingest_id"
        ),
        "documents": distinct.select(
            "doc_id",
            "source",
            "uri",
            "position",
            "lang",
            "lang_prob",
            "text",
            F.octet_length("text").alias("n_bytes"),
            "ingest_id",
        ),
        "rejects": records.where("kind = 'reject'").select(
            "uri", "position", "reason", "detail", "raw", "ingest_id"
        ),
        "duplicates": duplicates,
    }


def _with_near(distinct: DataFrame, copies: DataFrame, near: DataFrame) -> DataFrame:
    """Rows of `duplicates`: near ones, exact ones, and exact ones of near ones, which are near."""
    dropped = distinct.select(*(name for name in copies.columns if name != "kept"))
    of_kept = F.col("kept_doc_id").isNull()
    return (
        copies.drop("kept")
        .join(near, "doc_id", "left")
        .union(dropped.join(near, "doc_id"))
        .withColumns(
            {
                "kind": F.when(of_kept, "exact").otherwise("near"),
                "similarity": F.coalesce("similarity", F.lit(1.0)),
                "kept_doc_id": F.coalesce("kept_doc_id", "doc_id"),
            }
        )
        .select(*DUPLICATES.schema.names)
    )


def ingest_ids(config: Config) -> list[str]:
    """The delivery that each input belongs to."""
    return [item.ingest_id or config.ingest.ingest_id for item in config.ingest.inputs]


def tally(rows: Rows, config: Config) -> Tally:
    """Records that the framing layer saw, against what became of them."""
    written = rows.written
    return Tally(
        rows_in=rows.total("inputs", "n_records"),
        rows_out=written["documents"],
        rejected=written["rejects"],
        duplicate=written["duplicates"],
    )


def external(config: Config) -> Any:
    """The source files with size and time stamp: a changed file makes a new fingerprint.

    Refuses here, before anything is started, what cannot be read as the recipe says.
    """
    _limits(config)
    listed = [list_files(item.uris) for item in _inputs(config)]
    seen: set[str] = set()
    for item, files in zip(_inputs(config), listed, strict=True):
        for file in files:
            detect(file.uri, item.format)
            if file.uri in seen:
                raise ConfigError(
                    f"{file.uri} belongs to two of ingest.inputs. A record is known by its file "
                    "and its place there, so every file may be read once: narrow the patterns."
                )
            seen.add(file.uri)
    return listed


def _limits(config: Config) -> ReadLimits:
    return ReadLimits(
        max_document_bytes=config.ingest.max_document_bytes,
        max_record_bytes=config.ingest.max_record_bytes,
        raw_bytes=config.ingest.raw_bytes,
        max_inflation=config.ingest.max_inflation,
    )


def _plan(config: Config) -> tuple[list[tuple[Split, ...]], pa.Table]:
    """The packs that tasks read, and the stamp of every file."""
    split_bytes = config.ingest.split_bytes
    packs, listed = [], []
    for index, item in enumerate(_inputs(config)):
        files = list_files(item.uris)
        splits = plan_splits(files, item.format, split_bytes, index)
        packs += pack_splits(splits, files, split_bytes)
        listed += files
    stamps = {"uri": [file.uri for file in listed], "stamp": [file.stamp for file in listed]}
    return packs, pa.table(stamps)


def _inputs(config: Config) -> tuple[InputConfig, ...]:
    if not config.ingest.inputs:
        raise ConfigError(
            "ingest.inputs is empty: name what to read, e.g. "
            "--set 'ingest.inputs=[{uris: [corpus/*.jsonl.zst]}]'"
        )
    return config.ingest.inputs


STAGE = Stage(
    name="ingest",
    doc="read files, refuse what is broken, drop copies",
    reads=(),
    writes=("inputs", "documents", "rejects", "duplicates"),
    sections=("ingest", "dedup"),
    run=run,
    tally=tally,
    external=external,
)
