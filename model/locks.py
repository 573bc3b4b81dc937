"""Processes that share a folder: short locks, and leases on long work.

A lock (`flock`) keeps other processes out for a moment. A lease says who does a piece of work and
until when; its owner renews it, and anybody may take what has run out. So the work of a process
that died, or of a machine that is gone, is taken over. The folder may be on several machines if its
file system has `flock` between them (NFS 4, Lustre with `-o flock`) and their clocks agree to a
small part of a lease.
"""

from __future__ import annotations

import fcntl
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import orjson

from pivotmine.errors import ModelError
from pivotmine.storage.processes import is_running


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """No other process is in this context with the same path; its lock file stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class Lease:
    """A piece of work that this process does; renewed by a thread until it is given back."""

    def __init__(self, path: Path, seconds: float) -> None:
        self._path, self._seconds = path, seconds
        self._owner = {"host": socket.gethostname(), "process": os.getpid(), "began": time.time()}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._renew, daemon=True)

    @classmethod
    def take(cls, path: Path, seconds: float) -> Lease | None:
        """The lease in the file `path`, or None if somebody else has it."""
        lease = cls(path, seconds)
        with alone(path):
            if _is_held(_read(path)):
                return None
            lease._write()
        lease._thread.start()
        return lease

    def check(self) -> None:
        """Raise `ModelError` if somebody else has taken the lease, as after a long pause."""
        if not self._is_own(found := _read(self._path)):
            raise ModelError(
                f"{self._path.stem} was taken over by {owner(found)}: this process did not "
                "renew its lease in time (was it paused?); nothing more is written. Start it again"
            )

    def give_back(self) -> None:
        """End the lease; it may be lost already."""
        self._end.set()
        self._thread.join()
        with alone(self._path):
            if self._is_own(_read(self._path)):
                self._path.unlink()

    def _renew(self) -> None:
        while not self._end.wait(self._seconds / 3):
            with suppress(OSError), alone(self._path):  # a full disk may have room again later
                if not self._is_own(_read(self._path)):
                    return
                self._write()

    def _write(self) -> None:
        partial = self._path.with_suffix(f".{os.getpid()}")
        partial.write_bytes(orjson.dumps({**self._owner, "until": time.time() + self._seconds}))
        partial.replace(self._path)

    def _is_own(self, found: dict[str, Any] | None) -> bool:
        return found is not None and all(found.get(n) == v for n, v in self._owner.items())


def holder(path: Path) -> str:
    """Who has a lease, for people; empty if nobody has."""
    found = _read(path)
    return owner(found) if _is_held(found) else ""


def owner(found: dict[str, Any] | None) -> str:
    """The owner of a lease, for people."""
    return f"process {found['process']} on {found['host']}" if found else "nobody"


def _is_held(found: dict[str, Any] | None) -> bool:
    if found is None or found["until"] < time.time():
        return False
    return found["host"] != socket.gethostname() or is_running(int(found["process"]))


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = orjson.loads(path.read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return None
    return found
