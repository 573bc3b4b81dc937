"""Changes of a table that a catalog makes in one atomic step, if what they assert holds."""

from __future__ import annotations

import contextlib
import posixpath
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyiceberg.table import Table, TableProperties
from pyiceberg.table.snapshots import Snapshot
from pyiceberg.table.update import (
    AddSnapshotUpdate,
    AssertRefSnapshotId,
    AssertTableUUID,
    RemoveSnapshotsUpdate,
    SetPropertiesUpdate,
    SetSnapshotRefUpdate,
)

from pivotmine.lake.lake import Lake
from pivotmine.lake.tables import RUNS, TABLES

if TYPE_CHECKING:
    from pyiceberg.table.update import TableRequirement, TableUpdate

MAIN = "main"

_PROPERTIES = {
    RUNS.name: {TableProperties.METADATA_PREVIOUS_VERSIONS_MAX: "10"},
}
"""`runs` changes with every commit and every lease, so its old metadata goes soon."""


def add_and_point(
    table: Table, snapshot: Snapshot, ref: str
) -> tuple[list[TableRequirement], list[TableUpdate]]:
    """What adds a snapshot to a table and makes it the head of a branch.

    The requirements say that the branch is where `table` has it.
    """
    updates: list[TableUpdate] = []
    if table.snapshot_by_id(snapshot.snapshot_id) is None:
        updates.append(AddSnapshotUpdate(snapshot=snapshot))
    updates.append(point(ref, snapshot))
    return [AssertTableUUID(uuid=table.metadata.table_uuid), same_head(table, ref)], updates


def point(ref: str, snapshot: Snapshot) -> TableUpdate:
    """The update that makes a snapshot the head of a branch."""
    fields = {"ref-name": ref, "type": "branch", "snapshot-id": snapshot.snapshot_id}
    return SetSnapshotRefUpdate.model_validate(fields)


def same_head(table: Table, ref: str) -> TableRequirement:
    """The requirement that a branch is where `table` has it."""
    head = table.metadata.refs.get(ref)
    fields = {"ref": ref, "snapshot-id": head.snapshot_id if head else None}
    return AssertRefSnapshotId.model_validate(fields)


def drop(snapshot_ids: Sequence[int]) -> TableUpdate:
    """The update that takes snapshots out of a table."""
    return RemoveSnapshotsUpdate.model_validate({"snapshot-ids": list(snapshot_ids)})


def swap(
    lake: Lake,
    table: Table,
    requirements: Sequence[TableRequirement],
    updates: Sequence[TableUpdate],
) -> Table:
    """Change a table in one atomic step, if the requirements hold; returns it as it is then.

    The catalog is asked once: PyIceberg's own transactions try again on top of what another writer
    has committed.
    """
    more: list[TableUpdate] = []
    if table.name_mapping() is None:
        # Files that Spark writes name their columns and do not number them.
        mapping = table.schema().name_mapping.model_dump_json()
        more.append(SetPropertiesUpdate(updates={TableProperties.DEFAULT_NAME_MAPPING: mapping}))
    lake.tables.pop(table.name()[-1], None)  # if the answer is lost, the table is read again
    done = lake.catalog.commit_table(table, tuple(requirements), (*more, *updates))
    changed = Table(
        table.name(), done.metadata, done.metadata_location, table.io, lake.catalog, table.config
    )
    lake.tables[table.name()[-1]] = changed
    if table.name()[-1] == RUNS.name:
        _delete_old_metadata(table, changed)
    return changed


def _delete_old_metadata(before: Table, after: Table) -> None:
    """Delete the metadata files that the table has dropped from its log."""
    logs = [{one.metadata_file for one in table.metadata.metadata_log} for table in (before, after)]
    for path in logs[0] - logs[1]:
        with contextlib.suppress(Exception):  # it is in nobody's way
            before.io.delete(path)


def table_of(lake: Lake, name: str) -> Table:
    """The table, made if it is not there, with all columns of this version.

    Older snapshots stay as they are.
    """
    definition = TABLES[name]
    table = lake.iceberg_table(name)
    if table is None:
        table = lake.catalog.create_table_if_not_exists(
            (lake.namespace, name),
            schema=definition.schema,
            location=posixpath.join(lake.warehouse, lake.namespace, name),
            properties={
                "comment": definition.doc,
                "write.parquet.compression-codec": "zstd",
                **_PROPERTIES.get(name, {}),
            },
        )
        lake.tables[name] = table
    if not set(definition.schema.names) <= set(table.schema().column_names):
        with table.update_schema() as update:
            update.union_by_name(definition.schema)
    return table
