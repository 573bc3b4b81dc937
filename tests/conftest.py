"""Fixtures: one real Spark session for all tests, and lakes in temporary folders.

Starting Spark costs seconds, so the session lives as long as the test run; tests that need another
number of cores start a process of their own.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import settings
from pyspark import SparkContext
from pyspark.sql import DataFrame, SparkSession

from pivotmine.engine.frames import Numbers
from pivotmine.engine.session import build_session, spark_schema
from pivotmine.engine.stage import PREVIOUS_FILE, ArrowRows, MakeRows, Renewed, StageRows
from pivotmine.lake.addresses import Artifacts
from pivotmine.lake.tables import TABLES
from pivotmine.plugins import loading
from pivotmine.recipe import Recipe, SparkConfig
from pivotmine.recipe.reading import load_recipe
from pivotmine.storage.settings import VARIABLE
from tests.skips import unlisted

# The same examples on every run, so that a change that passed here passes elsewhere; `pytest
# --hypothesis-profile search` draws others, and more of them. No deadlines: the first example of a
# property compiles its kernel.
settings.register_profile("repeatable", deadline=None, max_examples=60, derandomize=True)
settings.register_profile("search", deadline=None, max_examples=1000)
settings.load_profile("repeatable")

# Tests make stores and catalogs fail, and do not wait ten minutes for them to come back.
os.environ[VARIABLE] = '{"retry_minutes": 0.02}'

# Short runs end before Java's second compiler pays off: without it a run costs half the CPU time.
os.environ.setdefault("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest file first: with it last, the other workers would have nothing to do."""
    items.sort(key=lambda item: item.path.name != "test_road.py")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say how Spark ended where it did: all that is seen of it otherwise is a broken pipe."""
    report = yield
    gateway: Any = SparkContext._gateway
    if report.failed and gateway is not None and gateway.proc.poll() is not None:
        told = f"exit code {gateway.proc.returncode}; -9 is a kill, 52 is out of memory in Java"
        report.sections.append(("Spark's JVM has ended", told))
    return report


SKIPPED: list[tuple[str, str]] = []
"""Name and reason of each test or file that was skipped; with xdist, in the first process alone."""


def _keep_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        SKIPPED.append((report.nodeid, str(reason)))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _keep_skip(report)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    _keep_skip(report)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the skips that CI does not allow."""
    if found := _unlisted():
        terminalreporter.section("skipped without a reason in tests/skips.py", red=True)
        for line in found:
            terminalreporter.line(line)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A skip that is not listed fails CI."""
    if _unlisted() and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _unlisted() -> list[str]:
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    return unlisted(SKIPPED) if os.environ.get("CI") and not is_worker else []


@pytest.fixture(autouse=True)
def no_plugins_of_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that another test loaded from its own folder is not sent to this test's workers."""
    monkeypatch.setattr(loading, "_loaded", {})


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    session = build_session(
        SparkConfig(master="local[2]", shuffle_partitions=2, driver_memory="1g")
    )
    yield session
    session.stop()


@pytest.fixture
def lake_config(tmp_path: Path) -> Recipe:
    return load_recipe(None, [f"lake.warehouse={tmp_path / 'lake'}"])


class TableInputs:
    """`Inputs` of a stage from tables in memory: what the runner gives, without a lake."""

    def __init__(
        self, spark: SparkSession, tables: Mapping[str, list[dict[str, Any]]], folder: Path
    ) -> None:
        self.spark = spark
        self.tables = tables
        self.earlier: dict[str, dict[str, list[dict[str, Any]]]] = {}
        """Table -> file -> rows that an earlier run left."""
        self._folder = folder
        self._table_files: dict[tuple[str, int], list[tuple[str, int]]] = {}
        self.measures: dict[str, float] = {}
        self.notes: list[str] = []
        self.is_small = False
        """Whether tasks on numbers run in threads of this process."""

    def frame(self, table: str, columns: Sequence[str] | None = None) -> DataFrame:
        rows = pa.Table.from_pylist(self.tables[table], schema=TABLES[table].schema)
        return self.spark.createDataFrame(rows if columns is None else rows.select(columns))

    def arrow_rows(
        self, table: str, columns: Sequence[str], make: MakeRows, schema: pa.Schema
    ) -> ArrowRows:
        if not self.is_small:
            return ArrowRows(self.frame(table).select(*columns), make, schema)
        rows = pa.Table.from_pylist(self.tables[table], schema=TABLES[table].schema)
        batches = rows.select(columns).to_batches(max_chunksize=3)
        return ArrowRows(self.numbers(1), lambda numbers: make(iter(batches)), schema)

    def table(self, name: str, columns: Sequence[str], max_rows: int) -> pa.Table:
        return self.local(self.frame(name).select(*columns), max_rows).combine_chunks()

    def table_files(self, name: str) -> list[tuple[str, int]]:
        # Once a table: frames that are not computed yet read these very files.
        key = (name, id(self.tables[name]))
        if key not in self._table_files:
            path = f"table-{name}-{len(self._table_files)}"
            self._table_files[key] = self._files(self.frame(name), path)
        return self._table_files[key]

    def read_files(self, paths: Sequence[str], schema: pa.Schema) -> DataFrame:
        return self.spark.read.schema(spark_schema(schema)).parquet(*paths)

    def previous(
        self,
        table: str,
        files: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
    ) -> DataFrame:
        names = self.previous_files(table) if files is None else files
        rows = [(file, row) for file in names for row in self.earlier[table][file]]
        schema = TABLES[table].schema
        made = pa.Table.from_pylist([row for _, row in rows], schema)
        made = made.append_column(PREVIOUS_FILE, pa.array([file for file, _ in rows], pa.string()))
        frame = self.spark.createDataFrame(made)
        return frame if columns is None else frame.select(*columns, PREVIOUS_FILE)

    def previous_files(self, table: str) -> list[str]:
        return sorted(self.earlier.get(table, ()))

    def numbers(self, n: int) -> Numbers:
        return Numbers(self.spark, n, self.is_small)

    def local(self, rows: DataFrame | ArrowRows, max_rows: int) -> pa.Table:
        found = rows.gathered() if isinstance(rows, ArrowRows) else rows.toArrow()
        assert found.num_rows <= max_rows
        return found

    def checkpoint(self, rows: DataFrame | ArrowRows, name: str) -> DataFrame:
        frame = rows if isinstance(rows, DataFrame) else rows.in_spark()
        path = str(self._folder / "checkpoints" / name)
        frame.write.mode("overwrite").parquet(path)
        return self.spark.read.schema(frame.schema).parquet(path)

    def stored(self, name: str, columns: Sequence[str]) -> DataFrame:
        return self.spark.read.parquet(str(self._folder / "checkpoints" / name)).select(*columns)

    def files(self, rows: ArrowRows, name: str) -> list[tuple[str, int]]:
        return self._files(rows, name)

    def _files(self, rows: DataFrame | ArrowRows, name: str) -> list[tuple[str, int]]:
        paths = self.checkpoint(rows, name).inputFiles()
        return [(path, pq.read_metadata(path.removeprefix("file://")).num_rows) for path in paths]

    def artifacts(self, kind: str) -> Artifacts:
        return Artifacts(str(self._folder / kind), str(self._folder / kind))

    def measure(self, name: str, value: float) -> None:
        self.measures[name] = value

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture
def table_inputs(spark: SparkSession, tmp_path: Path):
    def make(**tables: list[dict[str, Any]]) -> TableInputs:
        return TableInputs(spark, tables, tmp_path)

    return make


def as_table(rows: StageRows | Renewed) -> pa.Table:
    """Rows of a stage, wherever they are made."""
    if isinstance(rows, Renewed):
        return pa.concat_tables(as_table(part) for part in rows.rows)
    if isinstance(rows, ArrowRows):
        rows = rows.in_spark()
    return rows if isinstance(rows, pa.Table) else rows.toArrow()


def rows_of(rows: StageRows | Renewed, *columns: Any) -> list[tuple[Any, ...]]:
    """Rows as sorted tuples, for comparison."""
    if isinstance(rows, Renewed):
        (rows,) = rows.rows
    if columns:
        rows = rows.in_spark() if isinstance(rows, ArrowRows) else rows
        rows = rows.select(columns) if isinstance(rows, pa.Table) else rows.select(*columns)
    table = as_table(rows)
    return sorted((tuple(row.values()) for row in table.to_pylist()), key=repr)
