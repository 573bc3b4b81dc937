"""Drivers that stop at every catalog and file operation, so that a test can drive several at once.

A driver is a thread that reserves a lake, recovers it, writes two tables and commits them, as a run
does without Spark. Before every operation it waits. The test lets it go on, or lets the operation
fail: before it is done, or after (its answer is lost). A crashed driver does nothing any more, not
even give its lease back.
"""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import wraps
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fsspec.implementations.local import LocalFileSystem
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import CommitStateUnknownException
from sqlalchemy import Engine, event

from pivotmine.errors import LakeError
from pivotmine.lake import commit as commit_module
from pivotmine.lake import lease_state
from pivotmine.lake.addresses import normal_address
from pivotmine.lake.commit import commit, is_published
from pivotmine.lake.lake import Lake
from pivotmine.lake.lease import hold_lease
from pivotmine.lake.recovery import recover
from pivotmine.lake.tables import TABLES
from pivotmine.recipe import LakeConfig

WRITES = ("links", "pivots")
CATALOG_NAMES = ("load_table", "create_table", "commit_table")
CATALOG = tuple((SqlCatalog, name) for name in CATALOG_NAMES)
FILES = tuple(
    (LocalFileSystem, name) for name in ("open", "ls", "makedirs", "rm", "rm_file", "find")
)


CHANGES = ("create_table", "commit_table", "create", "rm", "rm_file")
"""Operations that change something: a crash between two of them leaves the same lake."""

STEPS = (*CHANGES, "load_table", "ls", "find", "_commit_row")
"""Operations that change something or read what another driver changes."""


class Crash(BaseException):
    """The driver is gone."""


def lost() -> BaseException:
    """What a catalog says when it does not know whether a commit went through."""
    return CommitStateUnknownException("504: the gateway timed out")


def refused() -> BaseException:
    """What a store says when it is busy."""
    return OSError("503: slow down")


class Driver(threading.Thread):
    """A run of a stage that writes so many rows to both tables.

    With `only` it stops at operations of these names alone.
    """

    _numbers = count(1)

    def __init__(
        self,
        config: LakeConfig,
        n_rows: int,
        only: Collection[str] = (),
        tables: Sequence[str] = WRITES,
    ) -> None:
        super().__init__(daemon=True)
        self.run_id = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-hand-{next(self._numbers)}"
        self.n_rows, self.only = n_rows, only
        self.ended: BaseException | None = None
        """How the run failed; None while it goes on, and where it succeeded."""
        self.operations: list[str] = []
        self.waits_for = ""
        self._config, self._tables = config, tables
        self._may_go, self._waits = threading.Semaphore(0), threading.Semaphore(0)
        self._fails: tuple[bool, Callable[[], BaseException]] | None = None
        self._is_gone = False
        self.start()
        self._waits.acquire()

    def run(self) -> None:
        _of_thread.driver = self
        try:
            lake = Lake(self._config)
            with hold_lease(lake):
                recover(lake)
                rows = (self.run_id, self.n_rows)
                staged = {name: stage(lake, name, *rows) for name in self._tables}
                commit(lake, row(self.run_id, self.n_rows), staged)
        except BaseException as error:
            self.ended = error
        finally:
            self._is_gone = True
            self._waits.release()

    def go_to(self, name: str, times: int = 1) -> bool:
        """Let it go on until it waits to do an operation of this name; False if it ends before."""
        while not self._is_gone:
            if self.waits_for == name:
                times -= 1
                if not times:
                    return True
            self.go(1)
        return False

    @property
    def is_over(self) -> bool:
        return self._is_gone

    @property
    def has_succeeded(self) -> bool:
        return self._is_gone and self.ended is None

    def go(self, n_operations: int = 10**9) -> None:
        """Let it do so many operations, or run to its end."""
        while n_operations and not self._is_gone:
            n_operations -= 1
            self._may_go.release()
            self._waits.acquire()

    def fail(self, error: Callable[[], BaseException], *, after: bool = False) -> None:
        """Let its next operation fail, and stop at the next one."""
        if not self._is_gone:
            self._fails = (after, error)
            self.go(1)

    def crash(self, *, after: bool = False) -> None:
        """Let it die at its next operation."""
        self.fail(Crash, after=after)
        self.go()

    def operate(
        self, name: str, operation: Callable[..., Any], *arguments: Any, **named: Any
    ) -> Any:
        """Do an operation when the test allows it."""
        if isinstance(self.ended, Crash):
            raise Crash
        self.waits_for = name
        self._reach()
        self.operations.append(name)
        fails, self._fails = self._fails, None
        if fails is None:
            return operation(*arguments, **named)
        after, error = fails
        if after:
            operation(*arguments, **named)
        raised = error()
        if isinstance(raised, Crash):
            self.ended = raised
        raise raised

    def _reach(self) -> None:
        self._waits.release()
        self._may_go.acquire()


_of_thread = threading.local()


def step_by_step(patch: pytest.MonkeyPatch) -> None:
    """Let drivers wait at each of their operations."""

    def around(operation: Callable[..., Any], name_of: str) -> Callable[..., Any]:
        @wraps(operation)
        def call(*arguments: Any, **named: Any) -> Any:
            driver = getattr(_of_thread, "driver", None)
            mode = [*arguments, named.get("mode", "rb")][2 if len(arguments) > 2 else -1]
            name = "create" if name_of == "open" and "w" in mode else name_of
            if driver is None or driver.is_over or name not in (driver.only or (name,)):
                return operation(*arguments, **named)
            return driver.operate(name, operation, *arguments, **named)

        return call

    for owner, name in (*CATALOG, *FILES, (commit_module, "_commit_row")):
        patch.setattr(owner, name, around(getattr(owner, name), name))


class Clock:
    """The time by which leases end."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._offset = timedelta()
        patch.setattr(lease_state, "now", lambda: datetime.now(UTC) + self._offset)

    def end_leases(self) -> None:
        """Let the lease of every driver end."""
        self._offset += timedelta(hours=1)


@contextlib.contextmanager
def fast_catalogs() -> Iterator[None]:
    """SQLite that does not wait for the disk: nobody pulls the plug here."""

    def set_pragma(connection: Any, record: Any) -> None:
        connection.execute("PRAGMA synchronous = OFF")

    event.listen(Engine, "connect", set_pragma)
    yield
    event.remove(Engine, "connect", set_pragma)


class Place:
    """A lake that can be put back to how it was saved."""

    def __init__(self, folder: Path) -> None:
        self.config = LakeConfig(warehouse=str(folder / "lake"))
        self._lake, self._saved = folder / "lake", folder / "saved"

    def save(self) -> None:
        shutil.rmtree(self._saved, ignore_errors=True)
        shutil.copytree(self._lake, self._saved)

    def restore(self) -> None:
        shutil.rmtree(self._lake, ignore_errors=True)
        if self._saved.exists():
            shutil.copytree(self._saved, self._lake)


def stage(lake: Lake, name: str, run_id: str, n_rows: int) -> list[str]:
    """Files of a table, where a run puts them before it commits."""
    folder = lake.staging_path(name, run_id)
    lake.filesystem.makedirs(folder)
    with lake.filesystem.open(f"{folder}/part-0.parquet", "wb") as stream:
        pq.write_table(pa.Table.from_pylist([{}] * n_rows, TABLES[name].schema), stream)
    return lake.parquet_files(folder)


def row(run_id: str, n_rows: int) -> dict[str, Any]:
    """The row of a run."""
    now = datetime.now(UTC)
    rows = dict.fromkeys(WRITES, n_rows)
    run = {"run_id": run_id, "stage": "hand", "fingerprint": run_id, "inputs": {}, "rows": rows}
    return {**run, "started_at": now, "finished_at": now}


def check_readers(config: LakeConfig) -> list[str]:
    """What a reader sees is whole and of one run; returns the committed runs."""
    lake = Lake(config, read_only=True)
    runs = lake.runs().to_pylist()
    if runs:
        rows = dict(runs[-1]["rows"])
        for name in WRITES:
            for path in lake.files(name):
                assert lake.filesystem.exists(path), "no committed file is missing"
            seen = lake.read(name, TABLES[name].schema.names[:1]).num_rows
            assert seen == rows[name], "all tables are at the last committed run"
    return [run["run_id"] for run in runs]


def check_recovered(config: LakeConfig) -> None:
    """After recovery other Iceberg readers see the same, and nothing is left over."""
    lake = Lake(config)
    with hold_lease(lake) as lease:
        if lease.is_clean:
            assert heads_are_right(lake), "who says that a lake is clean has published it"
        lease.is_clean = False  # a driver that was thought dead may have left files since
        recover(lake)
        lease.is_clean = False
        assert recover(lake) == [], "everything was done"
    committed = lake.committed_run_ids()
    for name in WRITES:
        folder = lake.staging_path(name, "x").removesuffix("/x")
        assert set(lake.names_in(folder)) <= committed, "files of uncommitted runs are gone"
        table = lake.iceberg_table(name)
        if table is not None:
            planned = {task.file.file_path for task in table.scan().plan_files()}
            assert planned == set(lake.files(name))
    assert heads_are_right(lake)
    runs = lake.iceberg_table("runs")
    assert runs is not None
    listed = {
        normal_address(file.file_path)
        for snapshot in runs.snapshots()
        for file in lake.data_files(snapshot)
    }
    found = lake.files_below(lake.staging_path("runs", "x").removesuffix("/x"))
    assert {path for path in found if path.endswith(".parquet")} == listed


def heads_are_right(lake: Lake) -> bool:
    """Whether other Iceberg readers see what is committed."""
    found = {name: lake.snapshot(name) for name in WRITES}
    return all(one is None or is_published(lake, name, one) for name, one in found.items())


def check_end(config: LakeConfig, *drivers: Driver, goes_on: bool = True) -> list[str]:
    """After all drivers have ended the lake is as they have said and whole, and goes on.

    Returns the committed runs.
    """
    committed = check_readers(config)
    for driver in drivers:
        assert driver.is_over
        if driver.has_succeeded:
            assert driver.run_id in committed, "a run that reports success has committed"
        if "othing of this stage counts" in str(driver.ended):
            assert driver.run_id not in committed, "what a run says is true"
        expected = LakeError | OSError | KeyboardInterrupt | Crash | CommitStateUnknownException
        assert driver.ended is None or isinstance(driver.ended, expected), driver.ended
    check_recovered(config)
    assert check_readers(config) == committed, "recovery commits nothing, and loses nothing"
    if not goes_on:
        return committed
    last = Driver(config, 11)
    last.go()
    assert last.has_succeeded, last.ended
    assert check_readers(config) == [*committed, last.run_id]
    return committed
