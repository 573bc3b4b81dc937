"""What a stage gets from the lake while it describes its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import to_arrow_schema

from pivotmine.engine.display import Display
from pivotmine.engine.frames import Numbers, here_frame, is_small, read_frame, split_bytes
from pivotmine.engine.stage import PREVIOUS_FILE, ArrowRows, MakeRows, Stage
from pivotmine.engine.staging import write_rows
from pivotmine.engine.table_files import bind_reader, plan_splits, read_columns
from pivotmine.errors import LakeError
from pivotmine.lake.addresses import Artifacts
from pivotmine.lake.lake import Lake
from pivotmine.lake.parquet_files import parquet_reader, reading
from pivotmine.lake.tables import TABLES
from pivotmine.storage.filesystem import open_filesystem

_DATA = "/data/"

SOURCE_FACTOR = 4
"""Source files count as tables of so many times their size: they are read whole, with their text
several times over."""

PYTHON_DIVISOR = 16
"""Tasks that hold the GIL gain by workers from so many times smaller tables on."""


class LakeInputs:
    """`Inputs` of a stage, backed by the lake; remembers which snapshots were resolved."""

    def __init__(
        self,
        lake: Lake,
        spark: SparkSession,
        stage: Stage,
        run_id: str,
        display: Display,
        small_bytes: int = 0,
        source_bytes: int = 0,
    ) -> None:
        self.spark = spark
        self.measures: dict[str, float] = {}
        self._lake, self._run_id, self._display = lake, run_id, display
        self._stage = stage
        self._previous: dict[str, dict[str, tuple[str, int, int]]] = {}
        self._held: dict[str, pa.Table] = {}
        self._stored: dict[str, tuple[list[tuple[str, int]], pa.Schema]] = {}
        self._resolved = {name: lake.snapshot(name) for name in stage.reads}
        resolved = self._resolved.items()
        self.snapshots = {name: snap.snapshot_id for name, snap in resolved if snap is not None}
        self.n_rows = {name: lake.n_rows(name, snapshot) for name, snapshot in resolved}
        self._files = {name: lake.file_sizes(name, snapshot) for name, snapshot in resolved}
        n_bytes = SOURCE_FACTOR * source_bytes
        n_bytes += sum(size for files in self._files.values() for _, size in files)
        if not stage.reads:  # it goes on from its own tables
            n_bytes += sum(size for name in stage.writes for _, size in lake.file_sizes(name))
        self.is_small = is_small(spark, n_bytes, small_bytes)
        self.runs_here = self.is_small and (
            stage.runs_kernels or n_bytes <= small_bytes // PYTHON_DIVISOR
        )

    def frame(self, table: str, columns: Sequence[str] | None = None) -> DataFrame:
        schema = _schema(table, columns)
        if self.is_small and self._files[table]:
            return here_frame(self.spark, self._read(table, schema.names))
        return read_frame(self.spark, self._files[table], schema)

    def arrow_rows(
        self, table: str, columns: Sequence[str], make: MakeRows, schema: pa.Schema
    ) -> ArrowRows:
        files = self._files[table]
        splits = plan_splits(files, split_bytes(self.spark, files))
        read = bind_reader(splits, columns, make, dict(files))
        return ArrowRows(self.numbers(len(splits)), read, schema)

    def read_files(self, paths: Sequence[str], schema: pa.Schema) -> DataFrame:
        sizes = [(path, self._size(path)) for path in paths]
        return read_frame(self.spark, sizes, schema)

    def _size(self, path: str) -> int:
        footer = self._lake.held.footers.get(path)
        if footer is not None:
            return footer.n_bytes
        filesystem, name = open_filesystem(path)
        return int(filesystem.size(name))

    def table(self, name: str, columns: Sequence[str], max_rows: int) -> pa.Table:
        if self.n_rows[name] > max_rows:
            raise LakeError(
                f"table {name} holds {self.n_rows[name]:,} rows; at most {max_rows:,} may be "
                "brought to the driver, whose memory must not grow with the corpus"
            )
        return self._read(name, columns)

    def _read(self, name: str, columns: Sequence[str]) -> pa.Table:
        """Columns of a table, in the driver."""
        wanted = pa.schema([TABLES[name].schema.field(column) for column in columns])
        pieces = [wanted.empty_table()]
        for path, size in self._files[name]:
            with (
                reading(path),
                self._lake.open(path, size) as stream,
                parquet_reader(stream) as rows,
            ):
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
                self._previous[table] = {
                    file.file_path.rpartition(_DATA)[2]: (
                        file.file_path,
                        file.file_size_in_bytes,
                        file.record_count,
                    )
                    for file in self._lake.data_files(snapshot)
                }

    def previous(
        self,
        table: str,
        files: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
    ) -> DataFrame:
        names = self.previous_files(table) if files is None else files
        found = [self._previous[table][name] for name in names]
        schema = _schema(table, columns).append(pa.field(PREVIOUS_FILE, pa.string()))
        sizes = [(path, size) for path, size, _ in found]
        return read_frame(self.spark, sizes, schema, (PREVIOUS_FILE, _DATA))

    def previous_files(self, table: str) -> list[str]:
        return sorted(self._previous.get(table, ()))

    def rows_of_kept(self, table: str, kept: Sequence[str]) -> dict[str, int]:
        """Paths of previous files, with their rows."""
        found = (self._previous[table][name] for name in kept)
        return {path: n_rows for path, _, n_rows in found}

    def sizes_of_kept(self, table: str, kept: Sequence[str]) -> dict[str, int]:
        """Paths of previous files, with their bytes."""
        found = (self._previous[table][name] for name in kept)
        return {path: size for path, size, _ in found}

    def numbers(self, n: int) -> Numbers:
        return Numbers(self.spark, n, self.runs_here)

    def local(self, rows: DataFrame | ArrowRows, max_rows: int) -> pa.Table:
        if isinstance(rows, ArrowRows) and not rows.is_here:
            rows = rows.in_spark()
        found = (
            rows.gathered() if isinstance(rows, ArrowRows) else rows.limit(max_rows + 1).toArrow()
        )
        if found.num_rows > max_rows:
            raise LakeError(
                f"a frame that should hold at most {max_rows} rows holds more; it is not brought "
                "to the driver, whose memory must not grow with the corpus"
            )
        return found

    def checkpoint(self, rows: DataFrame | ArrowRows, name: str) -> DataFrame:
        path = f"{self._lake.scratch_path(self._run_id)}/{name}"
        self._display.progress(f"computing {name}")
        if self.is_small and isinstance(rows, DataFrame):
            self._held[name] = rows.toArrow()
            return here_frame(self.spark, self._held[name])
        files = write_rows(
            self._lake, rows, path, frames_here=self.is_small, tasks_here=self.runs_here
        )
        schema = rows.schema if isinstance(rows, ArrowRows) else to_arrow_schema(rows.schema)
        sizes = [(file, written.digest.n_bytes) for file, written in files.items()]
        self._stored[name] = (sizes, schema)
        return self._stored_frame(sizes, schema)

    def stored(self, name: str, columns: Sequence[str]) -> DataFrame:
        if name in self._held:
            return here_frame(self.spark, self._held[name].select(list(columns)))
        sizes, schema = self._stored[name]
        return self._stored_frame(sizes, pa.schema([schema.field(one) for one in columns]))

    def _stored_frame(self, sizes: Sequence[tuple[str, int]], schema: pa.Schema) -> DataFrame:
        if self.is_small and sizes:
            return here_frame(self.spark, read_columns([path for path, _ in sizes], schema))
        return read_frame(self.spark, sizes, schema)

    def files(self, rows: ArrowRows, name: str) -> list[tuple[str, int]]:
        self._display.progress(f"computing {name}")
        path = f"{self._lake.scratch_path(self._run_id)}/{name}"
        written = write_rows(
            self._lake, rows, path, frames_here=self.is_small, tasks_here=self.runs_here
        )
        return [(file, found.n_rows) for file, found in written.items()]

    def artifacts(self, kind: str) -> Artifacts:
        folder = self._lake.artifact_path(kind, self._run_id)
        return Artifacts(folder, self._lake.path_of(folder))

    def measure(self, name: str, value: float) -> None:
        self.measures[name] = float(value)

    def note(self, text: str) -> None:
        self._display.note(f"{self._stage.name}: {text}")


def _schema(table: str, columns: Sequence[str] | None) -> pa.Schema:
    """Columns of a table; all by default."""
    schema = TABLES[table].schema
    return schema if columns is None else pa.schema([schema.field(name) for name in columns])
