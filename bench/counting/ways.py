"""The ways of counting, by name.

A way is a function from a `Job` to `Done`. It reads the prepared input, counts, writes its pairs as
Parquet, and times itself from opening the input to the last pair. Imports and the start of a Spark
session show only in the seconds of the whole process.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Literal

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

    extra: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Way:
    """One way of counting."""

    name: str
    label: str
    doc: str
    function: str
    """`module.function` below this package."""

    threads: Literal["all", "one"] = "all"
    packages: tuple[str, ...] = ()
    """Import names that PivotMine itself does not need."""

    def load(self) -> Callable[[Job], Done]:
        module, _, function = self.function.partition(".")
        loaded: Callable[[Job], Done] = getattr(import_module(f"bench.counting.{module}"), function)
        return loaded

    def missing(self) -> list[str]:
        """Packages that are not installed."""
        return [name for name in self.packages if importlib.util.find_spec(name) is None]


STAGE_WAYS = (
    Way(
        "pivotmine",
        "PivotMine",
        "stages `contexts` and `count` through the runner: reads a committed lake, cuts contexts, "
        "counts pairs by fold and margins, commits",
        "ours.stage",
    ),
    Way(
        "spark-sql",
        "Spark SQL self-join",
        "explode, self-join on the context, GROUP BY, HAVING; PivotMine's own session settings",
        "rivals.spark_sql",
    ),
    Way(
        "duckdb",
        "DuckDB self-join",
        "self-join on the context, GROUP BY, HAVING; may spill",
        "rivals.duckdb_sql",
    ),
    Way(
        "polars",
        "Polars",
        "lazy join on the context, group_by, filter, on the streaming engine",
        "rivals.polars_frames",
        packages=("polars",),
    ),
    Way(
        "scipy",
        "scipy sparse product",
        "incidence matrices of the two languages, A^T B",
        "rivals.scipy_product",
        "one",
    ),
    Way(
        "dicts",
        "Python dictionaries",
        "collections.Counter over the pairs of every context, as He et al. (2025) counted",
        "rivals.dictionaries",
        "one",
    ),
)
"""PivotMine first, since the others are compared with it; then what a user would pick instead."""

KERNEL_WAYS = (
    Way(
        "kernel",
        "PivotMine kernel",
        "count_pairs with one fold, which is what the sparse product computes",
        "ours.kernel",
        "one",
    ),
    Way(
        "kernel-folds",
        "PivotMine kernel, 4 folds",
        "count_pairs as the stage calls it: counts by fold, pairs below min_count left out",
        "ours.kernel_folds",
        "one",
    ),
    Way(
        "kernel-scipy",
        "scipy sparse product",
        "A^T B from the same arrays in memory; nothing filtered or written",
        "ours.kernel_scipy",
        "one",
    ),
)
"""The kernel alone: contexts in memory, one thread, pairs not written."""

WAYS = {way.name: way for way in (*STAGE_WAYS, *KERNEL_WAYS)}
