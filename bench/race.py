"""Run commands as whole processes, and report their time, processor time and memory.

    python -m bench.race pivotmine run --config recipe.yaml

A Spark driver, its JVM and its Python workers share pages, which the sum of their resident sets
would count several times. So memory is the sum of proportional set sizes (PSS), polled from
`/proc`; the peak is reported. Linux only.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

POLL_SECONDS = 0.5
MIN_POLL_SECONDS = 0.05
STRAGGLE_SECONDS = 10
"""How long descendants may outlive the command: a JVM cleans up after its driver has ended."""

_PR_SET_CHILD_SUBREAPER = 36


class Run(NamedTuple):
    """Time and memory of a command and all its descendants."""

    seconds: float
    """Wall time until the command itself ended."""

    cpu_seconds: float
    """User and system time of all of them."""

    peak_bytes: int
    """Largest sum of proportional set sizes that a poll saw."""

    peak_by_name: dict[str, int]
    """Bytes by process name at that moment."""

    worker_bytes: int
    """Largest Python process below the first one that a poll saw (a Spark worker), bytes."""

    exit_code: int
    exceeded: Literal["seconds", "bytes"] | None
    """The limit that was passed; all processes were killed then."""


def run(
    command: Sequence[str],
    log: Path | None = None,
    max_seconds: float = float("inf"),
    max_bytes: float = float("inf"),
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Run:
    """Run a command until it ends or passes a limit.

    A poll walks page tables, which takes 20 ms for a tree of 4 GiB. So polls are a twentieth of the
    elapsed time apart, between 0.05 and 0.5 s. The memory of a shorter process may be missed; its
    processor time is not.

    Parameters
    ----------
    log
        File for standard output and standard error; None leaves them to the terminal.
    env
        Variables to add to the environment.
    """
    # Orphans become children of this process, so that their processor time counts.
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    others, cpu_before = set(tree(os.getpid())), _cpu_seconds_of_children()
    started = time.monotonic()
    with log.open("wb") if log else contextlib.nullcontext() as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            env={**os.environ, **(env or {})},
            cwd=cwd,
        )
    peak, peak_by_name, worker = 0, dict[str, int](), 0
    exceeded: Literal["seconds", "bytes"] | None = None
    try:
        while exceeded is None and process.poll() is None:
            by_name: dict[str, int] = {}
            for pid in tree(process.pid):
                name, size = pss_bytes(pid)
                by_name[name] = by_name.get(name, 0) + size
                if pid != process.pid and name.startswith("python"):
                    worker = max(worker, size)
            total, passed = sum(by_name.values()), time.monotonic() - started
            if total > peak:
                peak, peak_by_name = total, by_name
            if total > max_bytes or passed > max_seconds:
                exceeded = "bytes" if total > max_bytes else "seconds"
            else:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(min(max(passed / 20, MIN_POLL_SECONDS), POLL_SECONDS))
    finally:
        # Also if this process is interrupted, since nothing else would end the tree.
        if process.poll() is None:
            kill_tree(process.pid)
            process.wait()
    seconds = time.monotonic() - started
    _reap_orphans(others)
    cpu_seconds = _cpu_seconds_of_children() - cpu_before
    return Run(seconds, cpu_seconds, peak, peak_by_name, worker, int(process.returncode), exceeded)


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

    They are stopped first, so that none starts another while the tree is read.
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
    """Name and proportional set size of a process; ("", 0) where it has ended."""
    with contextlib.suppress(OSError):
        name = Path(f"/proc/{pid}/comm").read_text().strip()
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return name, int(line.split()[1]) * 1024
    return "", 0


def _reap_orphans(others: set[int]) -> None:
    """Wait for the processes below this one that were not there before the command."""
    deadline = time.monotonic() + STRAGGLE_SECONDS
    while (left := set(tree(os.getpid())) - others) and time.monotonic() < deadline:
        for pid in left:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        time.sleep(MIN_POLL_SECONDS)


def _cpu_seconds_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> int:
    """Run the command in the arguments, and print its time and memory."""
    found = run(sys.argv[1:])
    parts = ", ".join(f"{name} {n / 2**20:,.0f} MiB" for name, n in found.peak_by_name.items())
    print(
        f"{found.seconds:.1f} s, {found.cpu_seconds:.1f} s of processors, "
        f"peak {found.peak_bytes / 2**20:,.0f} MiB ({parts})",
        file=sys.stderr,
    )
    return found.exit_code


if __name__ == "__main__":
    sys.exit(main())
