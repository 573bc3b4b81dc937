"""A way of counting: a function from a `Job` to `Done`.

It reads the prepared input, counts, writes its pairs as Parquet, and times itself from opening the
input to the last pair. Imports and the start of a Spark session show only in the seconds of the
whole process. Ways import their libraries themselves, so that a missing library stops only its own
way, and none is loaded in the process of another.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.counting.prepare import Prepared


@dataclass(frozen=True)
class Job:
    """The input of a way, and its limits."""

    prepared: Prepared
    out: Path
    """An empty folder for pairs and spilled data."""

    threads: int
    memory_bytes: int
    """The process is killed above this."""

    overrides: tuple[str, ...] = ()
    """Settings of the recipe, `name=value`; they hold for the Spark session of every way."""


@dataclass(frozen=True)
class Done:
    """The result of a way."""

    seconds: float
    """From reading the input to the last pair written."""

    files: tuple[str, ...]
    """Parquet files of the pairs at or above `min_count`."""

    aside_seconds: float = 0.0
    """Preparation that a user would not do; it is subtracted from the process seconds."""

    n_distinct: int | None = None
    """Pairs that meet at all, where the way counts them."""


@dataclass(frozen=True)
class Way:
    """One way of counting."""

    name: str
    label: str
    count: Callable[[Job], Done]
    """Its docstring describes the way."""

    one_thread: bool
    packages: tuple[str, ...]
    """Import names that PivotMine itself does not need."""

    @property
    def doc(self) -> str:
        return " ".join((self.count.__doc__ or "").split()).removesuffix(".")

    def missing(self) -> list[str]:
        """Packages that are not installed."""
        return [name for name in self.packages if importlib.util.find_spec(name) is None]


def way(
    name: str, label: str, one_thread: bool = False, packages: tuple[str, ...] = ()
) -> Callable[[Callable[[Job], Done]], Way]:
    """Make a function a way."""
    return lambda count: Way(name, label, count, one_thread, packages)
