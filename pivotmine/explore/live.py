"""The lake behind the pages: one confined connection, opened again when a run was committed.

Opening all tables costs tens of milliseconds, and seconds where the lake is remote, so a page uses
a cursor of a connection that stays. `runs` is read again after `_SECONDS`, and a new commit closes
the connection. Figures that hold for the whole lake are computed once a commit.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import duckdb

from pivotmine.ask.reader import LakeReader
from pivotmine.lake.query import confine, connect

_SECONDS = 5.0

Value = TypeVar("Value")


@dataclass
class Opened:
    """The tables of one commit."""

    commit: frozenset[str]
    connection: duckdb.DuckDBPyConnection
    known: dict[str, Any] = field(default_factory=dict)
    _locks: dict[str, threading.Lock] = field(default_factory=dict)

    def remember(self, name: str, make: Callable[[], Value]) -> Value:
        """A figure of the whole lake, computed when it is first asked for."""
        # A lock a figure, so that a page does not wait for one that it does not show.
        with self._locks.setdefault(name, threading.Lock()):
            if name not in self.known:
                self.known[name] = make()
        return self.known[name]  # type: ignore[no-any-return]


class LiveLake:
    """A lake that may be written by others while its pages are read."""

    def __init__(self, reader: LakeReader) -> None:
        self.reader = reader
        self._lock = threading.Lock()
        self._looked_at = time.monotonic()
        self._opened = self._open()

    def now(self) -> Opened:
        """The tables of the last commit that was seen; commits of the last seconds may lack."""
        with self._lock:
            if time.monotonic() - self._looked_at > _SECONDS:
                self.reader.lake.refresh_runs()
                if self._commit() != self._opened.commit:
                    self.reader.lake.refresh()
                    # Pages that are being made hold cursors, which keep the old database alive.
                    self._opened = self._open()
                self._looked_at = time.monotonic()
            return self._opened

    def _commit(self) -> frozenset[str]:
        return frozenset(self.reader.lake.committed_run_ids())

    def _open(self) -> Opened:
        connection = connect(self.reader.lake)
        confine(connection, self.reader.lake)
        return Opened(self._commit(), connection)
