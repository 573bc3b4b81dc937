"""Deleting the past of a lake: earlier snapshots, with the files that only they list."""

from __future__ import annotations

import posixpath
from collections.abc import Collection

from pivotmine.errors import LakeError
from pivotmine.lake.digests import digests_path
from pivotmine.lake.lake import Lake, run_id
from pivotmine.lake.table_changes import MAIN, drop, same_head, swap
from pivotmine.lake.tables import RUNS, SHARDS, TABLES


def forget_past(lake: Lake) -> int:
    """Delete earlier snapshots of all tables, their data files and shards; returns how many.

    `runs` keeps its rows. Must run under `pivotmine.lake.lease.hold_lease`. Only files of committed
    runs are deleted, and none that the last snapshots list. A driver that takes over meanwhile can
    list no others of these files, so it does no harm if this one was only thought dead.

    Raises
    ------
    LakeError
        A file of a committed table is not where the table says. Nothing of that table is deleted.
    """
    lake.refresh()
    n_snapshots = 0
    for name in TABLES:
        table, current = lake.iceberg_table(name), lake.snapshot(name)
        if table is None or current is None or name == RUNS.name:
            continue
        kept = lake.files(name, current)
        _check_listed(lake, name, kept)
        past = [s.snapshot_id for s in table.snapshots() if s.snapshot_id != current.snapshot_id]
        if past:
            swap(lake, table, [same_head(table, MAIN)], [drop(past)])
            n_snapshots += len(past)
        digests = digests_path(lake, name, current)
        lists = [current.manifest_list, *(one.manifest_path for one in current.manifests(table.io))]
        _remove_others(lake, f"{name}/data", [*kept, *lists, *([digests] if digests else [])])
        if name == SHARDS.name:
            files = lake.artifact_path(name, str(run_id(current)))
            _remove_others(lake, f"{name}/files", list(lake.files_below(files).values()))
    return n_snapshots


def _check_listed(lake: Lake, name: str, kept: Collection[str]) -> None:
    """Every file that must stay is found where files are about to be deleted."""
    found = lake.files_below(_folder(lake, f"{name}/data"))
    missing = [path for path in kept if lake.normal_address(path) not in found]
    if missing:
        raise LakeError(
            f"{len(missing)} of {len(kept)} files of table {name} are not in its folder, for one "
            f"{missing[0]}. The past of this table was not deleted. Has the lake been moved or "
            "copied?"
        )


def _remove_others(lake: Lake, kind: str, kept: Collection[str]) -> None:
    """Delete the files of past runs under a folder of the lake, but those in `kept`."""
    folder = _folder(lake, kind)
    committed = lake.committed_run_ids()
    stay = {lake.normal_address(path) for path in kept}
    for name in lake.names_in(folder):
        if name not in committed:
            continue
        path = posixpath.join(folder, name)
        below = lake.files_below(path)
        if stay.isdisjoint(below):
            lake.remove(path)
            continue
        for address, file in below.items():
            if address not in stay:
                lake.remove(file)


def _folder(lake: Lake, kind: str) -> str:
    return posixpath.join(lake.warehouse, lake.namespace, kind)
