"""Deleting the past of a lake: earlier snapshots, with the files that only they list."""

from __future__ import annotations

import posixpath
from collections.abc import Collection

from pivotmine.lake.catalog import local_path
from pivotmine.lake.lake import Lake, run_id
from pivotmine.lake.tables import RUNS, SHARDS, TABLES


def forget_past(lake: Lake) -> int:
    """Delete earlier snapshots of all tables, their data files and shards; returns how many.

    `runs` keeps its rows. Must run under `pivotmine.lake.recovery.lock`.
    """
    n_snapshots = 0
    for name in TABLES:
        table, current = lake.iceberg_table(name), lake.snapshot(name)
        if table is None or current is None or name == RUNS.name:
            continue
        past = [s.snapshot_id for s in table.snapshots() if s != current]
        if past:
            table.maintenance.expire_snapshots().by_ids(past).commit()
            table.refresh()
            n_snapshots += len(past)
        _remove_others(lake, f"{name}/data", {local_path(path) for path in lake.files(name)})
        if name == SHARDS.name:
            _remove_others(lake, f"{name}/files", {str(run_id(current))})
    return n_snapshots


def _remove_others(lake: Lake, kind: str, kept: Collection[str]) -> None:
    """Delete everything under a folder of the lake except the files and folders in `kept`."""
    folder = posixpath.join(lake.warehouse, lake.namespace, kind)
    if not lake.filesystem.exists(folder):  # of a table that never had a row
        return
    for path in map(str, lake.filesystem.ls(folder, detail=False)):
        if posixpath.basename(path) in kept:
            continue
        below = {found: local_path(found) in kept for found in lake.filesystem.find(path)}
        if not any(below.values()):
            lake.filesystem.rm(path, recursive=True)
            continue
        for found, stays in below.items():
            if not stays:
                lake.filesystem.rm(found)
