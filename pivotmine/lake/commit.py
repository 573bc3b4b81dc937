"""Commits to a lake: all tables of a stage in one atomic step.

1. **Prepare.** Every table gets a snapshot that is written as files and that no catalog knows.
2. **Commit.** One change of table `runs` adds the row of the run, with these snapshots in it. It
   asserts that `runs` is as the driver knows it, and that the driver still holds the lease.
3. **Publish.** Every table's own head is moved to the new snapshot, for other Iceberg readers.

PivotMine reads the snapshots that `runs` names, so it sees the stage from step 2 on, whole. If the
driver dies during step 3, the next one publishes what is left (`pivotmine/lake/recovery.py`).

Nothing is deleted here but copies of rows of `runs`. A driver that fails in step 2 cannot know
whether its step went through; only a later one, which has moved the fence, can.
"""

from __future__ import annotations

import contextlib
import posixpath
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyiceberg.exceptions import CommitFailedException, ValidationException

from pivotmine.errors import LakeError, disk_error
from pivotmine.lake.digests import FileDigest, write_parquet_file
from pivotmine.lake.lake import RUN_ID, Lake, run_id
from pivotmine.lake.lease import hold_lease, lease_of
from pivotmine.lake.snapshots import prepare, renumbered
from pivotmine.lake.table_changes import MAIN, add_and_point, drop, swap, table_of
from pivotmine.lake.tables import RUNS

if TYPE_CHECKING:
    from pyiceberg.table import Table as IcebergTable
    from pyiceberg.table.snapshots import Snapshot
    from pyiceberg.table.update import TableRequirement, TableUpdate

RUNS_FILE_ROWS = 1000
"""Every commit writes the last file of `runs` anew, until it has so many rows."""

PAST_OF_RUNS = 10
"""Earlier snapshots of `runs` that are kept, for readers that have just opened them."""

_MOST_ATTEMPTS = 5


def commit(
    lake: Lake,
    run: dict[str, Any],
    staged: Mapping[str, Sequence[str]],
    kept: Mapping[str, Collection[str]] | None = None,
    digests: Mapping[str, FileDigest] | None = None,
) -> list[str]:
    """Replace the contents of all `staged` tables by their files, and record the run.

    Files of the current snapshot that are in `kept` stay in the table. A table that would have the
    files that it has keeps its snapshot. Each snapshot gets a list of the digests of its files
    (`pivotmine.lake.digests`); staged files that `digests` does not name are read for it.

    Returns
    -------
    A line for each table whose head could not be moved. The stage is committed nevertheless.

    Raises
    ------
    LakeError
        Another driver has taken over, the catalog failed, or the lake is open for reading only.
    """
    if lake.read_only:
        raise LakeError(f"{lake.warehouse} is open for reading only; nothing can be committed")
    with hold_lease(lake) as lease, _explained(lake, run["stage"]):
        was_clean, lease.is_clean = lease.is_clean, False
        properties = {name: run[name] for name in (RUN_ID, "fingerprint", "stage")}
        made = {}
        for name, files in staged.items():
            folder = lake.staging_path(name, run[RUN_ID])
            base, stay = lake.snapshot(name), (kept or {}).get(name, ())
            made[name] = prepare(lake, name, base, files, stay, properties, folder, digests)
        _commit_row(lake, run, made, properties)
        notes = publish_all(lake, made)
        lease.is_clean = was_clean and not notes
    return notes


def publish_all(lake: Lake, snapshots: Mapping[str, Snapshot]) -> list[str]:
    """Move the heads of tables to committed snapshots; a line for each that could not be moved."""
    notes = []
    for name, snapshot in snapshots.items():
        try:
            _publish(lake, name, snapshot)
        except Exception as error:
            notes.append(
                f"the head of table {name} could not be moved to what is committed "
                f"({lake.said(error)}); the next run does it"
            )
    return notes


def is_published(lake: Lake, name: str, snapshot: Snapshot) -> bool:
    """Whether the table's own head is this snapshot."""
    table = lake.iceberg_table(name)
    return table is not None and table.metadata.current_snapshot_id == snapshot.snapshot_id


def _publish(lake: Lake, name: str, snapshot: Snapshot) -> None:
    """Move the head of a table.

    The table is read before `runs` says that the snapshot is the last one. Who commits a later
    snapshot publishes it after that, so this change fails where it would move a head back.
    """
    for attempt in range(_MOST_ATTEMPTS):
        was_read = name in lake.tables
        table = table_of(lake, name)
        if not was_read:
            lake.refresh_runs()
            last = lake.snapshot(name)
            if last is None or last.snapshot_id != snapshot.snapshot_id:
                return  # another driver has taken over; it publishes
        if table.metadata.current_snapshot_id == snapshot.snapshot_id:
            return
        if table.snapshot_by_id(snapshot.snapshot_id) is None:
            snapshot = renumbered(table, snapshot)
        try:
            swap(lake, table, *add_and_point(table, snapshot, MAIN))
        except Exception:  # somebody else has changed it, or the answer is lost
            if attempt == _MOST_ATTEMPTS - 1:
                raise
        else:
            return


def _commit_row(
    lake: Lake, run: dict[str, Any], made: Mapping[str, Snapshot], properties: dict[str, str]
) -> None:
    """Add the row of a run to `runs`: the commit point."""
    seen = lake.snapshot(RUNS.name)
    rows = lake.runs()
    full = [
        file for file in lake.data_files(seen) if file.record_count >= RUNS_FILE_ROWS
    ]  # they hold the oldest rows
    number = max([rows.num_rows, *rows["commit_number"].fill_null(0).to_pylist()]) + 1
    row = {
        **run,
        "commit_number": number,
        "outputs": {name: snapshot.snapshot_id for name, snapshot in made.items()},
        "snapshots": {name: _description(lake, snapshot) for name, snapshot in made.items()},
    }
    rows = rows.slice(sum(file.record_count for file in full))
    rows = pa.concat_tables([rows, pa.Table.from_pylist([row], schema=RUNS.schema)])
    folder = lake.staging_path(RUNS.name, run[RUN_ID])
    path = posixpath.join(folder, "runs.parquet")
    written = write_parquet_file([rows], RUNS.schema, path)
    lake.held.remember(path, written.digest.n_bytes, written.footer)
    digests = {path: written.digest}
    dropped: list[Snapshot] = []

    def change(table: IcebergTable) -> tuple[list[TableRequirement], list[TableUpdate]]:
        if table.metadata.current_snapshot_id != (seen.snapshot_id if seen else None):
            raise LakeError(
                f"another writer changed the lake while {run['stage']} was committing; nothing of "
                "this stage counts. Run it again when the other run has ended."
            )
        kept = [file.file_path for file in full]
        snapshot = prepare(lake, RUNS.name, seen, [path], kept, properties, folder, digests)
        dropped[:] = _past(table)
        requirements, updates = add_and_point(table, snapshot, MAIN)
        if dropped:
            updates.append(drop([one.snapshot_id for one in dropped]))
        return requirements, updates

    lease_of(lake).commit(change, lambda: run[RUN_ID] in lake.committed_run_ids())
    lake.refresh_rows()
    _delete_copies(lake, dropped)


def _description(lake: Lake, snapshot: Snapshot) -> str:
    """A snapshot as its row keeps it: its list of manifests is named by its path in the lake."""
    place = {"manifest_list": lake.path_of(snapshot.manifest_list)}
    return snapshot.model_copy(update=place).model_dump_json()


def _past(table: IcebergTable) -> list[Snapshot]:
    """Earlier snapshots of `runs` that a further one drops."""
    heads = {ref.snapshot_id for ref in table.metadata.refs.values()}
    past = [one for one in table.snapshots() if one.snapshot_id not in heads]
    past.sort(key=lambda one: one.sequence_number or 0)
    return past[: max(0, len(past) - PAST_OF_RUNS)]


def _delete_copies(lake: Lake, dropped: Sequence[Snapshot]) -> None:
    """Delete the files of dropped snapshots of `runs`, whose rows later files have too."""
    listed = {lake.normal_address(path) for path in lake.files(RUNS.name)} if dropped else set()
    for snapshot in dropped:
        run = run_id(snapshot)
        if run is None:
            continue
        folder = lake.staging_path(RUNS.name, run)
        start = lake.normal_address(folder) + "/"
        with contextlib.suppress(Exception):  # they are in nobody's way
            if not any(path.startswith(start) for path in listed):
                lake.remove(folder)


@contextlib.contextmanager
def _explained(lake: Lake, stage: str) -> Any:
    """Errors of a commit in one line."""
    is_done = False
    try:
        yield
        is_done = True
    except LakeError:
        raise
    except (CommitFailedException, ValidationException) as error:
        raise LakeError(
            f"another writer changed the lake while {stage} was committing ({lake.said(error)}); "
            "nothing of this stage counts. Run it again when the other run has ended."
        ) from error
    except Exception as error:
        # The words of a remote catalog are of its machine's disks, not of this one's.
        if lake.is_local and (found := disk_error(error)):
            raise found from error
        raise LakeError(
            f"the lake failed while {stage} was committing ({lake.said(error)}). Nothing was "
            "deleted. Run it again: that shows whether the commit went through."
        ) from error
    finally:
        if not is_done:
            lake.refresh()
