"""Signatures of documents: made once, and kept in table `signatures`.

A signature depends on the text, on the settings, and on which lines of the document are left out
because too many documents hold them. Other documents can change only the last. So each row keeps
the hashes of all lines, and one hash of those left out (`left_out`). While the same lines are left
out, the row stays; otherwise it is made anew. The table therefore equals that of one ingest of
everything. In a growing lake a line becomes common once, and only then are its documents signed
again.

The work that every run does for all documents reads no text: it counts lines (8 bytes each), and
compares them with the common ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pivotmine.engine.session import spark_schema
from pivotmine.engine.stage import ArrowRows, Inputs
from pivotmine.lake.tables import SIGNATURES
from pivotmine.recipe import DedupConfig
from pivotmine.udfs import ingest as udfs

MAX_COMMON_LINES = 4_000_000
"""Most lines that are left out, the commonest first; 8 bytes each in every worker."""

Texts = Callable[[DataFrame], DataFrame]
"""Ids (column `doc_id`) to columns `doc_id` and `text` of these documents."""


class Signed(NamedTuple):
    """Signatures of all documents."""

    rows: DataFrame
    """Columns of table `signatures`, `doc_id` unique; also of documents that were removed."""
    made: DataFrame
    """The rows that were made in this run."""
    staying: DataFrame
    """Rows of the table that are still valid."""


def signature_settings(settings: DedupConfig) -> dict[str, Any]:
    """Settings that every signature depends on; each row records the lines left out."""
    return settings.model_dump(mode="json", exclude={"near", "max_line_docs"})


def sign_documents(
    inputs: Inputs, ids: DataFrame, unsigned: DataFrame, texts: Texts, settings: DedupConfig
) -> Signed:
    """Sign the documents that have no valid signature in the lake.

    Parameters
    ----------
    ids
        Column `doc_id`, of all documents.
    unsigned
        Columns `doc_id` and `text` of documents, including all without a signature in the lake.
    """
    files = inputs.previous_files(SIGNATURES.name)
    before = inputs.previous(SIGNATURES.name)
    stored = before.join(ids, "doc_id", "left_semi")
    new = unsigned.select("doc_id", "text")
    if files:
        new = new.join(stored.select("doc_id"), "doc_id", "left_anti")
    lines = new.mapInArrow(udfs.hash_lines, spark_schema(udfs.LINES))
    if files:
        lines = lines.union(stored.select(F.explode("lines")))
    common = _common_lines(inputs, lines, settings.max_line_docs)

    if files:
        outdated, n_outdated = _outdated(inputs, stored, common)
        if n_outdated:
            before = before.join(outdated, "doc_id", "left_anti")
            stored = stored.join(outdated, "doc_id", "left_anti")
            new = new.union(texts(outdated))
    sign = udfs.bind_sign(common, settings)
    made = inputs.checkpoint(ArrowRows(new, sign, SIGNATURES.schema), "signatures")
    inputs.measure("documents_signed", _count(inputs, made))
    columns = SIGNATURES.schema.names
    return Signed(before.select(columns).union(made), made, stored)


def _outdated(
    inputs: Inputs, stored: DataFrame, common: NDArray[np.uint64]
) -> tuple[DataFrame, int]:
    """Column `doc_id` of rows whose common lines have changed, and their number."""
    check = udfs.bind_outdated(common)
    rows = stored.select("doc_id", "lines", "left_out")
    found = inputs.checkpoint(rows.mapInArrow(check, spark_schema(udfs.IDS)), "outdated")
    return found, _count(inputs, found)


def _count(inputs: Inputs, rows: DataFrame) -> int:
    (n,) = inputs.local(rows.agg(F.count("*")), 1).column(0).to_pylist()
    return int(n)


def _common_lines(inputs: Inputs, lines: DataFrame, max_docs: int) -> NDArray[np.uint64]:
    """uint64, sorted: hashes of the lines of more than `max_docs` documents."""
    counted = lines.groupBy("line").count().where(F.col("count") > max_docs)
    common = inputs.local(
        counted.orderBy(F.desc("count"), "line").limit(MAX_COMMON_LINES).select("line"),
        MAX_COMMON_LINES,
    )
    hashes = pc.fill_null(common["line"].combine_chunks(), 0).to_numpy(zero_copy_only=False)
    inputs.measure("common_lines", len(hashes))
    return np.sort(hashes.view(np.uint64))
