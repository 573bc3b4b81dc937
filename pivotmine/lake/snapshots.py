"""Snapshots of a table, prepared as files before any catalog knows them.

A prepared snapshot is a manifest and a manifest list in the folder of its run, beside the data
files. Nobody sees it until a catalog adds it to the metadata of its table.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from pyiceberg.manifest import (
    ManifestEntry,
    ManifestEntryStatus,
    write_manifest,
    write_manifest_list,
)
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Operation, Snapshot, Summary

from pivotmine.errors import DamagedError, LakeError
from pivotmine.lake.digests import DIGESTS, FileDigest, write_digests
from pivotmine.lake.lake import Lake
from pivotmine.lake.table_changes import table_of

if TYPE_CHECKING:
    from pyiceberg.manifest import DataFile, ManifestFile

_FOOTER_THREADS = 16


def prepare(
    lake: Lake,
    name: str,
    base: Snapshot | None,
    files: Sequence[str],
    kept: Collection[str],
    properties: dict[str, str],
    folder: str,
    digests: Mapping[str, FileDigest] | None = None,
) -> Snapshot:
    """A snapshot of these files, and of those of `base` that are in `kept`.

    Where that changes nothing, it is `base` itself.

    Memory: an entry for each file of the table, about a kilobyte.

    Parameters
    ----------
    folder
        Where manifest and manifest list go.
    digests
        Digests of files, where their writers know them.

    Raises
    ------
    LakeError
        `base` does not list a file that should stay.
    """
    table = table_of(lake, name)
    stay = {lake.normal_address(path) for path in kept}
    existing: list[ManifestEntry] = []
    leaving: list[ManifestEntry] = []
    for entry in _entries(lake, base, kept):
        stays = lake.normal_address(entry.data_file.file_path) in stay
        (existing if stays else leaving).append(entry)
    if len(existing) != len(stay):
        raise LakeError(
            f"table {name} does not list all files that should stay in it, so it was changed "
            "during the run; nothing of this stage counts. Run it again."
        )
    if base is not None and not files and not leaving:
        return base
    hash_of_digests = write_digests(lake, name, folder, base, kept, files, digests or {})
    properties = {**properties, DIGESTS: hash_of_digests}
    added = _data_files(table, files)
    snapshot_id = table.metadata.new_snapshot_id()
    manifests = _write_manifest(table, folder, snapshot_id, added, existing, leaving)
    return _snapshot(
        table,
        posixpath.join(folder, f"snap-{snapshot_id}.avro"),
        manifests,
        snapshot_id=snapshot_id,
        parent_snapshot_id=base.snapshot_id if base else None,
        summary=Summary(
            Operation.OVERWRITE if base else Operation.APPEND,
            **properties,
            **_totals(added, [e.data_file for e in existing], [e.data_file for e in leaving]),
        ),
    )


def _entries(lake: Lake, base: Snapshot | None, kept: Collection[str]) -> Sequence[ManifestEntry]:
    """The files of the snapshot before; none if its list is damaged and none of them stays."""
    try:
        return lake.entries(base)
    except DamagedError:
        if kept:
            raise
        return ()


def renumbered(table: Table, snapshot: Snapshot) -> Snapshot:
    """The snapshot with a sequence number that its table accepts.

    Another program that wrote to the table since the snapshot was prepared has taken its number.
    """
    if (snapshot.sequence_number or 0) >= table.metadata.next_sequence_number():
        return snapshot
    path = table.location_provider().new_metadata_location(f"snap-{snapshot.snapshot_id}.avro")
    manifests = snapshot.manifests(table.io)
    return _snapshot(table, path, manifests, **snapshot.model_dump(exclude={"sequence_number"}))


def empty_snapshot(
    table: Table, path: str, summary: dict[str, str], *, is_written: bool
) -> Snapshot:
    """A snapshot without files, whose summary is its content.

    Its manifest list is at `path`. All empty ones are the same, so it may be written already.
    """
    return _snapshot(
        table,
        path,
        None if is_written else [],
        snapshot_id=table.metadata.new_snapshot_id(),
        summary=Summary(Operation.APPEND, **summary, **_totals([], [], [])),
    )


def _data_files(table: Table, files: Sequence[str]) -> list[DataFile]:
    """Parquet files as manifests describe them, from their footers."""
    from pyiceberg.io.pyarrow import parquet_file_to_data_file

    def describe(path: str) -> DataFile:
        return parquet_file_to_data_file(table.io, table.metadata, path)

    if len(files) < 2:
        return list(map(describe, files))
    with ThreadPoolExecutor(_FOOTER_THREADS) as pool:
        return list(pool.map(describe, files))


def _write_manifest(
    table: Table,
    folder: str,
    snapshot_id: int,
    added: Sequence[DataFile],
    existing: Sequence[ManifestEntry],
    leaving: Sequence[ManifestEntry],
) -> list[ManifestFile]:
    """One manifest of all files, so that readers open one; none where there is nothing to say."""
    if not (added or existing or leaving):
        return []
    with write_manifest(
        format_version=table.metadata.format_version,
        spec=table.spec(),
        schema=table.schema(),
        output_file=table.io.new_output(posixpath.join(folder, f"files-{snapshot_id}.avro")),
        snapshot_id=snapshot_id,
        avro_compression="deflate",
    ) as writer:
        for file in added:
            writer.add_entry(
                ManifestEntry.from_args(
                    status=ManifestEntryStatus.ADDED,
                    snapshot_id=snapshot_id,
                    sequence_number=None,
                    file_sequence_number=None,
                    data_file=file,
                )
            )
        for entry in existing:
            writer.existing(entry)
        for entry in leaving:
            writer.delete(entry)
    return [writer.to_manifest_file()]


def _snapshot(
    table: Table, path: str, manifests: Sequence[ManifestFile] | None, **fields: object
) -> Snapshot:
    """A snapshot with the next sequence number of its table; writes its manifest list, if given."""
    snapshot = Snapshot.model_validate(
        {
            "schema_id": table.metadata.current_schema_id,
            **fields,
            "sequence_number": table.metadata.next_sequence_number(),
            "manifest_list": path,
        }
    )
    if manifests is None:
        return snapshot
    with write_manifest_list(
        format_version=table.metadata.format_version,
        output_file=table.io.new_output(path),
        snapshot_id=snapshot.snapshot_id,
        parent_snapshot_id=snapshot.parent_snapshot_id,
        sequence_number=snapshot.sequence_number,
        avro_compression="deflate",
    ) as writer:
        writer.add_manifests(list(manifests))
    return snapshot


def _totals(
    added: Sequence[DataFile], existing: Sequence[DataFile], leaving: Sequence[DataFile]
) -> dict[str, str]:
    """The counts that Iceberg's readers expect in the summary of a snapshot."""
    figures = {"total-delete-files": 0, "total-position-deletes": 0, "total-equality-deletes": 0}
    for kind, files in (("added", added), ("deleted", leaving), ("total", [*existing, *added])):
        size = "removed" if kind == "deleted" else kind
        figures[f"{kind}-data-files"] = len(files)
        figures[f"{kind}-records"] = sum(file.record_count for file in files)
        figures[f"{size}-files-size"] = sum(file.file_size_in_bytes for file in files)
    return {name: str(figure) for name, figure in figures.items()}
