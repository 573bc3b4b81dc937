"""Origin of figures: machine, commit and versions."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pivotmine.engine.session import check_java
from pivotmine.errors import SetupError

PACKAGES = ("pyspark", "duckdb", "polars", "scipy", "numpy", "numba", "pyarrow")


def describe() -> str:
    """The current machine in a line."""
    cpus = _values("/proc/cpuinfo", "model name")
    try:
        java = check_java()
    except SetupError as error:
        java = str(error)
    return (
        f"{len(os.sched_getaffinity(0))} cores ({cpus[0] if cpus else platform.processor()}), "
        f"{memory_bytes() / 2**30:.1f} GiB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, {java}"
    )


def memory_bytes() -> int:
    """Memory of the machine."""
    return int(_values("/proc/meminfo", "MemTotal")[0].split()[0]) * 1024


def versions() -> dict[str, str]:
    """Versions of the packages that are compared."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def commit() -> str:
    """The commit of the working tree, and whether anything outside docs/ is changed."""
    head = _git("rev-parse", "--short=12", "HEAD")
    if not head:
        return "not a git checkout"
    changed = _git("status", "--porcelain", "--", ":/", ":(exclude,top)docs")
    return f"{head} with uncommitted changes" if changed else head


def command(module: str, arguments: Sequence[str]) -> str:
    """The command line, as it may be published."""
    return " ".join([f"python -m {module}", *map(without_paths, arguments)])


def without_paths(text: str) -> str:
    """A text with absolute paths cut to their last part, since the rest is of one machine."""
    return re.sub(r"(?<![\w.~:/])(?:file:)?/+(?:[\w.+~-]+/)*([\w.+~-]+)", r".../\1", text)


def _values(path: str, key: str) -> list[str]:
    lines = Path(path).read_text().splitlines()
    return [line.partition(":")[2].strip() for line in lines if line.startswith(key)]


def _git(*arguments: str) -> str:
    here = Path(__file__).parent
    done = subprocess.run(
        ["git", *arguments], cwd=here, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else ""
