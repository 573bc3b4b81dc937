"""What the lease of a lake says, and where it is kept."""

from __future__ import annotations

import getpass
import os
import posixpath
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pivotmine.lake.lake import Lake
from pivotmine.lake.snapshots import empty_snapshot
from pivotmine.lake.table_changes import MAIN, add_and_point, drop, point, same_head, swap
from pivotmine.storage.processes import is_running

if TYPE_CHECKING:
    from pyiceberg.table import Table as IcebergTable


LEASE = "lease"
"""The branch of `runs`."""

_KEY = "pivotmine.lease."

held_here: set[str] = set()
"""Tokens of the leases that this process holds."""


@dataclass(frozen=True)
class LeaseState:
    """What the head of the branch says."""

    token: str
    """Identifies one holding of the lease."""

    user: str
    host: str
    process: int
    ends_at: datetime
    is_released: bool
    is_clean: bool
    """All heads of tables are published, and no run has left files."""

    def is_live(self) -> bool:
        """Whether its driver may still be at work."""
        if self.is_released or self.ends_at <= now():
            return False
        if self.host != socket.gethostname():
            return True
        if self.process == os.getpid():
            return self.token in held_here
        return is_running(self.process)

    def owner(self) -> str:
        """Who holds it, in words."""
        return f"process {self.process} of {self.user} on {self.host}"

    def summary(self) -> dict[str, str]:
        """As properties of a snapshot."""
        return {
            f"{_KEY}token": self.token,
            f"{_KEY}user": self.user,
            f"{_KEY}host": self.host,
            f"{_KEY}process": str(self.process),
            f"{_KEY}ends-at": self.ends_at.isoformat(timespec="milliseconds"),
            f"{_KEY}released": str(self.is_released).lower(),
            f"{_KEY}clean": str(self.is_clean).lower(),
        }


def state_of_this_process(
    token: str, seconds: float, *, is_released: bool, is_clean: bool
) -> LeaseState:
    """A lease that this process holds from now on, or gives back."""
    ends_at = now() + timedelta(seconds=seconds)
    place = (_user(), socket.gethostname(), os.getpid())
    return LeaseState(token, *place, ends_at, is_released, is_clean)


def state_of(table: IcebergTable) -> LeaseState | None:
    """Who holds the lease, or held it last."""
    head = table.snapshot_by_name(LEASE)
    if head is None or head.summary is None:
        return None
    said = head.summary.additional_properties
    return LeaseState(
        token=said[f"{_KEY}token"],
        user=said[f"{_KEY}user"],
        host=said[f"{_KEY}host"],
        process=int(said[f"{_KEY}process"]),
        ends_at=datetime.fromisoformat(said[f"{_KEY}ends-at"]),
        is_released=said[f"{_KEY}released"] == "true",
        is_clean=said[f"{_KEY}clean"] == "true",
    )


def write_state(lake: Lake, table: IcebergTable, state: LeaseState) -> IcebergTable:
    """Put a state at the head of the branch, if nobody has moved it since `table` was read."""
    head, main = table.metadata.refs.get(LEASE), table.metadata.refs.get(MAIN)
    path = posixpath.join(table.location(), "metadata", "lease.avro")
    snapshot = empty_snapshot(table, path, state.summary(), is_written=head is not None)
    requirements, updates = add_and_point(table, snapshot, LEASE)
    if main is None:
        # The first lease of a lake is the first snapshot of `runs`, too: catalogs know no other
        # branch of an empty table, and this is what a second driver fails at.
        requirements = [*requirements[:1], same_head(table, MAIN)]
        updates.append(point(MAIN, snapshot))
    elif head is not None and head.snapshot_id != main.snapshot_id:
        updates.append(drop([head.snapshot_id]))
    return swap(lake, table, requirements, updates)


def now() -> datetime:
    """The time by which leases end."""
    return datetime.now(UTC)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without this user
        return str(os.getuid())
