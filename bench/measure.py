"""Run a command and report its seconds and the peak memory of its whole process tree.

    python bench/measure.py pivotmine run -c recipe.yaml

A Spark driver, its JVM and its Python workers share pages, so the sum of resident sets counts
them several times; this sums proportional set sizes (PSS) from `/proc`, twice a second or more, and
prints the peak, with the split between Java and Python at that moment. Linux only.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

POLL_SECONDS = 0.5
MIN_POLL_SECONDS = 0.05
STRAGGLE_SECONDS = 10


class Watched(NamedTuple):
    """What a process and its descendants took until they ended, or were ended."""

    seconds: float
    peak_bytes: int
    """Largest sum of proportional set sizes of the tree that a poll saw."""

    split: dict[str, int]
    """Bytes by process name at that moment."""

    worker_bytes: int
    """Largest single Python process below the root that a poll saw (a Spark worker), bytes."""

    exceeded: Literal["seconds", "bytes"] | None
    """Which limit was passed; the tree was killed then."""


def watch(
    process: subprocess.Popen[bytes],
    poll_seconds: float = POLL_SECONDS,
    max_seconds: float = float("inf"),
    max_bytes: float = float("inf"),
) -> Watched:
    """Wait for a process, and kill its tree when it passes a limit.

    Polling walks page tables: 20 ms of a core for a tree of 4 GiB. So polls are a twentieth of the
    time that has passed apart, at most `poll_seconds`. What lives for less is not seen.
    """
    started = time.monotonic()
    peak, split, worker = 0, dict[str, int](), 0
    pids: list[int] = []
    exceeded: Literal["seconds", "bytes"] | None = None
    try:
        while exceeded is None and process.poll() is None:
            sizes: dict[str, int] = {}
            pids = tree(process.pid)
            for pid in pids:
                name, size = pss_bytes(pid)
                sizes[name] = sizes.get(name, 0) + size
                if pid != process.pid and name.startswith("python"):
                    worker = max(worker, size)
            total, passed = sum(sizes.values()), time.monotonic() - started
            if total > peak:
                peak, split = total, sizes
            if total > max_bytes:
                exceeded = "bytes"
            elif passed > max_seconds:
                exceeded = "seconds"
            else:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(min(max(passed / 20, MIN_POLL_SECONDS), poll_seconds))
    finally:
        # Also when the watcher itself is interrupted: nobody else would end the tree.
        if process.poll() is None:
            kill_tree(process.pid)
            process.wait()
    seconds = time.monotonic() - started
    _outlive(pids)
    return Watched(seconds, peak, split, worker, exceeded)


def _outlive(pids: list[int]) -> None:
    """Wait until these have ended: a JVM cleans up for a moment after its driver is gone."""
    deadline = time.monotonic() + STRAGGLE_SECONDS
    while any(Path(f"/proc/{pid}").exists() for pid in pids) and time.monotonic() < deadline:
        time.sleep(MIN_POLL_SECONDS)


def tree(root: int) -> list[int]:
    """The process and all its descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, queue = [], [root]
    while queue:
        pid = queue.pop()
        found.append(pid)
        queue.extend(children.get(pid, ()))
    return found


def kill_tree(root: int) -> None:
    """Kill a process and all its descendants.

    Stopped first, so that none can start another while the tree is read.
    """
    pids: list[int] = []
    while set(found := tree(root)) - set(pids):
        pids = found
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def pss_bytes(pid: int) -> tuple[str, int]:
    """Name and proportional set size of a process; 0 when it is gone."""
    with contextlib.suppress(OSError):
        name = Path(f"/proc/{pid}/comm").read_text().strip()
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return name, int(line.split()[1]) * 1024
    return "", 0


@contextlib.contextmanager
def processor_seconds() -> Iterator[Callable[[], float]]:
    """What all processes of this tree have used so far, in user and system seconds."""
    used: dict[int, float] = {}
    ended = threading.Event()

    def look() -> float:
        for pid in tree(os.getpid()):
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                used[pid] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return sum(used.values())

    def watch() -> None:
        while not ended.wait(POLL_SECONDS):
            look()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield look
    finally:
        ended.set()
        watcher.join()


def main() -> int:
    """Run, watch, report."""
    process = subprocess.Popen(sys.argv[1:])
    seen = watch(process)
    parts = ", ".join(
        f"{name} {size / 2**20:,.0f} MiB" for name, size in sorted(seen.split.items())
    )
    print(
        f"{seen.seconds:.1f} s, peak {seen.peak_bytes / 2**20:,.0f} MiB ({parts})", file=sys.stderr
    )
    return process.returncode


if __name__ == "__main__":
    sys.exit(main())
