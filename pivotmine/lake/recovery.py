"""One run at a time, and no trace of a run that died.

A run that ends before its row in `runs` leaves staged files and perhaps new snapshots of some
tables. `recover` rolls these tables back to the last committed snapshot and deletes the files, so
that after a crash at any moment every Iceberg reader sees the state before the stage.

Nothing else deletes what a commit has touched. A run that fails at its commit cannot know what went
through: the answer of the catalog may be lost, or Ctrl-C may come after the row in `runs`. It
leaves everything where it is. `recover` reads `runs` anew, under the lock, and deletes only what no
row of it names.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import posixpath
from collections.abc import Collection, Iterator

from pivotmine.errors import LakeError
from pivotmine.lake.addresses import local_path
from pivotmine.lake.commit import drop_table
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

    Raises
    ------
    LakeError
        The warehouse holds rows of `runs` that the catalog does not know, so it is not known what
        is committed. Nothing is deleted.
    """
    lake.refresh()  # what was read before the lock may be old
    _check_catalog(lake)
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
        drop_table(lake, name)
        return [f"dropped table {name}, whose first run never committed"]
    table.manage_snapshots().rollback_to_snapshot(committed.snapshot_id).commit()
    table.refresh()
    return [f"rolled {name} back to committed snapshot {committed.snapshot_id}"]


def _check_catalog(lake: Lake) -> None:
    """The catalog is that of this warehouse: it knows `runs` wherever a run has been recorded."""
    if lake.iceberg_table(RUNS.name) is None and lake.names_in(_folder(lake, f"{RUNS.name}/data")):
        raise LakeError(
            f"{lake.warehouse} holds rows of table runs (namespace {lake.namespace}), but the "
            "catalog does not know that table, so it is not known what is committed. Nothing was "
            "deleted. Check lake.catalog and lake.namespace."
        )


def _delete_uncommitted_files(lake: Lake) -> list[str]:
    """Delete folders of runs that have no row in `runs`, and files of rows that are not there."""
    committed = lake.committed_run_ids()
    done = []
    for name in TABLES:
        if name != RUNS.name:
            done += _delete_except(lake, f"{name}/data", committed)
    done += _delete_except(lake, f"{SHARDS.name}/files", committed)
    done += _delete_except(lake, "_scratch", ())  # of use only while its run goes on
    rows = {lake.normal_address(path) for path in lake.files(RUNS.name)}
    return done + _delete_except(lake, f"{RUNS.name}/data", (), rows)


def _delete_except(
    lake: Lake, kind: str, committed: Collection[str], listed: Collection[str] = ()
) -> list[str]:
    """Delete what lies in a folder, but names in `committed` and what holds a file in `listed`."""
    folder = _folder(lake, kind)
    if not set(listed) <= lake.files_below(folder).keys():
        return []  # the lake has another address here, through a link or a move
    done = []
    for name in lake.names_in(folder):
        path = posixpath.join(folder, name)
        if name in committed or not lake.files_below(path).keys().isdisjoint(listed):
            continue
        lake.remove(path)
        done.append(f"deleted uncommitted files {kind}/{name}")
    return done


def _folder(lake: Lake, kind: str) -> str:
    return posixpath.join(lake.warehouse, lake.namespace, kind)
