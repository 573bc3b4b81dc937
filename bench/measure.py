"""Run a command and report its seconds and the peak memory of its whole process tree.

    python bench/measure.py pivotmine run -c recipe.yaml

A Spark driver, its JVM and its Python workers share pages, so the sum of resident sets counts
them several times; this sums proportional set sizes (PSS) from `/proc`, twice a second, and prints
the peak, with the split between Java and Python at that moment. Linux only.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from pathlib import Path

POLL_SECONDS = 0.5


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


def pss_bytes(pid: int) -> tuple[str, int]:
    """Name and proportional set size of a process; 0 when it is gone."""
    with contextlib.suppress(OSError):
        name = Path(f"/proc/{pid}/comm").read_text().strip()
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return name, int(line.split()[1]) * 1024
    return "", 0


def main() -> int:
    """Run, watch, report."""
    started = time.monotonic()
    process = subprocess.Popen(sys.argv[1:])
    peak, split = 0, {}
    while process.poll() is None:
        sizes: dict[str, int] = {}
        for pid in tree(process.pid):
            name, size = pss_bytes(pid)
            sizes[name] = sizes.get(name, 0) + size
        if sum(sizes.values()) > peak:
            peak, split = sum(sizes.values()), sizes
        time.sleep(POLL_SECONDS)
    seconds = time.monotonic() - started
    parts = ", ".join(f"{name} {size / 2**20:,.0f} MiB" for name, size in sorted(split.items()))
    print(f"{seconds:.1f} s, peak {peak / 2**20:,.0f} MiB ({parts})", file=sys.stderr)
    return process.returncode


if __name__ == "__main__":
    sys.exit(main())
