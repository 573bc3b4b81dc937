"""Records of earlier runs of ingest, from the lake.

They lie in three tables. `documents` and `near_copies` hold rows with texts. `duplicates` holds the
places of exact copies, whose text is in the row with the same id. Records count as long as their
file is part of the recipe.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pivotmine.engine.stage import PREVIOUS_FILE, Inputs

PLACE = ["uri", "position"]
"""Columns that identify a record."""
ROW = ["doc_id", "delivery", "source", *PLACE, "ingest_id"]
CONTENT = ["lang", "lang_prob", "text"]


class Earlier:
    """Records of earlier runs.

    Parameters
    ----------
    known
        Files whose records count, rows of `files.FILES`.
    """

    def __init__(self, inputs: Inputs, known: pa.Table) -> None:
        self._inputs = inputs
        self._known = F.broadcast(inputs.spark.createDataFrame(known).select("uri", "delivery"))

    def table(
        self, name: str, files: Sequence[str] | None = None, columns: Sequence[str] | None = None
    ) -> DataFrame:
        """Rows of a table, or of some files of it, that belong to known files; with `delivery`.

        `columns` may name `delivery`; all by default.
        """
        if columns is not None:
            columns = [name for name in dict.fromkeys(("uri", *columns)) if name != "delivery"]
        return self._inputs.previous(name, files, columns).join(self._known, "uri")

    def rows(self) -> DataFrame:
        """Columns `ROW` of every record that was a document or a copy."""
        documents, aside = (self.table(name, columns=ROW) for name in ("documents", "near_copies"))
        return documents.select(ROW).union(aside.select(ROW)).union(self._exact_copies())

    def texts(
        self,
        name: str,
        copies: DataFrame,
        files: Sequence[str] | None = None,
        columns: Sequence[str] = (*ROW, *CONTENT),
    ) -> DataFrame:
        """Columns of `documents` or `near_copies`, without exact copies."""
        rows = self.table(name, files, [*PLACE, *columns])
        return rows.join(copies.select(PLACE), PLACE, "left_anti").select(*columns)

    def freed(self, copies: DataFrame) -> DataFrame:
        """Columns `ROW` and `CONTENT` of former exact copies whose kept row leaves in this run.

        Their text is still in that row.
        """
        freed = self._exact_copies().join(copies.select(PLACE), PLACE, "left_anti").select(ROW)
        n_freed = 0
        if self._inputs.previous_files("duplicates"):
            freed = self._inputs.checkpoint(freed, "freed")
            (n_freed,) = self._inputs.local(freed.agg(F.count("*")), 1).column(0).to_pylist()
        # Only a takedown or a changed file frees copies; otherwise no text needs to be read.
        files: list[str] | None = None if n_freed else []
        texts = self._inputs.previous("documents", files, ("doc_id", *CONTENT))
        aside = self._inputs.previous("near_copies", files, ("doc_id", *CONTENT))
        texts, aside = texts.drop(PREVIOUS_FILE), aside.drop(PREVIOUS_FILE)
        return freed.join(texts.union(aside), "doc_id").select(ROW + CONTENT)

    def holding(self, ids: DataFrame) -> dict[str, list[str]]:
        """Files of `documents` and `near_copies` that hold the documents with these ids."""
        held = {
            name: self._inputs.previous(name, columns=("doc_id",)).join(ids, "doc_id", "left_semi")
            for name in ("documents", "near_copies")
        }
        return _files_of(self._inputs, held)

    def _exact_copies(self) -> DataFrame:
        aside = self.table("near_copies", columns=PLACE).select(PLACE)
        return self.table("duplicates", columns=ROW).join(aside, PLACE, "left_anti").select(ROW)


def files_that_stay(
    inputs: Inputs, staying: Mapping[str, tuple[DataFrame, list[str]]]
) -> tuple[dict[str, tuple[str, ...]], dict[str, list[str]]]:
    """Files of tables that lose no row, and files that lose some; found in one job.

    Parameters
    ----------
    staying
        Rows of each table that stay, and the columns that identify them.
    """
    going = {
        name: inputs.previous(name, columns=key).join(rows.select(*key), key, "left_anti")
        for name, (rows, key) in staying.items()
    }
    torn = _files_of(inputs, going)
    kept = {
        name: tuple(file for file in inputs.previous_files(name) if file not in set(torn[name]))
        for name in staying
    }
    return kept, torn


def _files_of(inputs: Inputs, rows: Mapping[str, DataFrame]) -> dict[str, list[str]]:
    """Files that hold rows of `Inputs.previous`, by table."""
    n_files = {name: len(inputs.previous_files(name)) for name in rows}
    found: dict[str, list[str]] = {name: [] for name in rows}
    parts = [
        rows[name].select(F.lit(name).alias("table"), PREVIOUS_FILE)
        for name, n in n_files.items()
        if n
    ]
    if parts:
        files = inputs.local(reduce(DataFrame.union, parts).distinct(), sum(n_files.values()))
        for name, file in sorted(zip(*files.to_pydict().values(), strict=True)):
            found[name].append(file)
    return found
