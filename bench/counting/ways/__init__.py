"""The ways of counting, by name.

A way is a function from a `Job` to `Done`. It reads the prepared input, counts, writes its pairs as
Parquet, and times that by itself: what comes before (imports, a Spark session) is seen only in the
seconds of the whole process. Modules are imported by the process that runs the way, so a library
that is not installed costs its own way and no other, and none is measured with another's memory.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Literal, cast

from bench.counting.answers import Answer
from bench.counting.prepare import Prepared


@dataclass(frozen=True)
class Job:
    """What a way is given."""

    prepared: Prepared
    out: Path
    """An empty folder, for its pairs and whatever it spills."""

    threads: int
    memory_bytes: int
    """More than this, and the process will be killed."""

    overrides: tuple[str, ...] = ()
    """Settings of the recipe, `name=value`; they hold for the Spark session of every way."""

    heaviest: str | None = None
    """Parquet file of pairs that meet most, for ways whose counts are approximate."""


@dataclass(frozen=True)
class Done:
    """What a way gives back."""

    seconds: float
    """From reading the input to the last pair written."""

    files: tuple[str, ...] = ()
    """Parquet files of the pairs at or above `min_count`."""

    answer: Answer | None = None
    """In place of files, where nothing was written."""

    aside_seconds: float = 0.0
    """Spent in this process on what no user would do (making a lake, checking an estimate); taken
    off the seconds of the whole process."""

    extra: dict[str, float] = field(default_factory=dict)
    """Figures of this way alone."""


Runner = Callable[[Job], Done]


@dataclass(frozen=True)
class Way:
    """One way of counting."""

    name: str
    label: str
    doc: str
    module: str
    function: str = "run"
    packages: tuple[str, ...] = ()
    """Import names, beside what PivotMine itself needs."""

    threads: Literal["all", "one"] = "all"
    is_exact: bool = True

    def load(self) -> Runner:
        return cast(
            Runner, getattr(import_module(f"bench.counting.ways.{self.module}"), self.function)
        )

    def missing(self) -> list[str]:
        """Packages that are not installed."""
        return [name for name in self.packages if importlib.util.find_spec(name) is None]


STAGE_WAYS = (
    Way(
        "pivotmine",
        "PivotMine",
        "stages `contexts` and `count` through the runner: reads a committed lake, cuts contexts, "
        "counts pairs by fold and margins, commits",
        "pivotmine_stage",
    ),
    Way(
        "spark-sql",
        "Spark SQL self-join",
        "explode, self-join on the context, GROUP BY, HAVING; PivotMine's own session settings",
        "spark_sql",
        "run_join",
    ),
    Way(
        "spark-lists",
        "Spark SQL, lists joined",
        "the same with lists joined first and exploded after, which spares the join of tokens",
        "spark_sql",
        "run_lists",
    ),
    Way(
        "duckdb",
        "DuckDB self-join",
        "self-join on the context, GROUP BY, HAVING; may spill",
        "duckdb_sql",
    ),
    Way(
        "polars",
        "Polars",
        "lazy join on the context, group_by, filter, on the streaming engine",
        "polars_frames",
        packages=("polars",),
    ),
    Way(
        "scipy",
        "scipy sparse product",
        "incidence matrices of the two languages, A^T B",
        "sparse",
        "run_scipy",
        threads="one",
    ),
    Way(
        "sklearn",
        "scikit-learn",
        "CountVectorizer(binary=True) over contexts as words, then X_a^T X_b",
        "sparse",
        "run_sklearn",
        packages=("sklearn",),
        threads="one",
    ),
    Way(
        "dicts",
        "Python dictionaries",
        "collections.Counter over the pairs of every context, as the paper's authors counted",
        "dictionaries",
        threads="one",
    ),
    Way(
        "spark-sketch",
        "Spark count_min_sketch",
        "Spark's own aggregate over all pair events; approximate, and cannot list the pairs",
        "spark_sql",
        "run_sketch",
        is_exact=False,
    ),
)
"""What a user would pick, and PivotMine first: the others are compared with it."""

KERNEL_WAYS = (
    Way(
        "kernel",
        "PivotMine kernel",
        "count_pairs, numba, counts in one fold as the other two",
        "kernels",
        "run_kernel",
        threads="one",
    ),
    Way(
        "kernel-folds",
        "PivotMine kernel, 4 folds",
        "count_pairs, numba, as the stage calls it: counts by fold, pairs below min_count left out",
        "kernels",
        "run_kernel_folds",
        threads="one",
    ),
    Way(
        "kernel-numpy",
        "PivotMine kernel, numpy",
        "count_pairs without numba",
        "kernels",
        "run_kernel_numpy",
        threads="one",
    ),
    Way(
        "kernel-scipy",
        "scipy sparse product",
        "A^T B from the same arrays in memory; nothing filtered or written",
        "kernels",
        "run_scipy",
        threads="one",
    ),
)
"""The kernel alone: contexts in memory, one thread, pairs not written."""

WAYS = {way.name: way for way in (*STAGE_WAYS, *KERNEL_WAYS)}
