"""One run at a time, and no trace of a run that died.

A run that ends before its row in `runs` leaves staged files and perhaps new snapshots of some
tables. `recover` rolls these tables back to the last committed snapshot and deletes the files, so
that after a crash at any moment every Iceberg reader sees the state before the stage.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import posixpath
from collections.abc import Iterator

from pivotmine.errors import LakeError
from pivotmine.lake.catalog import local_path
from pivotmine.lake.lake import Lake
from pivotmine.lake.tables import RUNS, SHARDS, TABLES


@contextlib.contextmanager
def lock(lake: Lake) -> Iterator[None]:
    """Keep other runs out of a local lake; remote catalogs detect conflicts at commit.

    Raises
    ------
    LakeError
        Another run holds the lock.
    """
    if not lake.is_local:
        yield
        return
    path = os.path.join(local_path(lake.warehouse), f".{lake.namespace}.lock")
    with open(path, "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise LakeError(
                f"another run is writing to {lake.warehouse} (namespace {lake.namespace}). "
                "Wait for it, or give this one its own lake.warehouse or lake.namespace."
            ) from None
        yield


def recover(lake: Lake) -> list[str]:
    """Undo what uncommitted runs left; returns a line for each thing that was undone.

    Must run under `lock`. In a remote lake files are left alone, since another driver may be
    staging them; `runs` decides what is visible there too.
    """
    done = [line for name in TABLES if name != RUNS.name for line in _roll_back(lake, name)]
    if lake.is_local:
        done += _delete_uncommitted_files(lake)
    return done


def _roll_back(lake: Lake, name: str) -> list[str]:
    table = lake.iceberg_table(name)
    current = table.current_snapshot() if table else None
    committed = lake.snapshot(name)
    if table is None or current is None or current == committed:
        return []
    if committed is None:
        # The table has no committed state to return to.
        lake.drop_table(name)
        return [f"dropped table {name}, whose first run never committed"]
    table.manage_snapshots().rollback_to_snapshot(committed.snapshot_id).commit()
    table.refresh()
    return [f"rolled {name} back to committed snapshot {committed.snapshot_id}"]


def _delete_uncommitted_files(lake: Lake) -> list[str]:
    committed = lake.committed_run_ids()
    done = []
    staged = [f"{name}/data" for name in TABLES if name != RUNS.name]
    for kind in [*staged, "_scratch", f"{SHARDS.name}/files"]:
        folder = posixpath.join(lake.warehouse, lake.namespace, kind)
        if not lake.filesystem.exists(folder):
            continue
        for path in lake.filesystem.ls(folder, detail=False):
            if posixpath.basename(str(path)) not in committed:
                lake.filesystem.rm(path, recursive=True)
                done.append(f"deleted uncommitted files {kind}/{posixpath.basename(path)}")
    return done
