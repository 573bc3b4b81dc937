"""Run a command and report wall time, CPU time and peak memory of everything it started."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bench.measure import kill_tree, pss_bytes, tree

_POLL_SECONDS = 1.0
_REAP_SECONDS = 10
_PR_SET_CHILD_SUBREAPER = 36


class Run(NamedTuple):
    """One run of one way."""

    wall_seconds: float
    cpu_seconds: float
    """User and system, of the process and all descendants."""

    peak_bytes: int
    """Largest sum of proportional set sizes that a poll saw."""

    succeeded: bool


def measured(command: Sequence[str], log: Path, max_seconds: float, env: dict[str, str]) -> Run:
    """Run until the end or the limit. Linux only.

    Orphans (a JVM outlives its driver for a moment) become our children, so that their CPU time
    counts too.
    """
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    before = _cpu_of_children()
    started = time.monotonic()
    peak = 0
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, env=os.environ | env
        )
        while process.poll() is None:
            peak = max(peak, sum(pss_bytes(pid)[1] for pid in tree(process.pid)))
            if time.monotonic() - started > max_seconds:
                kill_tree(process.pid)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_POLL_SECONDS)
    wall = time.monotonic() - started
    _reap()
    return Run(wall, _cpu_of_children() - before, peak, process.returncode == 0)


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _reap() -> None:
    deadline = time.monotonic() + _REAP_SECONDS
    with contextlib.suppress(ChildProcessError):
        while time.monotonic() < deadline:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.05)
