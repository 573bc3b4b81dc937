"""What a stage gets from the lake while it describes its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pivotmine.engine.display import Display
from pivotmine.engine.session import spark_schema
from pivotmine.engine.stage import PREVIOUS_FILE, ArrowRows, MakeRows, Stage
from pivotmine.engine.staging import write_arrow_rows, write_rows
from pivotmine.engine.table_files import bind_reader, plan_splits
from pivotmine.errors import LakeError
from pivotmine.lake.lake import Lake
from pivotmine.lake.parquet_files import parquet_reader, reading
from pivotmine.lake.tables import TABLES

TASKS_PER_CORE = 4
"""Tasks a core for reading a table that is neither small nor huge."""

MIN_SPLIT_BYTES, MAX_SPLIT_BYTES = 4_000_000, 64_000_000
"""Bounds on the Parquet that such a task reads, bytes."""

_DATA = "/data/"


class LakeInputs:
    """`Inputs` of a stage, backed by the lake; remembers which snapshots were resolved."""

    def __init__(
        self, lake: Lake, spark: SparkSession, stage: Stage, run_id: str, display: Display
    ) -> None:
        self.spark = spark
        self.measures: dict[str, float] = {}
        self._lake, self._run_id, self._display = lake, run_id, display
        self._stage = stage
        self._previous: dict[str, dict[str, tuple[str, int]]] = {}
        self._resolved = {name: lake.snapshot(name) for name in stage.reads}
        resolved = self._resolved.items()
        self.snapshots = {name: snap.snapshot_id for name, snap in resolved if snap is not None}
        self.n_rows = {name: lake.n_rows(name, snapshot) for name, snapshot in resolved}
        self._files = {name: lake.file_sizes(name, snapshot) for name, snapshot in resolved}

    def frame(self, table: str) -> DataFrame:
        schema = spark_schema(TABLES[table].schema)
        if not self._files[table]:
            return self.spark.createDataFrame([], schema)
        return self.spark.read.schema(schema).parquet(*(path for path, _ in self._files[table]))

    def arrow_rows(
        self, table: str, columns: Sequence[str], make: MakeRows, schema: pa.Schema
    ) -> ArrowRows:
        files = self._files[table]
        n_tasks = TASKS_PER_CORE * self.spark.sparkContext.defaultParallelism
        share = sum(size for _, size in files) // n_tasks
        splits = plan_splits(files, min(max(share, MIN_SPLIT_BYTES), MAX_SPLIT_BYTES))
        read = bind_reader(splits, columns, make)
        return ArrowRows(self.numbers(len(splits)), read, schema)

    def table(self, name: str, columns: Sequence[str], max_rows: int) -> pa.Table:
        if self.n_rows[name] > max_rows:
            raise LakeError(
                f"table {name} holds {self.n_rows[name]:,} rows; at most {max_rows:,} may be "
                "brought to the driver, whose memory must not grow with the corpus"
            )
        wanted = pa.schema([TABLES[name].schema.field(column) for column in columns])
        pieces = [wanted.empty_table()]
        for path, _ in self._files[name]:
            with reading(path), self._lake.open(path) as stream, parquet_reader(stream) as rows:
                pieces.append(rows.read(list(columns)).cast(wanted))
        return pa.concat_tables(pieces).combine_chunks()

    def table_files(self, name: str) -> list[tuple[str, int]]:
        return self._lake.file_sizes(name, self._resolved[name], in_rows=True)

    def offer_previous(self, last: Mapping[str, Any], keys: Mapping[str, str]) -> None:
        """Offer the rows of the stage's last run, for tables whose key is unchanged."""
        for table, key in keys.items():
            snapshot = self._lake.snapshot(table)
            if snapshot is None or dict(last["outputs"]).get(table) != snapshot.snapshot_id:
                continue
            if dict(last.get("reuse") or {}).get(table) == key:
                files = self._lake.file_sizes(table, snapshot, in_rows=True)
                self._previous[table] = {
                    path.rpartition(_DATA)[2]: (path, n_rows) for path, n_rows in files
                }

    def previous(self, table: str, files: Sequence[str] | None = None) -> DataFrame:
        schema = spark_schema(TABLES[table].schema)
        names = self.previous_files(table) if files is None else files
        if not names:
            # `limit` tells Spark that there are no rows, so it skips what depends on them.
            empty = self.spark.createDataFrame([], schema).limit(0)
            return empty.withColumn(PREVIOUS_FILE, F.lit(None).cast("string"))
        paths = (self._previous[table][name][0] for name in names)
        # Only the name below the table: Spark escapes the rest as a URI.
        name = F.substring_index("_metadata.file_path", _DATA, -1)
        return self.spark.read.schema(schema).parquet(*paths).withColumn(PREVIOUS_FILE, name)

    def previous_files(self, table: str) -> list[str]:
        return sorted(self._previous.get(table, ()))

    def rows_of_kept(self, table: str, kept: Sequence[str]) -> dict[str, int]:
        """Paths of previous files, with their rows."""
        return dict(self._previous[table][name] for name in kept)

    def numbers(self, n: int) -> DataFrame:
        return self.spark.range(0, n, numPartitions=max(n, 1))

    def local(self, frame: DataFrame, max_rows: int) -> pa.Table:
        rows = frame.limit(max_rows + 1).toArrow()
        if rows.num_rows > max_rows:
            raise LakeError(
                f"a frame that should hold at most {max_rows} rows holds more; it is not brought "
                "to the driver, whose memory must not grow with the corpus"
            )
        return rows

    def checkpoint(self, rows: DataFrame | ArrowRows, name: str) -> DataFrame:
        path = f"{self._lake.scratch_path(self._run_id)}/{name}"
        self._display.progress(f"computing {name}")
        files = write_rows(self._lake, rows, path)
        schema = spark_schema(rows.schema) if isinstance(rows, ArrowRows) else rows.schema
        if not files:
            return self.spark.createDataFrame([], schema)
        return self.spark.read.schema(schema).parquet(*files)

    def files(self, rows: ArrowRows, name: str) -> list[tuple[str, int]]:
        self._display.progress(f"computing {name}")
        path = f"{self._lake.scratch_path(self._run_id)}/{name}"
        written = write_arrow_rows(self._lake, rows, path)
        return [(row["path"], row["n_rows"]) for row in written]

    def artifacts(self, kind: str) -> str:
        return self._lake.artifact_path(kind, self._run_id)

    def measure(self, name: str, value: float) -> None:
        self.measures[name] = float(value)

    def note(self, text: str) -> None:
        self._display.note(f"{self._stage.name}: {text}")
