"""The lake: Iceberg tables that are only ever seen whole.

Spark writes Parquet files into a folder that carries the run's id; the driver then commits them
with PyIceberg. The reasons: one `pip install`, no JVM jar to match with the Spark version, and
every catalog that PyIceberg speaks, so Trino, Spark, DuckDB and the torch side read the same
tables.

A stage writes several tables, and Iceberg catalogs commit one at a time. The commit point of a
stage is therefore its row in `runs`, which holds the snapshot of every table that the stage has
written. PivotMine reads these snapshots and no others (`pivotmine/lake/commit.py`).

Rows are never deleted in place, so reading a snapshot is reading its list of Parquet files.
"""

from __future__ import annotations

import contextlib
import posixpath
from array import array
from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa
from pyiceberg.exceptions import NoSuchTableError, ValidationError
from pyiceberg.table.snapshots import Snapshot

from pivotmine.errors import DamagedError, LakeError
from pivotmine.lake.addresses import local_path, normal_address, relative_address
from pivotmine.lake.catalog import one_line, open_catalog, prove_writable, resolve_warehouse
from pivotmine.lake.iceberg_files import Held
from pivotmine.lake.parquet_files import REMEDY, parquet_reader, reading
from pivotmine.lake.tables import RUNS, TABLES, conform
from pivotmine.recipe import LakeConfig
from pivotmine.storage.patience import patiently
from pivotmine.storage.settings import current

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem
    from pyiceberg.manifest import DataFile, ManifestEntry
    from pyiceberg.table import Table as IcebergTable

ARTIFACTS = "shards/files/"
"""Folder of the namespace for training files."""

RUN_ID = "run_id"
"""Snapshot property that ties a snapshot to its row in `runs`."""


class Lake:
    """One namespace of Iceberg tables under one warehouse folder.

    Parameters
    ----------
    config
        Section `lake` of a recipe.
    read_only
        Write nothing: a lake on a read-only disk can be queried, and a mistyped name makes no
        folder.

    Raises
    ------
    LakeError
        The warehouse cannot be written, the catalog cannot be reached, or a commit lost a race.
    """

    def __init__(self, config: LakeConfig, *, read_only: bool = False) -> None:
        self.namespace = config.namespace
        self.warehouse, self.is_local = resolve_warehouse(config.warehouse)
        self.read_only = read_only
        self._catalog_properties = dict(config.catalog)
        self.held = Held(current())
        """What is known of the lake's files without opening them."""
        if not read_only and (config.catalog or self.is_local):
            prove_writable(self.warehouse, self.filesystem)
        self.catalog = open_catalog(config, self.held, read_only=read_only)
        self.tables: dict[str, IcebergTable] = {}
        self.lease_seconds = config.lease_seconds
        self._runs: pa.Table | None = None
        self._outputs: list[dict[str, Any]] | None = None
        self._entries: dict[int, list[ManifestEntry]] = {}

    @cached_property
    def filesystem(self) -> AbstractFileSystem:
        """Fsspec's view of the warehouse."""
        from pivotmine.storage.filesystem import open_filesystem

        return open_filesystem(self.warehouse, self.held.settings)[0]

    # ---- reading -----------------------------------------------------------------------------

    def refresh(self) -> None:
        """Forget what was read of the catalog, so that it is read again."""
        self.tables.clear()
        self._entries.clear()
        self.refresh_runs()

    def refresh_runs(self) -> None:
        """Forget what was read of `runs`."""
        self.tables.pop(RUNS.name, None)
        self.refresh_rows()

    def refresh_rows(self) -> None:
        """Forget the rows of `runs`, but not where the table is."""
        self._runs = self._outputs = None

    def runs(self) -> pa.Table:
        """Rows of `runs`, oldest first. Grows by one row a committed stage."""
        if self._runs is None:
            files = self.data_files(self.snapshot(RUNS.name))
            try:
                rows = self._read_files(files, RUNS.schema)
            except DamagedError as error:
                raise LakeError(
                    f"table runs, which says what is committed, cannot be read: "
                    f"{str(error).partition('. ')[0]}. Restore that file from a backup."
                ) from error
            # Rows of earlier versions have no number and come first. Lists of Python and an index
            # made from bytes, because the other ways of pyarrow and numpy import pandas.
            number = rows["commit_number"].to_pylist()
            finished = rows["finished_at"].cast(pa.int64()).to_pylist()
            order = sorted(range(len(rows)), key=lambda n: (number[n] or 0, finished[n] or 0))
            index = pa.py_buffer(array("q", order))
            self._runs = rows.take(
                pa.Int64Array.from_buffers(pa.int64(), len(order), [None, index])
            )
        return self._runs

    def snapshot(self, name: str, as_of: datetime | None = None) -> Snapshot | None:
        """The committed snapshot of a table, now or at a moment; None where there is none yet."""
        if name == RUNS.name:
            table = self.iceberg_table(name)
            return table.current_snapshot() if table else None
        row, last = self._last_writer(name, as_of), self._last_writer(name, None)
        if row is None:
            return None
        described = dict(row["snapshots"] or {}).get(name)
        if described is not None and row == last:  # one of the past may be deleted
            kept = Snapshot.model_validate_json(described)
            return kept.model_copy(update={"manifest_list": self.address_of(kept.manifest_list)})
        table = self.iceberg_table(name)
        snapshot = table.snapshot_by_id(row["outputs"][name]) if table else None
        if snapshot is None and row == last:
            raise LakeError(
                f"table {name} lacks the snapshot that run {row['run_id']} has committed. Another "
                "program has removed it, or lake.catalog is not the catalog of this lake."
            )
        return snapshot

    def _last_writer(self, name: str, as_of: datetime | None) -> dict[str, Any] | None:
        """The last row of `runs` that has written a table, by a moment."""
        if self._outputs is None:
            rows = self.runs().select(["run_id", "outputs", "snapshots"])
            # As a number: time stamps as objects of Python import pandas.
            finished = self.runs()["finished_at"].cast(pa.timestamp("us", "UTC")).cast(pa.int64())
            rows = rows.append_column("finished_us", finished)
            self._outputs = [
                {**row, "outputs": dict(row["outputs"] or ())} for row in rows.to_pylist()
            ]
        until_us = None if as_of is None else round(as_of.timestamp() * 1_000_000)
        for row in reversed(self._outputs):
            if name in row["outputs"] and (until_us is None or row["finished_us"] <= until_us):
                return dict(row)
        return None

    def read(self, name: str, columns: Sequence[str] | None = None) -> pa.Table:
        """Rows of the committed snapshot of a table, all in memory.

        A column that an older version of PivotMine did not write is null. Tables that grow with the
        corpus are read by DuckDB (`pivotmine.lake.query.connect`) or Spark instead.
        """
        schema = TABLES[name].schema
        if columns is not None:
            schema = pa.schema([schema.field(column) for column in columns])
        return self._read_files(self.data_files(self.snapshot(name)), schema)

    def files(self, name: str, snapshot: Snapshot | None = None) -> list[str]:
        """Paths of the Parquet files of a snapshot (the committed one by default), sorted."""
        return [path for path, _ in self.file_sizes(name, snapshot)]

    def file_sizes(
        self, name: str, snapshot: Snapshot | None = None, *, in_rows: bool = False
    ) -> list[tuple[str, int]]:
        """Paths of the Parquet files of a snapshot, sorted, with their sizes in bytes or rows."""
        return sorted(
            (file.file_path, file.record_count if in_rows else file.file_size_in_bytes)
            for file in self.data_files(snapshot or self.snapshot(name))
        )

    def n_rows(self, name: str, snapshot: Snapshot | None = None) -> int:
        """Rows of a snapshot (the committed one by default), from its metadata."""
        snapshot = snapshot or self.snapshot(name)
        if snapshot is None or snapshot.summary is None:
            return 0
        return int(snapshot.summary["total-records"] or 0)

    def committed_run_ids(self) -> set[str]:
        """Ids of committed runs."""
        return set(self.runs()[RUN_ID].to_pylist())

    def iceberg_table(self, name: str) -> IcebergTable | None:
        """The table as the catalog knows it; None before its first commit."""
        table = self.tables.get(name)  # the thread that renews a lease reads tables, too
        if table is None:
            try:
                table = patiently(
                    lambda: self.catalog.load_table((self.namespace, name)),
                    f"table {name}",
                    self.held.settings,
                )
            except NoSuchTableError:
                return None
            except LakeError:
                raise
            except Exception as error:
                raise LakeError(self._unreadable(name, error)) from error
            self.tables[name] = table
        return table

    def _unreadable(self, name: str, error: Exception) -> str:
        """Why the catalog cannot read a table, with what mends it."""
        if not isinstance(error, ValidationError | ValueError | FileNotFoundError):
            return f"the catalog cannot read table {name}: {self.said(error)}"
        folder = posixpath.join(self.warehouse, self.namespace, name, "metadata")
        return (
            f"the metadata of table {name} in {folder} is gone or damaged ({self.said(error)}). "
            "Restore the last .metadata.json from a backup, or copy the one before it in its "
            "place: the next run brings the table up to date."
        )

    def open(self, path: str, size: int | None = None) -> IO[bytes]:
        """Open a file of the lake for reading; a known size spares a request to a store."""
        if self.is_local:
            return open(local_path(path), "rb")
        stream: IO[bytes] = self.filesystem.open(path, "rb", size=size)
        return stream

    def content(self, path: str) -> bytes:
        """A small file of the lake, in one request."""
        if self.is_local:
            with open(local_path(path), "rb") as stream:
                return stream.read()
        return bytes(self.filesystem.cat_file(path))

    def _read_files(self, files: Sequence[DataFile], schema: pa.Schema) -> pa.Table:
        parts = [pa.Table.from_batches([], schema)]  # `empty_table` would import pandas
        for found in files:
            path, size = found.file_path, found.file_size_in_bytes
            with reading(path), self.open(path, size) as stream, parquet_reader(stream) as file:
                present = [name for name in schema.names if name in file.schema_arrow.names]
                parts.append(conform(file.read(present), schema))
        return pa.concat_tables(parts)

    def data_files(self, snapshot: Snapshot | None) -> list[DataFile]:
        """The Parquet files of a snapshot, as its manifests describe them."""
        return [entry.data_file for entry in self.entries(snapshot)]

    def entries(self, snapshot: Snapshot | None) -> list[ManifestEntry]:
        """The entries of the files of a snapshot; read once."""
        if snapshot is None:
            return []
        if snapshot.snapshot_id not in self._entries:
            table = self.iceberg_table(RUNS.name)
            assert table is not None, "a lake with snapshots has a table of runs"
            try:
                self._entries[snapshot.snapshot_id] = [
                    entry
                    for manifest in snapshot.manifests(table.io)
                    for entry in manifest.fetch_manifest_entry(table.io)
                ]
            except LakeError:
                raise
            except Exception as error:
                if isinstance(error, OSError) and not isinstance(error, FileNotFoundError):
                    raise  # of the disk or the store, not of the bytes
                raise DamagedError(
                    f"the list of files {snapshot.manifest_list} is gone or damaged "
                    f"({self.said(error)}). {REMEDY}"
                ) from error
        return self._entries[snapshot.snapshot_id]

    # ---- files of a run ----------------------------------------------------------------------

    def staging_path(self, name: str, run_id: str) -> str:
        """Where a run puts the files of a table before they are committed."""
        return posixpath.join(self.warehouse, self.namespace, name, "data", run_id)

    def scratch_path(self, run_id: str) -> str:
        """Where a run keeps intermediate files; removed when it ends."""
        return posixpath.join(self.warehouse, self.namespace, "_scratch", run_id)

    def artifact_path(self, kind: str, run_id: str) -> str:
        """Where a run puts files that table `kind` lists but does not hold (shards)."""
        return posixpath.join(self.warehouse, self.namespace, kind, "files", run_id)

    def path_of(self, address: str) -> str:
        """The path of a file in the folder of the namespace, which stays when the lake is moved.

        What lies elsewhere keeps its address.
        """
        root = self.normal_address(posixpath.join(self.warehouse, self.namespace)) + "/"
        normal = self.normal_address(address)
        return normal.removeprefix(root) if normal.startswith(root) else address

    def address_of(self, path: str) -> str:
        """Where a file is whose path in the folder of the namespace is known.

        Earlier versions kept addresses of training files: what follows the folder is their path.
        """
        _, artifacts, rest = path.rpartition(ARTIFACTS)
        if "://" in path and not artifacts:
            return path
        return posixpath.join(self.warehouse, self.namespace, artifacts + rest)

    def parquet_files(self, path: str) -> list[str]:
        """Parquet files directly under a folder, as URIs of the warehouse's scheme, sorted."""
        return [
            posixpath.join(path, name) for name in self.names_in(path) if name.endswith(".parquet")
        ]

    def names_in(self, folder: str) -> list[str]:
        """Names of the files and folders directly in a folder, sorted; none if it is not there."""
        self.filesystem.invalidate_cache()  # other processes write here
        try:
            found = self.filesystem.ls(folder, detail=False)
        except FileNotFoundError:
            return []
        start = self.normal_address(folder)
        below = (relative_address(self.normal_address(str(item)), start) for item in found)
        return sorted({path for path in below if path})

    def sizes_in(self, folder: str) -> dict[str, int]:
        """Bytes of each file directly in a folder, by its normal address."""
        self.filesystem.invalidate_cache()  # other processes write here
        try:
            found = self.filesystem.ls(folder, detail=True)
        except FileNotFoundError:
            return {}
        return {
            self.normal_address(str(item["name"])): int(item["size"])
            for item in found
            if item["type"] == "file"
        }

    def files_below(self, folder: str) -> dict[str, str]:
        """Every file under a folder: its normal address to its URI in the warehouse's scheme.

        A path that is a file stands for itself.
        """
        self.filesystem.invalidate_cache()
        start = self.normal_address(folder)
        found = {}
        for item in self.filesystem.find(folder):
            address = self.normal_address(str(item))
            path = relative_address(address, start)
            found[address] = posixpath.join(folder, path) if path else folder
        return found

    def normal_address(self, name: str) -> str:
        """The normal form of an address, or of a name that the warehouse's filesystem lists."""
        return normal_address(name, self.filesystem)

    def remove(self, path: str) -> None:
        """Delete a file or folder of this lake if it is there."""
        with contextlib.suppress(FileNotFoundError):
            if path.endswith(".parquet"):
                self.filesystem.rm_file(path)
            else:
                self.filesystem.rm(path, recursive=True)

    def said(self, error: Exception) -> str:
        """What an error of a library says, in one line and without secrets."""
        return one_line(error, self._catalog_properties)


def run_id(snapshot: Snapshot) -> str | None:
    """The run that made a snapshot."""
    return snapshot.summary.additional_properties.get(RUN_ID) if snapshot.summary else None
