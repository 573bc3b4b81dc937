"""The lake: Iceberg tables that are only ever seen whole.

Spark writes Parquet files into a folder that carries the run's id; the driver then commits them
with PyIceberg. Why so: one `pip install`, no JVM jar to match with the Spark version, and every
catalog that PyIceberg speaks, so Trino, Spark, DuckDB and the torch side read the same tables.

A stage writes several tables, and Iceberg catalogs commit one at a time. The commit point of a
stage is therefore its row in `runs`: a snapshot whose `run_id` no row names is not part of the
lake. PivotMine never reads such a snapshot, and `recover` (called before every run) rolls the
table back to the last committed one and deletes the files that were staged, so that after a crash
at any moment every reader sees the state before the stage.

Rows are never deleted in place, so reading a snapshot is reading its list of Parquet files.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import posixpath
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any
from urllib.parse import quote

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.exceptions import CommitFailedException, NoSuchTableError
from pyiceberg.io.pyarrow import parquet_file_to_data_file
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table as IcebergTable
from pyiceberg.table import TableProperties
from pyiceberg.table.snapshots import Snapshot

from pivotmine.errors import LakeError
from pivotmine.lake.tables import RUNS, SHARDS, TABLES
from pivotmine.recipe import LakeConfig

RUN_ID = "run_id"
"""Snapshot property that ties a snapshot to its row in `runs`."""

_FOOTER_THREADS = 16


class Lake:
    """One namespace of Iceberg tables under one warehouse folder.

    Parameters
    ----------
    read_only
        Leave no trace: a lake on a disk that may not be written can be queried, and a mistyped
        name makes no folder.

    Raises
    ------
    LakeError
        The warehouse cannot be written, the catalog cannot be reached, or a commit lost a race.
    """

    def __init__(self, config: LakeConfig, *, read_only: bool = False) -> None:
        self.namespace = config.namespace
        self.warehouse, self._local = _resolve_warehouse(config.warehouse)
        self.filesystem, _ = fsspec.core.url_to_fs(self.warehouse)
        if not config.catalog and not self._local:
            raise LakeError(
                f"the embedded catalog needs a local folder, and {self.warehouse} is none. Give "
                "lake.catalog (type, uri, ...) for a remote warehouse."
            )
        if not read_only:
            self._prove_writable()
        properties = dict(config.catalog) or _embedded_catalog(self.warehouse, read_only)
        try:
            self.catalog: Catalog = load_catalog(
                "pivotmine", **{"warehouse": self.warehouse, **properties}
            )
            if not read_only:
                self.catalog.create_namespace_if_not_exists(self.namespace)
        except Exception as error:
            raise LakeError(f"the catalog cannot be opened with {properties}: {error}") from error
        self._tables: dict[str, IcebergTable] = {}
        self._runs: pa.Table | None = None

    # ---- reading -----------------------------------------------------------------------------

    def runs(self) -> pa.Table:
        """Rows of `runs`, oldest first. Grows by one row a committed stage."""
        if self._runs is None:
            table = self._load(RUNS.name)
            rows = table.scan().to_arrow() if table else RUNS.schema.empty_table()
            self._runs = rows.sort_by("finished_at")
        return self._runs

    def snapshot(self, name: str, as_of: datetime | None = None) -> Snapshot | None:
        """The committed snapshot of a table, now or at a moment; None where there is none yet."""
        table = self._load(name)
        snapshot = table.current_snapshot() if table else None
        committed = self._committed_run_ids()
        moment = as_of.timestamp() * 1000 if as_of else float("inf")
        while snapshot and not (_run_id(snapshot) in committed and snapshot.timestamp_ms <= moment):
            parent = snapshot.parent_snapshot_id
            snapshot = table.snapshot_by_id(parent) if table and parent else None
        return snapshot

    def files(self, name: str, snapshot: Snapshot | None = None) -> list[str]:
        """Paths of the Parquet files of a snapshot (the committed one by default), sorted."""
        return [path for path, _ in self.file_sizes(name, snapshot)]

    def file_sizes(
        self, name: str, snapshot: Snapshot | None = None, *, in_rows: bool = False
    ) -> list[tuple[str, int]]:
        """Paths of the Parquet files of a snapshot, sorted, with their sizes in bytes or rows."""
        return sorted(
            (file.file_path, file.record_count if in_rows else file.file_size_in_bytes)
            for file in self._data_files(name, snapshot or self.snapshot(name))
        )

    def n_rows(self, name: str, snapshot: Snapshot | None = None) -> int:
        """Rows of a snapshot (the committed one by default), from its metadata."""
        snapshot = snapshot or self.snapshot(name)
        if snapshot is None or snapshot.summary is None:
            return 0
        return int(snapshot.summary["total-records"] or 0)

    # ---- writing -----------------------------------------------------------------------------

    def staging_path(self, name: str, run_id: str) -> str:
        """Where a run puts the files of a table before they are committed."""
        return posixpath.join(self.warehouse, self.namespace, name, "data", run_id)

    def scratch_path(self, run_id: str) -> str:
        """Where a run keeps intermediate files; removed when it ends."""
        return posixpath.join(self.warehouse, self.namespace, "_scratch", run_id)

    def artifact_path(self, kind: str, run_id: str) -> str:
        """Where a run puts files that table `kind` lists but does not hold (shards)."""
        return posixpath.join(self.warehouse, self.namespace, kind, "files", run_id)

    def parquet_files(self, path: str) -> list[str]:
        """Parquet files directly under a folder, as URIs of the warehouse's scheme, sorted."""
        if not self.filesystem.exists(path):
            return []
        found = self.filesystem.ls(path, detail=False)
        names = sorted(posixpath.basename(str(item)) for item in found)
        return [posixpath.join(path, name) for name in names if name.endswith(".parquet")]

    def count_rows(self, paths: list[str]) -> int:
        """Rows of Parquet files, from their footers."""
        total = 0
        for path in paths:
            with self.filesystem.open(path, "rb") as stream:
                total += pq.read_metadata(stream).num_rows
        return total

    def commit(
        self,
        run: dict[str, Any],
        staged: Mapping[str, list[str]],
        kept: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        """Replace the contents of all `staged` tables by their files, then record the run.

        Files of the current snapshot that are in `kept` stay in the table; a table in which all
        stay and nothing is added keeps its snapshot. Until the row in `runs` is written nothing
        of it counts as committed.
        """
        properties = {
            RUN_ID: run["run_id"],
            "fingerprint": run["fingerprint"],
            "stage": run["stage"],
        }
        outputs = {}
        try:
            for name, files in staged.items():
                stay = (kept or {}).get(name, ())
                outputs[name] = self._replace(name, files, properties, stay)
            row = pa.Table.from_pylist([{**run, "outputs": outputs}], schema=RUNS.schema)
            self._load_or_create(RUNS.name).append(row, snapshot_properties=properties)
        except CommitFailedException as error:
            raise LakeError(
                f"another writer changed the lake while {run['stage']} was committing ({error}); "
                "nothing of this stage counts. Run it again when the other run has ended."
            ) from error
        self._runs = None

    def _replace(
        self,
        name: str,
        files: Sequence[str],
        properties: dict[str, str],
        kept: Collection[str] = (),
    ) -> int:
        """One new snapshot: these files, and those of the current one that stay."""
        table = self._load_or_create(name)
        current = table.current_snapshot()
        leaving = [file for file in self._data_files(name, current) if file.file_path not in kept]
        if current is not None and kept and not files and not leaving:
            return int(current.snapshot_id)
        with table.transaction() as transaction:
            if table.name_mapping() is None:
                # Files that Spark writes name their columns and do not number them.
                mapping = table.schema().name_mapping.model_dump_json()
                transaction.set_properties({TableProperties.DEFAULT_NAME_MAPPING: mapping})
            metadata = transaction.table_metadata
            with transaction.update_snapshot(snapshot_properties=properties).overwrite() as update:
                for file in leaving:
                    update.delete_data_file(file)
                with ThreadPoolExecutor(_FOOTER_THREADS) as pool:
                    for added in pool.map(
                        lambda path: parquet_file_to_data_file(table.io, metadata, path), files
                    ):
                        update.append_data_file(added)
        snapshot = table.refresh().current_snapshot()
        assert snapshot is not None
        return snapshot.snapshot_id

    # ---- recovery ----------------------------------------------------------------------------

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other runs out of a local lake; remote catalogs detect conflicts at commit."""
        if not self._local:
            yield
            return
        with open(
            os.path.join(_local_path(self.warehouse), f".{self.namespace}.lock"), "w"
        ) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise LakeError(
                    f"another run is writing to {self.warehouse} (namespace {self.namespace}). "
                    "Wait for it, or give this one its own lake.warehouse or lake.namespace."
                ) from None
            yield

    def recover(self) -> list[str]:
        """Undo what uncommitted runs left; returns a line for each thing that was undone.

        Must run under `lock`. In a remote lake files are left alone, since another driver may be
        staging them; `runs` decides what is visible there too.
        """
        done = [line for name in TABLES if name != RUNS.name for line in self._roll_back(name)]
        if self._local:
            committed = self._committed_run_ids()
            for kind in [*(f"{name}/data" for name in TABLES), "_scratch", f"{SHARDS.name}/files"]:
                folder = posixpath.join(self.warehouse, self.namespace, kind)
                if kind == f"{RUNS.name}/data" or not self.filesystem.exists(folder):
                    continue
                for path in self.filesystem.ls(folder, detail=False):
                    if posixpath.basename(str(path)) not in committed:
                        self.filesystem.rm(path, recursive=True)
                        done.append(f"deleted uncommitted files {kind}/{posixpath.basename(path)}")
        return done

    def forget_past(self) -> int:
        """Delete earlier snapshots of all tables, their data files and shards; returns how many.

        `runs` keeps its rows. Must run under `lock`.
        """
        n_snapshots = 0
        for name in TABLES:
            table, current = self._load(name), self.snapshot(name)
            if table is None or current is None or name == RUNS.name:
                continue
            past = [s.snapshot_id for s in table.snapshots() if s != current]
            if past:
                table.maintenance.expire_snapshots().by_ids(past).commit()
                table.refresh()
                n_snapshots += len(past)
            self._remove_others(f"{name}/data", {_local_path(path) for path in self.files(name)})
            if name == SHARDS.name:
                self._remove_others(f"{name}/files", {str(_run_id(current))})
        return n_snapshots

    def _remove_others(self, kind: str, kept: Collection[str]) -> None:
        """Delete what is under a folder of the lake but the files and folders named in `kept`."""
        folder = posixpath.join(self.warehouse, self.namespace, kind)
        if not self.filesystem.exists(folder):  # of a table that never had a row
            return
        for path in map(str, self.filesystem.ls(folder, detail=False)):
            if posixpath.basename(path) in kept:
                continue
            below = {found: _local_path(found) in kept for found in self.filesystem.find(path)}
            if not any(below.values()):
                self.filesystem.rm(path, recursive=True)
                continue
            for found, stays in below.items():
                if not stays:
                    self.filesystem.rm(found)

    def remove(self, path: str) -> None:
        """Delete a folder of this lake if it is there."""
        with contextlib.suppress(FileNotFoundError):
            self.filesystem.rm(path, recursive=True)

    def _roll_back(self, name: str) -> list[str]:
        table = self._load(name)
        current = table.current_snapshot() if table else None
        committed = self.snapshot(name)
        if table is None or current is None or current == committed:
            return []
        if committed is None:
            # Never committed at all: without the table there is no state to see.
            self.catalog.drop_table((self.namespace, name))
            self._tables.pop(name, None)
            return [f"dropped table {name}, whose first run never committed"]
        table.manage_snapshots().rollback_to_snapshot(committed.snapshot_id).commit()
        table.refresh()
        return [f"rolled {name} back to committed snapshot {committed.snapshot_id}"]

    # ---- plumbing ----------------------------------------------------------------------------

    def _data_files(self, name: str, snapshot: Snapshot | None) -> list[DataFile]:
        table = self._load(name)
        if snapshot is None or table is None:
            return []
        return [task.file for task in table.scan(snapshot_id=snapshot.snapshot_id).plan_files()]

    def _committed_run_ids(self) -> set[str]:
        return set(self.runs().column(RUN_ID).to_pylist())

    def _load(self, name: str) -> IcebergTable | None:
        if name not in self._tables:
            try:
                self._tables[name] = self.catalog.load_table((self.namespace, name))
            except NoSuchTableError:
                return None
        return self._tables[name]

    def _load_or_create(self, name: str) -> IcebergTable:
        """The table, with all columns of this version; older snapshots stay as they are."""
        definition = TABLES[name]
        table = self._load(name)
        if table is not None and not set(definition.schema.names) <= set(
            table.schema().column_names
        ):
            with table.update_schema() as update:
                update.union_by_name(definition.schema)
        if table is None:
            table = self.catalog.create_table(
                (self.namespace, name),
                schema=definition.schema,
                location=posixpath.join(self.warehouse, self.namespace, name),
                properties={"comment": definition.doc, "write.parquet.compression-codec": "zstd"},
            )
            self._tables[name] = table
        return table

    def _prove_writable(self) -> None:
        probe = posixpath.join(self.warehouse, f".write-probe-{os.getpid()}")
        try:
            self.filesystem.makedirs(self.warehouse, exist_ok=True)
            with self.filesystem.open(probe, "wb") as stream:
                stream.write(b"")
            self.filesystem.rm(probe)
        except Exception as error:
            raise LakeError(
                f"the warehouse {self.warehouse} cannot be written: {error}. Set lake.warehouse to "
                "a folder or URI that you may write."
            ) from error


def _embedded_catalog(warehouse: str, read_only: bool) -> dict[str, str]:
    """Properties of the SQLite catalog in a local warehouse."""
    path = f"{_local_path(warehouse)}/catalog.db"
    if not read_only:
        return {"type": "sql", "uri": f"sqlite:///{path}"}
    if not os.path.exists(path):
        raise LakeError(
            f"nothing is committed in {warehouse} yet: it holds no catalog. Name the recipe with "
            "--config, or fill this lake with `pivotmine run`."
        )
    uri = f"sqlite:///file:{quote(path)}?mode=ro&uri=true"
    return {"type": "sql", "uri": uri, "init_catalog_tables": "false"}


def _run_id(snapshot: Snapshot) -> str | None:
    return snapshot.summary.additional_properties.get(RUN_ID) if snapshot.summary else None


def _resolve_warehouse(warehouse: str) -> tuple[str, bool]:
    """Absolute URI of the warehouse, and whether it is a local folder."""
    if "://" not in warehouse:
        return f"file://{os.path.abspath(os.path.expanduser(warehouse))}", True
    return warehouse.rstrip("/"), warehouse.startswith("file://")


def _local_path(uri: str) -> str:
    return uri.removeprefix("file://")
