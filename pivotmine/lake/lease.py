"""The lease: one driver at a time writes to a lake, and one that has lost it can commit nothing.

The lease is a branch of table `runs`. The snapshot at its head has no files; its summary names the
driver and when the lease ends. Every commit to `runs` asserts in the same atomic step that this
branch is where the driver has put it, so a driver whose lease was taken over fails at its commit,
in every Iceberg catalog, however long it was thought dead. Clocks decide only when a lease may be
taken over, never what is committed.
"""

from __future__ import annotations

import contextlib
import posixpath
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from pyiceberg.exceptions import CommitFailedException, ValidationException

from pivotmine.errors import LakeError
from pivotmine.lake.lake import Lake
from pivotmine.lake.lease_state import (
    LEASE,
    LeaseState,
    held_here,
    state_of,
    state_of_this_process,
    write_state,
)
from pivotmine.lake.table_changes import same_head, swap, table_of
from pivotmine.lake.tables import RUNS
from pivotmine.storage.patience import patiently

if TYPE_CHECKING:
    from pyiceberg.table import Table as IcebergTable
    from pyiceberg.table.update import TableRequirement, TableUpdate

_MOST_ATTEMPTS = 5

_held_for: WeakKeyDictionary[Lake, Lease] = WeakKeyDictionary()
"""The leases of lakes that are open in this process."""


class _LeaseLost(LakeError):
    """Another driver has taken over; what has not landed never will."""


class Lease:
    """A lease that this process holds, or tries to."""

    def __init__(self, lake: Lake) -> None:
        self.token = secrets.token_hex(8)
        self.is_clean = False
        self._lake = lake
        self._lock = threading.RLock()  # the lease is renewed in a thread of its own
        self._is_over = False

    def acquire(self) -> None:
        """Take the lease if nobody holds it.

        Raises
        ------
        LakeError
            Another driver holds it, or the catalog failed. Or the warehouse holds rows of `runs`
            that the catalog does not know, so it is not known what is committed.
        """
        check_catalog(self._lake)
        held_here.add(self.token)
        for attempt in range(_MOST_ATTEMPTS):
            table = _fresh(self._lake) if attempt else table_of(self._lake, RUNS.name)
            found = state_of(table)
            if found is not None and found.token != self.token and found.is_live():
                raise LakeError(_in_use(self._lake, found))
            self.is_clean = found is not None and found.is_clean
            try:
                self._write(table, is_released=False, is_clean=False)
            except (CommitFailedException, ValidationException):
                continue  # another driver was faster; is it alive?
            except Exception as error:
                with contextlib.suppress(LakeError):  # the first error says more
                    now_there = state_of(_fresh(self._lake))
                    if now_there is not None and now_there.token == self.token:
                        return
                raise LakeError(
                    f"the lake cannot be reserved ({self._lake.said(error)}); nothing has changed"
                ) from error
            return
        raise LakeError(f"other drivers keep changing {self._lake.warehouse}. Try again.")

    def renew(self) -> None:
        """Move the end of the lease, and the fence with it.

        A commit of this driver that was sent before, and whose answer was lost, can no longer
        arrive after this.

        Raises
        ------
        LakeError
            The lease was taken over.
        """
        with self._lock:
            for attempt in range(0 if self._is_over else _MOST_ATTEMPTS):
                table = _fresh(self._lake)
                self._check_mine(table)
                try:
                    self._write(table, is_released=False, is_clean=False)
                except Exception:
                    if _has_moved(table, _fresh(self._lake)):
                        return
                    if attempt == _MOST_ATTEMPTS - 1:
                        raise
                else:
                    return

    def release(self) -> None:
        """Give the lease back, if it is still held. Errors are not raised: it ends by itself."""
        with self._lock, contextlib.suppress(Exception):
            self._is_over = True
            table = self._lake.iceberg_table(RUNS.name) or _fresh(self._lake)
            for _ in range(_MOST_ATTEMPTS):
                found = state_of(table)
                if found is None or found.token != self.token:
                    return
                try:
                    self._write(table, is_released=True, is_clean=self.is_clean)
                except (CommitFailedException, ValidationException):
                    table = _fresh(self._lake)
                else:
                    return

    def commit(
        self,
        prepare: Callable[[IcebergTable], tuple[Sequence[TableRequirement], Sequence[TableUpdate]]],
        has_landed: Callable[[], bool],
    ) -> None:
        """Change `runs` in one atomic step, while the lease is held.

        An outcome that stays unknown is resolved: the lease is renewed, so that the step cannot
        happen any more if it has not, and `runs` is read. If it has not happened it is tried again.

        Parameters
        ----------
        prepare
            Requirements and updates for the table as it is. Called again for another attempt.
        has_landed
            Whether the change is in the lake, which was refreshed.

        Raises
        ------
        LakeError
            The lease was taken over; nothing was changed then.
        """
        with self._lock:
            for attempt in range(_MOST_ATTEMPTS):
                table = self._lake.iceberg_table(RUNS.name) or _fresh(self._lake)
                self._check_mine(table)
                requirements, updates = prepare(table)  # raises if another has committed
                try:
                    swap(self._lake, table, [*requirements, same_head(table, LEASE)], updates)
                except Exception as error:
                    if self._is_settled(has_landed, error):
                        return
                    if attempt == _MOST_ATTEMPTS - 1:
                        raise
                else:
                    return

    def _is_settled(self, has_landed: Callable[[], bool], error: Exception) -> bool:
        """Whether a step has happened; if not, it never will."""
        try:
            try:
                patiently(self.renew, "the catalog", self._lake.held.settings)
            except _LeaseLost:
                self._lake.refresh()
                if not has_landed():
                    raise
            self._lake.refresh()
            return has_landed()
        except _LeaseLost:
            raise
        except Exception:
            raise error from None

    def _check_mine(self, table: IcebergTable) -> None:
        found = state_of(table)
        if found is None or found.token != self.token:
            by = f" by {found.owner()}" if found else ""
            raise _LeaseLost(
                f"the lease on {self._lake.warehouse} (namespace {self._lake.namespace}) ended, "
                f"and was taken over{by}. Nothing of this stage counts. Run it again when the "
                "other run has ended."
            )

    def _write(self, table: IcebergTable, *, is_released: bool, is_clean: bool) -> None:
        me = state_of_this_process(
            self.token, self._lake.lease_seconds, is_released=is_released, is_clean=is_clean
        )
        write_state(self._lake, table, me)


@contextlib.contextmanager
def hold_lease(lake: Lake) -> Iterator[Lease]:
    """Hold the lease of a lake, and renew it as long as it takes.

    Within a lake that holds it already, it is the same lease.

    Raises
    ------
    LakeError
        Another driver holds it.
    """
    held = _held_for.get(lake)
    if held is not None:
        yield held
        return
    if lake.read_only:
        raise LakeError(f"{lake.warehouse} is open for reading only; nothing can be committed")
    lake.refresh()
    lease = Lease(lake)
    stop = threading.Event()
    heart = threading.Thread(target=_beat, args=(lake, lease, stop), daemon=True)
    try:
        lease.acquire()
        _held_for[lake] = lease
        heart.start()
        yield lease
    except BaseException:
        lease.is_clean = False
        raise
    finally:
        stop.set()
        _held_for.pop(lake, None)
        held_here.discard(lease.token)
        lease.release()
        lake.refresh()


def lease_of(lake: Lake) -> Lease:
    """The lease that is held for a lake; asking without one is an error of the caller."""
    return _held_for[lake]


def break_lease(lake: Lake) -> str | None:
    """End the lease of another driver, which can commit nothing from then on; says whose it was."""
    table = lake.iceberg_table(RUNS.name)
    found = state_of(table) if table else None
    if table is None or found is None or not found.is_live():
        return None
    write_state(lake, table, LeaseState(**{**vars(found), "is_released": True, "is_clean": False}))
    return found.owner()


def _beat(lake: Lake, lease: Lease, stop: threading.Event) -> None:
    while not stop.wait(lake.lease_seconds / 4):
        with contextlib.suppress(Exception):  # the next beat tries again, the commit will tell
            lease.renew()


def check_catalog(lake: Lake) -> None:
    """The catalog is that of this warehouse: it knows `runs` wherever a run has been recorded."""
    folder = posixpath.join(lake.warehouse, lake.namespace, RUNS.name, "data")
    if lake.iceberg_table(RUNS.name) is None and lake.files_below(folder):
        raise LakeError(
            f"{lake.warehouse} holds rows of table runs (namespace {lake.namespace}), but the "
            "catalog does not know that table, so it is not known what is committed. Nothing was "
            "deleted. Check lake.catalog and lake.namespace."
        )


def _fresh(lake: Lake) -> IcebergTable:
    """Table `runs` as it is now."""
    lake.tables.pop(RUNS.name, None)
    return table_of(lake, RUNS.name)


def _has_moved(before: IcebergTable, after: IcebergTable) -> bool:
    """Whether the lease is another snapshot."""
    heads = [table.metadata.refs.get(LEASE) for table in (before, after)]
    return heads[0] != heads[1]


def _in_use(lake: Lake, state: LeaseState) -> str:
    return (
        f"another run is writing to {lake.warehouse} (namespace {lake.namespace}): "
        f"{state.owner()}. Its lease ends at {state.ends_at:%Y-%m-%d %H:%M:%S} UTC if it is not "
        "renewed. Wait for it, or, if that run is dead, end its lease with `pivotmine unlock`."
    )
