"""A lake that was moved or copied: its addresses are those of its new folder.

Iceberg's metadata names every file by its full address. PivotMine's own tables do not: paths in
them begin below the warehouse. So the rows of a lake stay as they are when it moves, and only
metadata is written anew: manifests, the lists of manifests, and the description of each table. They
keep their names and replace the old ones one by one. The catalog is changed last, in one step;
until then the lake is not open at its new place, and the move can be repeated.
"""

from __future__ import annotations

import contextlib
import json
import os
import posixpath
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.manifest import ManifestFile, write_manifest, write_manifest_list
from pyiceberg.table.metadata import TableMetadata, TableMetadataUtil
from pyiceberg.table.snapshots import Snapshot

from pivotmine.errors import LakeError
from pivotmine.lake.addresses import is_local, local_path, normal_address
from pivotmine.lake.catalog import CATALOG_FILE
from pivotmine.lake.lake import Lake
from pivotmine.lake.tables import TABLES
from pivotmine.recipe import LakeConfig

_MANIFEST_FIELDS = (
    *("partition_spec_id", "content", "sequence_number", "min_sequence_number"),
    *("added_snapshot_id", "added_files_count", "existing_files_count", "deleted_files_count"),
    *("added_rows_count", "existing_rows_count", "deleted_rows_count", "partitions"),
    "key_metadata",
)


@dataclass
class _Move:
    """Addresses below one folder become those below another."""

    before: str
    after: str
    manifests: dict[str, int] = field(default_factory=dict)
    """Manifests that are done, by new path, with their bytes."""

    def address(self, address: str) -> str:
        normal = normal_address(address) if address.startswith(("file:", "/")) else address
        for place in (self.before, self.after):
            if normal == place or normal.startswith(place + "/"):
                return self.after + normal[len(place) :]
        return address

    def json(self, value: Any) -> Any:
        """JSON values with every address in them moved."""
        if isinstance(value, str):
            return self.address(value)
        if isinstance(value, dict):
            return {name: self.json(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.json(item) for item in value]
        return value


def move_lake(before: str, after: str) -> int:
    """Tell a lake that its folder was moved or copied; returns the number of its tables.

    All namespaces of the warehouse are moved. A lake that has been moved already stays as it is.

    Parameters
    ----------
    before
        The warehouse as it was.
    after
        The warehouse as it is: the files are there.

    Raises
    ------
    LakeError
        Not both are local folders, there is no lake at `after`, or a file of it is missing.
    """
    if not (is_local(before) and is_local(after)):
        raise LakeError(
            "only lakes in local folders, with their own catalog, can be moved: another catalog "
            "names its tables' places itself. Copy the files, and register the tables there."
        )
    move = _Move(normal_address(before), normal_address(after))
    catalog = os.path.join(local_path(after), CATALOG_FILE)
    if not os.path.exists(catalog):
        raise LakeError(
            f"no lake at {after}: it holds no {CATALOG_FILE}. Copy or move the whole folder first."
        )
    with contextlib.closing(sqlite3.connect(catalog)) as connection:
        tables = connection.execute("SELECT metadata_location FROM iceberg_tables").fetchall()
        try:
            for (location,) in tables:
                _move_table(move, location)
        except (OSError, ValueError) as error:
            raise LakeError(f"{after} is not a whole copy of the lake: {error}") from error
        with connection:
            connection.executemany(
                "UPDATE iceberg_tables SET previous_metadata_location = NULL, "
                "metadata_location = ? WHERE metadata_location = ?",
                [(move.address(old), old) for (old,) in tables],
            )
        places = connection.execute(
            "SELECT table_namespace, metadata_location FROM iceberg_tables"
        ).fetchall()
    for namespace in {name for name, _ in places}:
        _move_unpublished(move, Lake(LakeConfig(warehouse=after, namespace=namespace)))
    for _, location in places:
        _delete_past_metadata(Path(local_path(location)))
    return len(places)


def _move_unpublished(move: _Move, lake: Lake) -> None:
    """Write the lists anew that only `runs` names yet, because a driver died at publishing them."""
    for name in TABLES:
        table, snapshot = lake.iceberg_table(name), lake.snapshot(name)
        if table and snapshot and table.snapshot_by_id(snapshot.snapshot_id) is None:
            _move_list(move, table.metadata, snapshot)


def _delete_past_metadata(current: Path) -> None:
    """Delete earlier descriptions of a table, which name the old place."""
    for path in current.parent.glob("*.metadata.json"):
        if path != current:
            path.unlink()


def _move_table(move: _Move, location: str) -> None:
    """Write the metadata of a table anew."""
    path = local_path(move.address(location))
    values = move.json(json.loads(Path(path).read_text(encoding="utf-8")))
    values["metadata-log"] = []
    metadata = TableMetadataUtil.parse_obj(values)
    for snapshot in metadata.snapshots:
        _move_list(move, metadata, snapshot)
    with _replaced(path) as new:
        Path(new).write_text(json.dumps(values), encoding="utf-8")


def _move_list(move: _Move, metadata: TableMetadata, snapshot: Snapshot) -> None:
    """Write a list of manifests, and the manifests in it, anew."""
    io = PyArrowFileIO()
    moved = [_move_manifest(move, metadata, one) for one in snapshot.manifests(io)]
    with (
        _replaced(local_path(snapshot.manifest_list)) as new,
        write_manifest_list(
            format_version=metadata.format_version,
            output_file=io.new_output(new),
            snapshot_id=snapshot.snapshot_id,
            parent_snapshot_id=snapshot.parent_snapshot_id,
            sequence_number=snapshot.sequence_number,
            avro_compression="deflate",
        ) as writer,
    ):
        writer.add_manifests(moved)


def _move_manifest(move: _Move, metadata: TableMetadata, manifest: ManifestFile) -> ManifestFile:
    """Write a manifest anew; returns its line in the list."""
    path = move.address(manifest.manifest_path)
    if path not in move.manifests:
        _write_entries(move, metadata, manifest, path)
        move.manifests[path] = os.path.getsize(local_path(path))
    return ManifestFile.from_args(
        manifest_path=path,
        manifest_length=move.manifests[path],
        **{name: getattr(manifest, name) for name in _MANIFEST_FIELDS},
    )


def _write_entries(move: _Move, metadata: TableMetadata, manifest: ManifestFile, path: str) -> None:
    io = PyArrowFileIO()
    at_new_place = ManifestFile.from_args(
        manifest_path=path,
        manifest_length=manifest.manifest_length,
        **{name: getattr(manifest, name) for name in _MANIFEST_FIELDS},
    )
    entries = at_new_place.fetch_manifest_entry(io, discard_deleted=False)
    with (
        _replaced(local_path(path)) as new,
        write_manifest(
            format_version=metadata.format_version,
            spec=metadata.specs()[manifest.partition_spec_id],
            schema=metadata.schema(),
            output_file=io.new_output(new),
            snapshot_id=manifest.added_snapshot_id or 0,
            avro_compression="deflate",
        ) as writer,
    ):
        for entry in entries:
            entry.data_file[1] = move.address(entry.data_file.file_path)
            writer.add_entry(entry)


@contextlib.contextmanager
def _replaced(path: str) -> Iterator[str]:
    """A path to write to; what is written replaces the file in one step."""
    new = posixpath.join(os.path.dirname(path), f".{os.path.basename(path)}.moving")
    yield new
    os.replace(new, path)
