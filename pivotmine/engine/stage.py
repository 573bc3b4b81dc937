"""What a stage is: a pure function from tables and a recipe to tables.

A stage never writes, commits or builds a session, and never collects what grows with the corpus;
it describes DataFrames. The runner (or a test) gives it `Inputs` and does the rest, so that a
stage can be read, and tested, by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from pivotmine.engine.frames import Numbers
from pivotmine.engine.session import spark_schema
from pivotmine.engine.tasks_here import run_here
from pivotmine.lake.addresses import Artifacts
from pivotmine.recipe import Recipe

MakeRows = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]
"""Arrow batches of a task to others."""


@dataclass(frozen=True)
class ArrowRows:
    """Rows that a function makes of the Arrow batches of a frame, in tasks.

    `frame.mapInArrow` describes the same rows. These are written by the Python workers that make
    them, without crossing into the JVM. Tasks on numbers may run in the driver.
    """

    frame: DataFrame | Numbers
    make: MakeRows
    schema: pa.Schema

    def in_spark(self) -> DataFrame:
        """The rows as a DataFrame, for further work in Spark."""
        frame = self.frame.in_spark() if isinstance(self.frame, Numbers) else self.frame
        return frame.mapInArrow(self.make, spark_schema(self.schema))

    @property
    def is_here(self) -> bool:
        """Whether the tasks run in threads of the driver."""
        return isinstance(self.frame, Numbers) and self.frame.is_here

    def gathered(self) -> pa.Table:
        """The rows in driver memory."""
        if isinstance(self.frame, Numbers) and self.frame.is_here:
            return run_here(self.make, self.frame.n, self.frame.n_threads, self.schema)
        return self.in_spark().toArrow()


StageRows: TypeAlias = DataFrame | ArrowRows | pa.Table
"""Rows described to Spark, made by workers, or few enough to be held by the driver."""


@dataclass(frozen=True)
class Renewed:
    """A table that keeps files of the last run, and gets new rows beside them."""

    rows: tuple[StageRows, ...]
    kept: tuple[str, ...]
    """Names from `Inputs.previous_files`."""


PREVIOUS_FILE = "previous_file"
"""Column of `Inputs.previous`: the file that a row lies in."""


class Inputs(Protocol):
    """What a stage may ask for while it describes its outputs."""

    @property
    def spark(self) -> SparkSession:
        """The session, for DataFrames made from small local data."""

    @property
    def is_small(self) -> bool:
        """Whether the tables of the stage are small enough for its work to be done here.

        Its tasks on numbers then run in threads of the driver. The result must not depend on it.
        """

    def frame(self, table: str, columns: Sequence[str] | None = None) -> DataFrame:
        """Columns of a table that the stage declares in `reads`, as of the start of the run.

        The workers read the columns that are asked for, all by default: Spark cannot leave out
        those that turn out not to be needed.
        """

    def arrow_rows(
        self, table: str, columns: Sequence[str], make: MakeRows, schema: pa.Schema
    ) -> ArrowRows:
        """Rows that `make` makes of a declared table, which the Python workers read themselves.

        For tables of lists: decoded by Spark, they take five times as long.
        """

    def table(self, name: str, columns: Sequence[str], max_rows: int) -> pa.Table:
        """Columns of a declared table in driver memory, where the recipe bounds its rows."""

    def table_files(self, name: str) -> list[tuple[str, int]]:
        """Files of a declared table, each with its number of rows, for tasks that read files."""

    def read_files(self, paths: Sequence[str], schema: pa.Schema) -> DataFrame:
        """The rows of Parquet files, such as those of `files`."""

    def previous(
        self,
        table: str,
        files: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
    ) -> DataFrame:
        """Rows that this stage wrote before, with `PREVIOUS_FILE`; those of all files by default.

        Empty where nothing can be used again (`Stage.reuse`). What a stage returns must not depend
        on it.
        """

    def previous_files(self, table: str) -> list[str]:
        """The files of `previous`; they may stay in the table (`Renewed`)."""

    def numbers(self, n: int) -> DataFrame | Numbers:
        """0 to n - 1, each in its own partition, for tasks that differ by a number."""

    def local(self, rows: DataFrame | ArrowRows, max_rows: int) -> pa.Table:
        """Rows in driver memory, where the recipe bounds its rows (and not the corpus)."""

    def checkpoint(self, rows: DataFrame | ArrowRows, name: str) -> DataFrame:
        """The same rows, computed once and read back from disk from now on.

        For a frame that several outputs derive from, or whose rows are expensive to compute.
        """

    def stored(self, name: str, columns: Sequence[str]) -> DataFrame:
        """Columns of a checkpoint; the others are not read."""

    def files(self, rows: ArrowRows, name: str) -> list[tuple[str, int]]:
        """A checkpoint as its files, each with its number of rows, for tasks that read files."""

    def artifacts(self, kind: str) -> Artifacts:
        """Where this run puts files that belong to no table, such as training files."""

    def measure(self, name: str, value: float) -> None:
        """Record a figure about this run, its unit in its name, in column `measures` of `runs`."""

    def note(self, text: str) -> None:
        """Tell the user why this run chose what it did."""


@dataclass(frozen=True)
class Rows:
    """Row counts that a stage's tally is made of."""

    read: Mapping[str, int]
    """Rows of each table in `reads`."""

    written: Mapping[str, int]
    """Rows of each table in `writes`."""

    total: Callable[[str, str], int]
    """`total(table, column)`: sum of a column of a written table."""


@dataclass(frozen=True)
class Tally:
    """Rows that a stage took in, and what became of them."""

    rows_in: int
    rows_out: int
    rejected: int = 0
    duplicate: int = 0
    conserved: bool = True
    """Whether in = out + rejected + duplicate must hold; an aggregating stage has no such law."""


StageOutputs = dict[str, StageRows | Renewed]
Finish = Callable[[Inputs, Recipe, Mapping[str, Any], Mapping[str, DataFrame]], None]


@dataclass(frozen=True)
class Stage:
    """One step of the road.

    Parameters
    ----------
    name, doc
        Name on the command line, and what it does, in a few words.
    reads, writes
        Tables. All of `writes` are replaced in one commit.
    sections
        Parts of the recipe that the result depends on; a change in them makes a new fingerprint.
    run
        The pure function.
    tally
        Row conservation, checked before the commit.
    finish
        Called when all tables are staged, just before the commit, with the row of `runs` and the
        staged tables; writes manifests.
    reuse
        Tables whose rows a later run may use again, each with what its rows depend on, as JSON
        values. They are used where code and values are the same.
    modules
        Names of modules that the recipe's choices add to the stage's code, such as plugins and
        code found by name; the fingerprint covers them and all that they import of ours.
    runs_kernels
        Whether its tasks spend their time in code that releases the GIL: then threads of the driver
        serve larger tables.
    external
        What the result depends on outside the lake (source files), as JSON values. Raises
        `InputError` when it is not there, before anything is started.
    """

    name: str
    doc: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    sections: tuple[str, ...]
    run: Callable[[Inputs, Recipe], StageOutputs]
    tally: Callable[[Rows, Recipe], Tally]
    modules: Callable[[Recipe], Sequence[str]] = lambda recipe: ()
    runs_kernels: bool = False
    external: Callable[[Recipe], Any] = lambda recipe: None
    finish: Finish | None = None
    reuse: Callable[[Inputs, Recipe], Mapping[str, Any]] = lambda inputs, recipe: {}
