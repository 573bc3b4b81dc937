"""The tables of the lake: one declaration of names, types and meaning for every writer and reader.

Declared as Arrow schemas because all three sides read them: PyIceberg makes the tables, Spark
takes them as `StructType` (`spark_schema`), the torch side reads the files with pyarrow. Columns
are nullable throughout, since Parquet files written by Spark are.
"""

from __future__ import annotations

import pyarrow as pa

from pivotmine.lake.arm_tables import SCORES, SELECTION, SHARDS
from pivotmine.lake.link_tables import (
    CONTEXTS,
    COUNTS,
    LEXICON,
    LEXICON_REJECTS,
    LEXICONS,
    LINKS,
    MARGINS,
    PIVOTS,
    TERM_COUNTS,
)
from pivotmine.lake.pair_tables import DOCUMENT_PAIRS, PAIRINGS, SEGMENT_PAIRS
from pivotmine.lake.schema import (
    DOUBLES_BY_NAME,
    LONG,
    LONGS_BY_NAME,
    STRING,
    Table,
    conform,
    declare,
)
from pivotmine.lake.text_tables import (
    DOCUMENTS,
    DUPLICATES,
    INPUTS,
    NEAR_COPIES,
    REJECTS,
    SIGNATURES,
    TOKENIZER,
    TOKENS,
    VOCABULARY,
    WITHDRAWALS,
)

__all__ = [
    "CONTEXTS",
    "COUNTS",
    "DOCUMENTS",
    "DUPLICATES",
    "INPUTS",
    "LEXICON",
    "LEXICONS",
    "LEXICON_REJECTS",
    "LINKS",
    "MARGINS",
    "NEAR_COPIES",
    "PIVOTS",
    "REJECTS",
    "RUNS",
    "SCORES",
    "SELECTION",
    "SHARDS",
    "SIGNATURES",
    "TABLES",
    "TERM_COUNTS",
    "TOKENIZER",
    "TOKENS",
    "VOCABULARY",
    "WITHDRAWALS",
    "Table",
    "conform",
]

RUNS = declare(
    "runs",
    "One row for every committed stage; only snapshots that a row names are part of the lake.",
    ("run_id", STRING, "identifier of this execution"),
    ("stage", STRING, "stage"),
    ("fingerprint", STRING, "hash of code, configuration and input snapshots"),
    ("started_at", pa.timestamp("us", tz="UTC"), "start"),
    ("finished_at", pa.timestamp("us", tz="UTC"), "commit"),
    ("config", STRING, "the configuration that the result depends on, JSON"),
    ("inputs", LONGS_BY_NAME, "snapshot id of every table that was read"),
    ("outputs", LONGS_BY_NAME, "snapshot id of every table that was written"),
    (
        "snapshots",
        pa.map_(STRING, STRING),
        "Iceberg snapshot of every table in outputs, JSON",
    ),
    ("commit_number", LONG, "1 for the first commit; one more for each after it"),
    ("rows", LONGS_BY_NAME, "rows of every table that was written"),
    ("rows_in", LONG, "rows or records that came in"),
    ("rows_out", LONG, "rows that went on"),
    ("rows_rejected", LONG, "records refused"),
    ("rows_duplicate", LONG, "records dropped as copies"),
    ("measures", DOUBLES_BY_NAME, "figures about the run, with their units in their names"),
    ("reuse", pa.map_(STRING, STRING), "table -> hash of what its rows depend on, for re-use"),
    ("version", STRING, "PivotMine version"),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        INPUTS,
        DOCUMENTS,
        NEAR_COPIES,
        SIGNATURES,
        REJECTS,
        DUPLICATES,
        WITHDRAWALS,
        TOKENIZER,
        TOKENS,
        VOCABULARY,
        CONTEXTS,
        MARGINS,
        COUNTS,
        TERM_COUNTS,
        LEXICONS,
        LEXICON_REJECTS,
        LINKS,
        LEXICON,
        PIVOTS,
        DOCUMENT_PAIRS,
        SEGMENT_PAIRS,
        PAIRINGS,
        SCORES,
        SELECTION,
        SHARDS,
        RUNS,
    )
}
"""All tables by name, in the order of the road."""
