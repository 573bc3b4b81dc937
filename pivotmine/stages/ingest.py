"""Ingest: source files to documents, rejects and duplicates.

A task reads a piece of a source file or a pack of small ones: it frames records, refuses what it
must with a reason, and identifies languages. The framing layer keeps its own tally of records
(`inputs`), so that conservation is a check and not a tautology: records read = documents + rejects +
duplicates.

Exact copies share their document id, which is a hash of the text. Of several copies the one with
the smallest (source, uri, position) is kept, whatever the order of reading. Only the ids of copies
are shuffled, not the texts.
"""

from __future__ import annotations

from typing import Any

from pyspark.sql import functions as F

from pivotmine.config import Config, InputConfig
from pivotmine.errors import ConfigError
from pivotmine.session import spark_schema
from pivotmine.sources.listing import detect, list_files, pack_splits, plan_splits
from pivotmine.sources.records import ColumnMap, ReadLimits, Split
from pivotmine.stage import Inputs, Rows, Stage, StageOutputs, Tally
from udfs import read_records


def run(inputs: Inputs, config: Config) -> StageOutputs:
    """Read all inputs of the recipe."""
    settings = config.ingest
    packs = _packs(config)
    columns = [
        ColumnMap(item.text_column, item.source_column, item.source_label, item.whole_pages)
        for item in settings.inputs
    ]
    read = read_records.bind(packs, columns, _limits(config), settings.language_model)
    tasks = inputs.numbers(len(packs))
    records = inputs.checkpoint(
        tasks.mapInArrow(read, spark_schema(read_records.SCHEMA)), "records"
    ).withColumn("ingest_id", F.lit(settings.ingest_id))

    documents = records.where("kind = 'document'")
    where = F.struct("source", "uri", "position")
    copied = (
        documents.groupBy("doc_id")
        .agg(F.min(where).alias("kept"), F.count("*").alias("copies"))
        .where("copies > 1")
        .select("doc_id", "kept")
    )
    dropped = (
        documents.select("doc_id", "source", "uri", "position", "ingest_id")
        .join(copied, "doc_id")
        .where(where != F.col("kept"))
    )
    return {
        "inputs": records.where("kind = 'split'").select(
            "uri", F.col("position").alias("start"), "n_records", "n_bytes", "ingest_id"
        ),
        "documents": documents.join(
            dropped.select("uri", "position"), ["uri", "position"], "left_anti"
        ).select(
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
        "duplicates": dropped.select(
            "doc_id",
            F.col("doc_id").alias("kept_doc_id"),
            F.lit("exact").alias("kind"),
            F.lit(1.0).alias("similarity"),
            "source",
            "uri",
            "position",
            "ingest_id",
        ),
    }


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


def _packs(config: Config) -> list[tuple[Split, ...]]:
    split_bytes = config.ingest.split_bytes
    packs = []
    for index, item in enumerate(_inputs(config)):
        files = list_files(item.uris)
        splits = plan_splits(files, item.format, split_bytes, index)
        packs += pack_splits(splits, files, split_bytes)
    return packs


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
    sections=("ingest",),
    run=run,
    tally=tally,
    external=external,
)
