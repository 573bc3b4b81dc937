"""What a way of counting is, what it is given, and what it gives back.

A way is a function from a `Job` to `Done`. It reads the prepared input, counts, writes its pairs as
Parquet, and times itself from opening the input to the last pair. Imports and the start of a Spark
session show only in the seconds of the whole process. A way imports what it needs itself: a library
that is not installed costs its own way, and none runs in another's memory.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.counting.prepare import Prepared


@dataclass(frozen=True)
class Job:
    """What a way is given."""

    prepared: Prepared
    out: Path
    """An empty folder, for pairs and whatever is spilled."""

    threads: int
    memory_bytes: int
    """The process is killed above this."""

    overrides: tuple[str, ...] = ()
    """Settings of the recipe, `name=value`; they hold for the Spark session of every way."""


@dataclass(frozen=True)
class Done:
    """What a way gives back."""

    seconds: float
    """From reading the input to the last pair written."""

    files: tuple[str, ...]
    """Parquet files of the pairs at or above `min_count`."""

    aside_seconds: float = 0.0
    """Spent on preparation and checks that a user would not do; taken off the process seconds."""

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
