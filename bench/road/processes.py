"""Processor time and memory of the driver, the JVM and the Python workers of a local run."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

_TICKS = os.sysconf("SC_CLK_TCK")
_SAMPLE_SECONDS = 1.0


class Usage(NamedTuple):
    """Processor seconds since the processes started."""

    driver: float
    jvm: float
    workers: float

    def since(self, before: Usage) -> Usage:
        """What was used after `before`."""
        return Usage(*(now - then for now, then in zip(self, before, strict=True)))


class _Process(NamedTuple):
    pid: int
    parent: int
    name: str
    own_seconds: float


def usage(seen: dict[int, float] | None = None) -> Usage:
    """Of this process (the driver), the JVM that it started, and the Python below the JVM.

    Spark ends workers that have nothing to do, and nobody waits for them.

    Parameters
    ----------
    seen
        Seconds of each worker as of the last call, which adds those that have ended.
    """
    seen = {} if seen is None else seen
    processes = {process.pid: process for process in _processes()}
    children: dict[int, list[int]] = {}
    for process in processes.values():
        children.setdefault(process.parent, []).append(process.pid)
    here = os.getpid()
    jvms = [pid for pid in _below(here, children) if processes[pid].name == "java"]
    for worker in (pid for jvm in jvms for pid in _below(jvm, children)):
        seen[worker] = max(seen.get(worker, 0.0), processes[worker].own_seconds)
    return Usage(
        driver=processes[here].own_seconds,
        jvm=sum(processes[pid].own_seconds for pid in jvms),
        workers=sum(seen.values()),
    )


def memory_bytes() -> int:
    """Memory of this process and all below it; what they share is divided among them."""
    children: dict[int, list[int]] = {}
    for process in _processes():
        children.setdefault(process.parent, []).append(process.pid)
    return sum(map(_proportional_bytes, [os.getpid(), *_below(os.getpid(), children)]))


@dataclass
class Sampler:
    """Highest memory since it was last asked for, sampled once a second, and what was used."""

    _peak: int = 0
    _seen: dict[int, float] = field(default_factory=dict)
    _own_seconds: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Sample until `stop`."""
        threading.Thread(target=self._sample, daemon=True).start()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()

    def take(self) -> int:
        """Bytes; begins anew."""
        peak = max(self._peak, memory_bytes())
        self._peak = 0
        return peak

    def usage(self) -> Usage:
        """As `usage`, with all workers that were seen, and without what sampling costs."""
        found = usage(self._seen)
        return found._replace(driver=found.driver - self._own_seconds)

    def _sample(self) -> None:
        while not self._stop.wait(_SAMPLE_SECONDS):
            self.usage()
            self._peak = max(self._peak, memory_bytes())
            self._own_seconds = time.thread_time()


def _processes() -> Iterator[_Process]:
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text()
        except OSError:
            continue  # it has ended
        name = text[text.index("(") + 1 : text.rindex(")")]
        values = text[text.rindex(")") + 2 :].split()
        own = sum(map(int, values[11:13])) / _TICKS  # utime, stime
        yield _Process(int(path.parent.name), int(values[1]), name, own)


def _below(pid: int, children: dict[int, list[int]]) -> list[int]:
    found = []
    for child in children.get(pid, []):
        found += [child, *_below(child, children)]
    return found


def _proportional_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
