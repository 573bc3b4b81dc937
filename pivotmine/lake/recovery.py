"""What the next driver does for one that died: publish what was committed, delete the rest.

A driver may die, be interrupted or lose an answer at any moment. Table `runs` says what is
committed. The next driver moves the heads of tables forward to it. Files of runs that have no row
are deleted, and only here: the fence of the lease has been moved since, so none of these runs can
be committed any more.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection

from pivotmine.lake.commit import is_published, publish_all
from pivotmine.lake.lake import Lake
from pivotmine.lake.lease import lease_of
from pivotmine.lake.tables import RUNS, SHARDS, TABLES


def recover(lake: Lake) -> list[str]:
    """Finish what committed runs have left undone, and delete what uncommitted ones left.

    Must run under `pivotmine.lake.lease.hold_lease`. Does nothing if the last driver gave its lease
    back and has left nothing. Returns a line for each thing that was done.
    """
    lease = lease_of(lake)
    if lease.is_clean:
        return []
    lake.refresh()  # what was read before the lease may be old
    done, is_whole = _publish(lake)
    done += _delete_uncommitted_files(lake)
    lease.is_clean = is_whole
    return done


def _publish(lake: Lake) -> tuple[list[str], bool]:
    """Move the heads of all tables to what is committed; also says whether that worked."""
    written = {name: lake.snapshot(name) for name in TABLES if name != RUNS.name}
    late = [name for name, one in written.items() if one and not is_published(lake, name, one)]
    if not late:
        return [], True
    lake.refresh_runs()  # after the tables were read: see `commit._publish`
    snapshots = {name: one for name in late if (one := lake.snapshot(name)) is not None}
    notes = publish_all(lake, snapshots)
    if notes:
        return notes, False
    return [f"published the committed snapshot of table {name}" for name in late], True


def _delete_uncommitted_files(lake: Lake) -> list[str]:
    """Delete folders of runs that have no row in `runs`, and files of rows that are not there.

    They are listed before the lease is renewed. So a driver that was thought dead cannot have
    begun a run in one of them, and none of them can be committed any more, however late they are
    deleted.
    """
    committed = lake.committed_run_ids()
    found = []
    for name in TABLES:
        if name != RUNS.name:
            found += _except(lake, f"{name}/data", committed)
    found += _except(lake, f"{SHARDS.name}/files", committed)
    found += _except(lake, "_scratch", ())  # of use only while its run goes on
    found += _uncommitted_rows(lake)
    if found:
        lease_of(lake).renew()
    for kind in found:
        lake.remove(_folder(lake, kind))
    return [f"deleted uncommitted files {kind}" for kind in found]


def _except(lake: Lake, kind: str, committed: Collection[str]) -> list[str]:
    """What lies in a folder, but for names in `committed`."""
    names = lake.names_in(_folder(lake, kind))
    return [posixpath.join(kind, name) for name in names if name not in committed]


def _uncommitted_rows(lake: Lake) -> list[str]:
    """Files of rows that no snapshot of `runs` lists."""
    table = lake.iceberg_table(RUNS.name)
    snapshots = table.snapshots() if table else []
    listed = {
        lake.normal_address(file.file_path)
        for snapshot in snapshots
        for file in lake.data_files(snapshot)
    }
    kind = f"{RUNS.name}/data"
    folder = _folder(lake, kind)
    if not listed <= lake.files_below(folder).keys():
        return []  # the lake has another address here, through a link or a move
    found = []
    for name in lake.names_in(folder):
        below = lake.files_below(posixpath.join(folder, name)).keys()
        if listed.isdisjoint(below):
            found.append(posixpath.join(kind, name))
    return found


def _folder(lake: Lake, kind: str) -> str:
    return posixpath.join(lake.warehouse, lake.namespace, kind)
