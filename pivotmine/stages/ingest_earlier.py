"""What earlier runs of ingest left in the lake, as the records that they were.

Of files that are known still, these lie in three tables: `documents` and `near_copies` hold rows
with texts, `duplicates` the places of exact copies, whose text is that of the row with their id.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pivotmine.stage import PREVIOUS_FILE, Inputs

PLACE = ["uri", "position"]
"""What a record is known by."""
ROW = ["doc_id", "delivery", "source", *PLACE, "ingest_id"]
CONTENT = ["lang", "lang_prob", "text"]


class Earlier:
    """Records of earlier runs.

    Parameters
    ----------
    known
        Files whose records count, rows of `ingest_files.SOURCES`.
    """

    def __init__(self, inputs: Inputs, known: pa.Table) -> None:
        self._inputs = inputs
        self._known = F.broadcast(inputs.spark.createDataFrame(known).select("uri", "delivery"))

    def table(self, name: str, files: Sequence[str] | None = None) -> DataFrame:
        """Rows of a table, or of some files of it, that are about known files; with `delivery`."""
        return self._inputs.previous(name, files).join(self._known, "uri")

    def rows(self) -> DataFrame:
        """Columns `ROW` of every record that was a document or a copy."""
        documents, aside = self.table("documents"), self.table("near_copies")
        return documents.select(ROW).union(aside.select(ROW)).union(self._exact_copies())

    def texts(self, name: str, copies: DataFrame, files: Sequence[str] | None = None) -> DataFrame:
        """Columns `ROW` and `CONTENT` of `documents` or `near_copies`, of what is no exact copy."""
        rows = self.table(name, files).select(ROW + CONTENT)
        return rows.join(copies.select(PLACE), PLACE, "left_anti").select(ROW + CONTENT)

    def freed(self, copies: DataFrame) -> DataFrame:
        """Columns `ROW` and `CONTENT` of exact copies that are none any more.

        The row that stood for them leaves only now, so their text is still there.
        """
        freed = self._exact_copies().join(copies.select(PLACE), PLACE, "left_anti").select(ROW)
        n_freed = 0
        if self._inputs.previous_files("duplicates"):
            freed = self._inputs.checkpoint(freed, "freed")
            (n_freed,) = self._inputs.local(freed.agg(F.count("*")), 1).column(0).to_pylist()
        # There are some only after a takedown or a change: else no text needs to be looked at.
        files: list[str] | None = None if n_freed else []
        texts = self._inputs.previous("documents", files).select("doc_id", *CONTENT)
        aside = self._inputs.previous("near_copies", files).select("doc_id", *CONTENT)
        return freed.join(texts.union(aside), "doc_id").select(ROW + CONTENT)

    def holding(self, ids: DataFrame) -> dict[str, list[str]]:
        """Files of `documents` and `near_copies` that hold texts of documents, by their ids."""
        names = ("documents", "near_copies")
        rows = [
            self._inputs.previous(name).select("doc_id", F.lit(name).alias("table"), PREVIOUS_FILE)
            for name in names
        ]
        found = rows[0].union(rows[1]).join(ids, "doc_id", "left_semi")
        n_files = sum(len(self._inputs.previous_files(name)) for name in names)
        files = self._inputs.local(found.select("table", PREVIOUS_FILE).distinct(), n_files)
        pairs = sorted(zip(*files.to_pydict().values(), strict=True))
        return {name: [file for table, file in pairs if table == name] for name in names}

    def _exact_copies(self) -> DataFrame:
        aside = self.table("near_copies").select(PLACE)
        return self.table("duplicates").join(aside, PLACE, "left_anti").select(ROW)


def files_that_stay(
    inputs: Inputs, name: str, staying: DataFrame, key: Sequence[str]
) -> tuple[tuple[str, ...], list[str]]:
    """Files of a table from which no row goes, and files from which some do.

    Parameters
    ----------
    staying
        Its rows that stay, by their columns `key`.
    """
    files = inputs.previous_files(name)
    if not files:
        return (), []
    rows = inputs.previous(name).select(*key, PREVIOUS_FILE)
    going = rows.join(staying.select(*key), list(key), "left_anti")
    torn = inputs.local(going.select(PREVIOUS_FILE).distinct(), len(files))
    names = set(torn.column(0).to_pylist())
    return tuple(file for file in files if file not in names), sorted(names)
