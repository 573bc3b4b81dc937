"""A commit may be interrupted at any catalog or file operation, and nothing committed is lost.

Every operation from the beginning of the commit to the end of the run is numbered. The run is
repeated as often as there are operations, and each time another of them fails: before it has done
its work, or after it (its answer is lost). After that, and after the recovery of the next run, the
lake is at one run, whole, without leftovers.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Collection, Iterator
from functools import wraps
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from fsspec.implementations.local import LocalFileSystem
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import CommitStateUnknownException
from pyiceberg.io.pyarrow import PyArrowFile, PyArrowFileIO

from pivotmine.engine import runner
from pivotmine.engine.display import Report
from pivotmine.engine.runner import run_stages
from pivotmine.engine.stage import Stage, Tally
from pivotmine.errors import LakeError
from pivotmine.lake import commit as commit_module
from pivotmine.lake.addresses import normal_address
from pivotmine.lake.commit import commit
from pivotmine.lake.lake import Lake
from pivotmine.lake.lease import hold_lease
from pivotmine.lake.recovery import recover
from pivotmine.lake.tables import TABLES
from pivotmine.recipe import Recipe

WRITES = ("links", "pivots")
CATALOG_OPERATIONS = ("load_table", "create_table", "commit_table")
FILE_OPERATIONS = (
    *((PyArrowFile, name) for name in ("create", "open")),
    (PyArrowFileIO, "delete"),
    *((LocalFileSystem, name) for name in ("open", "ls", "makedirs", "rm", "find")),
)


class Quiet:
    """A display that shows nothing."""

    def note(self, text: str) -> None: ...
    def start(self, stage: str, doc: str) -> None: ...
    def progress(self, text: str) -> None: ...
    def finish(self, report: Report) -> None: ...
    def watch(self, spark: Any) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()


def stage(n_rows: int, sections: tuple[str, ...] = ()) -> Stage:
    """A stage that writes tables of so many rows, without Spark."""
    made = {n: pa.Table.from_pylist([{}] * n_rows, TABLES[n].schema) for n in WRITES}
    return Stage(
        name="link",
        doc="two tables",
        reads=(),
        writes=WRITES,
        sections=sections,
        run=lambda inputs, recipe: dict(made),
        tally=lambda rows, recipe: Tally(n_rows, n_rows),
        external=lambda recipe: n_rows,
    )


def run(recipe: Recipe, n_rows: int, sections: tuple[str, ...] = ()) -> Report:
    no_session: Any = lambda: None  # noqa: E731
    (report,) = run_stages(recipe, [stage(n_rows, sections)], no_session, Quiet())
    return report


class Faults:
    """Counts operations from the beginning of a commit, and lets one fail."""

    def __init__(self, fails_at: int, after: bool, error: Callable[[], BaseException]) -> None:
        self.fails_at, self.after, self.error = fails_at, after, error
        self.n_operations = 0
        self.has_begun = False

    def begin(self, commit: Callable[..., None]) -> Callable[..., None]:
        def call(*arguments: Any) -> None:
            self.has_begun = True
            commit(*arguments)

        return call

    def around(self, operation: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(operation)
        def call(*arguments: Any, **named: Any) -> Any:
            if not self.has_begun:
                return operation(*arguments, **named)
            at = self.n_operations
            self.n_operations += 1
            if at == self.fails_at and not self.after:
                raise self.error()
            result = operation(*arguments, **named)
            if at == self.fails_at:
                raise self.error()
            return result

        return call


@contextlib.contextmanager
def faulty(
    fails_at: int,
    after: bool,
    error: Callable[[], BaseException],
    *,
    files: bool = True,
    only: Collection[str] = (),
) -> Iterator[Faults]:
    """Number the operations of catalogs (and files), or `only` some, and let one of them fail."""
    faults = Faults(fails_at, after, error)
    operations = [(SqlCatalog, name) for name in CATALOG_OPERATIONS]
    with pytest.MonkeyPatch.context() as patch:
        for owner, name in (*operations, *(FILE_OPERATIONS if files else ())):
            if not only or name in only:
                patch.setattr(owner, name, faults.around(getattr(owner, name)))
        patch.setattr(runner, "commit", faults.begin(commit))
        yield faults


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    """A recipe whose lake holds one run of two rows."""
    recipe = Recipe.model_validate({"lake": {"warehouse": str(tmp_path / "lake")}})
    run(recipe, 2)
    shutil.copytree(tmp_path / "lake", tmp_path / "before")
    return recipe


def restore(recipe: Recipe) -> None:
    folder = Path(recipe.lake.warehouse)
    shutil.rmtree(folder)
    shutil.copytree(folder.parent / "before", folder)


def check_whole(recipe: Recipe) -> int:
    """All tables are at one run and can be read; returns their rows."""
    lake = Lake(recipe.lake, read_only=True)
    last = lake.runs().to_pylist()[-1]
    for name in WRITES:
        snapshot = lake.snapshot(name)
        assert snapshot is not None
        assert snapshot.snapshot_id == dict(last["outputs"])[name], "one run"
        for path in lake.files(name):
            assert lake.filesystem.exists(path), "no committed file is missing"
        assert lake.read(name, TABLES[name].schema.names[:1]).num_rows == dict(last["rows"])[name]
    return int(dict(last["rows"])["links"])


def check_no_leftovers(recipe: Recipe) -> None:
    """After recovery, every data file belongs to some snapshot of a committed run."""
    lake = Lake(recipe.lake)
    with hold_lease(lake):
        recover(lake)
        assert recover(lake) == []
    committed = lake.committed_run_ids()
    for name in WRITES:
        folders = lake.names_in(lake.staging_path(name, "x").removesuffix("/x"))
        assert set(folders) <= committed
        head = lake.catalog.load_table((lake.namespace, name)).current_snapshot()
        assert head == lake.snapshot(name), "other Iceberg readers see the same"
    rows = lake.files_below(lake.staging_path("runs", "x").removesuffix("/x"))
    assert set(rows) == {normal_address(path) for path in lake.files("runs")}
    assert lake.names_in(lake.scratch_path("x").removesuffix("/x")) == []


def n_operations(recipe: Recipe, *, files: bool = True) -> int:
    with faulty(-1, False, KeyboardInterrupt, files=files) as faults:
        run(recipe, 5)
    restore(recipe)
    return faults.n_operations


def interrupt(*arguments: Any) -> None:
    raise KeyboardInterrupt


def unknown() -> BaseException:
    return CommitStateUnknownException("504: the gateway timed out")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_ctrl_c_at_any_operation_loses_nothing(recipe: Recipe, after: bool):
    outcomes = set()
    for at in range(n_operations(recipe)):
        with faulty(at, after, KeyboardInterrupt), contextlib.suppress(KeyboardInterrupt):
            run(recipe, 5)
        outcomes.add(check_whole(recipe))
        n_rows = check_whole(recipe)
        assert run(recipe, 5).skipped == (n_rows == 5)
        check_no_leftovers(recipe)
        assert check_whole(recipe) == 5
        restore(recipe)
    assert outcomes == {2, 5}, "both before and after the commit point"


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("files", [False, True], ids=["catalog", "store"])
def test_an_error_at_any_operation_loses_nothing_and_is_told(
    recipe: Recipe, after: bool, files: bool
):
    error: Callable[[], BaseException] = (lambda: OSError("503: slow down")) if files else unknown
    for at in range(n_operations(recipe, files=files)):
        told = False
        with faulty(at, after, error, files=files):
            try:
                run(recipe, 5)
            except (LakeError, OSError, CommitStateUnknownException):
                told = True
        n_rows = check_whole(recipe)
        assert told or n_rows == 5, "a run that reports success has committed"
        check_no_leftovers(recipe)
        assert check_whole(recipe) == n_rows
        restore(recipe)


def test_an_answer_that_is_lost_after_the_commit_is_read_back(recipe: Recipe):
    operation = SqlCatalog.commit_table

    def lost(*arguments: Any) -> Any:
        operation(*arguments)
        raise unknown()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SqlCatalog, "commit_table", lost)
        assert run(recipe, 5).tally.rows_out == 5
    assert check_whole(recipe) == 5


def test_recovery_may_be_interrupted_too(recipe: Recipe):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(commit_module, "_append_run", interrupt)
        with contextlib.suppress(KeyboardInterrupt):
            run(recipe, 5)
    folder = Path(recipe.lake.warehouse)
    shutil.rmtree(folder.parent / "before")
    shutil.copytree(folder, folder.parent / "before")
    at, has_failed = 0, True
    while has_failed:
        with faulty(at, True, KeyboardInterrupt, only=("commit_table", "rm")) as faults:
            faults.has_begun = True
            with contextlib.suppress(KeyboardInterrupt):
                lake = Lake(recipe.lake)
                with hold_lease(lake):
                    recover(lake)
        has_failed = faults.n_operations > at
        check_no_leftovers(recipe)
        assert check_whole(recipe) == 2
        restore(recipe)
        at += 1


def test_an_interrupted_first_run_leaves_nothing_that_is_not_committed(tmp_path: Path):
    recipe = Recipe.model_validate({"lake": {"warehouse": str(tmp_path / "lake")}})
    with faulty(-1, False, KeyboardInterrupt) as faults:
        run(recipe, 5)
    for at in range(faults.n_operations):
        shutil.rmtree(tmp_path / "lake")
        with faulty(at, True, KeyboardInterrupt), contextlib.suppress(KeyboardInterrupt):
            run(recipe, 5)
        assert run(recipe, 5).tally.rows_out == 5
        assert check_whole(recipe) == 5
        check_no_leftovers(recipe)


def test_a_catalog_that_lost_its_tables_deletes_no_data(recipe: Recipe):
    (Path(recipe.lake.warehouse) / "catalog.db").unlink()
    before = sorted(Path(recipe.lake.warehouse).rglob("*.parquet"))
    with pytest.raises(LakeError, match="not known what is committed"):
        run(recipe, 5)
    assert sorted(Path(recipe.lake.warehouse).rglob("*.parquet")) == before


def test_recovery_looks_at_the_lake_as_it_is_under_the_lock(recipe: Recipe):
    late = Lake(recipe.lake)
    late.runs()
    run(recipe, 5)
    with hold_lease(late):
        recover(late)
    assert check_whole(recipe) == 5
