"""A run may be interrupted at any catalog or file operation, and nothing committed is lost.

A driver is repeated as often as it has operations, and each time it is interrupted at another of
them. After that, and after the recovery of the next run, the lake is at one run, whole, without
leftovers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

from pivotmine.engine import runner
from pivotmine.errors import LakeError
from pivotmine.lake import commit as commit_module
from pivotmine.lake.lake import Lake
from pivotmine.lake.lease import hold_lease
from pivotmine.lake.recovery import recover
from pivotmine.recipe import Recipe
from tests.lake.drivers import (
    CATALOG_NAMES,
    CHANGES,
    Driver,
    Place,
    check_end,
    check_readers,
    fast_catalogs,
    lost,
    refused,
    step_by_step,
)
from tests.lake.small_runs import Quiet, run


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A lake that holds one run of two rows."""
    step_by_step(monkeypatch)
    with fast_catalogs():
        place = Place(tmp_path)
        driver = Driver(place.config, 2)
        driver.go()
        assert driver.has_succeeded
        place.save()
        yield place


def operations(place: Place) -> list[str]:
    """The operations of a driver that nothing disturbs."""
    driver = Driver(place.config, 5)
    driver.go()
    assert driver.has_succeeded
    place.restore()
    return driver.operations


def at_each(
    place: Place, names: list[str], only: Collection[str] = ()
) -> Iterator[tuple[int, Driver]]:
    """A driver that waits to do its first operation, its second, and so on, on the same lake."""
    for at, name in enumerate(names):
        if only and name not in only:
            continue
        driver = Driver(place.config, 5)
        driver.go(at)
        assert driver.waits_for == name
        yield at, driver
        place.restore()


def test_a_crash_at_any_operation_loses_nothing(place: Place):
    outcomes = set()
    for _, driver in at_each(place, operations(place), CHANGES):
        driver.crash()
        outcomes.add(len(check_end(place.config, driver, goes_on=False)))
    assert outcomes == {1, 2}, "both before and after the commit point"


def test_ctrl_c_at_any_operation_loses_nothing(place: Place):
    outcomes = set()
    for at, driver in at_each(place, operations(place)):
        driver.fail(KeyboardInterrupt)
        driver.go()
        assert isinstance(driver.ended, KeyboardInterrupt) or at == len(driver.operations) - 1
        outcomes.add(len(check_end(place.config, driver, goes_on=False)))
    assert outcomes == {1, 2}


@pytest.mark.parametrize("after", [False, True], ids=["refused", "answer lost"])
def test_an_error_at_any_operation_loses_nothing_and_is_told(place: Place, after: bool):
    for at, driver in at_each(place, names := operations(place), CHANGES if after else ()):
        driver.fail(lost if names[at] in CATALOG_NAMES else refused, after=after)
        driver.go()
        committed = check_end(place.config, driver, goes_on=names[at] == "commit_table")
        assert isinstance(driver.ended, LakeError | OSError) or driver.run_id in committed
        assert "\n" not in str(driver.ended)


def test_the_first_run_may_crash_at_any_operation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    step_by_step(monkeypatch)
    with fast_catalogs():
        place = Place(tmp_path)
        for _, driver in at_each(place, operations(place), CHANGES):
            driver.crash()
            lake = Lake(place.config)
            with hold_lease(lake):
                recover(lake)
            check_end(place.config, driver, goes_on=False)


def test_an_answer_that_is_lost_after_the_commit_is_read_back(place: Place):
    driver = Driver(place.config, 5)
    while driver.go_to("commit_table"):
        driver.fail(lost, after=True)
    assert driver.has_succeeded
    assert driver.run_id in check_end(place.config, driver)


def test_a_commit_that_was_refused_is_tried_again(place: Place):
    driver = Driver(place.config, 5)
    driver.go_to("commit_table", times=2)
    driver.fail(lost)
    driver.go()
    assert driver.has_succeeded
    assert check_end(place.config, driver) == [*check_readers(place.config)[:-1]]


def test_recovery_may_crash_at_any_operation(place: Place, monkeypatch: pytest.MonkeyPatch):
    """The committed run is not published yet, and another has left its files."""
    driver = Driver(place.config, 5)
    monkeypatch.setattr(commit_module, "publish_all", lambda *arguments: driver.crash())
    driver.go_to("commit_table", times=2)
    driver.crash()
    place.save()
    committed = check_readers(place.config)
    for _, later in at_each(place, operations(place), CHANGES):
        later.crash()
        assert check_end(place.config, later, goes_on=False)[: len(committed)] == committed


def test_an_error_after_the_commit_point_is_no_failure(place: Place):
    driver = Driver(place.config, 5)
    driver.go_to("commit_table", times=3)
    while driver.waits_for == "commit_table" and not driver.is_over:
        driver.fail(refused)
        driver.go_to("commit_table")
    assert driver.has_succeeded
    assert driver.run_id in check_end(place.config, driver)


def test_a_catalog_that_lost_its_tables_deletes_no_data(place: Place):
    (Path(place.config.warehouse) / "catalog.db").unlink()
    before = sorted(Path(place.config.warehouse).rglob("*.parquet"))
    driver = Driver(place.config, 5)
    driver.go()
    assert "not known what is committed" in str(driver.ended)
    assert sorted(Path(place.config.warehouse).rglob("*.parquet")) == before


def test_recovery_looks_at_the_lake_as_it_is_under_the_lease(place: Place):
    late = Lake(place.config)
    late.runs()
    driver = Driver(place.config, 5)
    driver.go()
    with hold_lease(late) as lease:
        lease.is_clean = False
        recover(late)
    assert check_readers(place.config)[-1] == driver.run_id


def test_a_further_table_costs_a_commit_few_requests(place: Place):
    """A third of the 38 of the protocol before; its data file is written and listed besides."""
    asked = []
    for tables in (("links",), ("links", "pivots")):
        driver = Driver(place.config, 5, tables=tables)
        driver.go()
        place.restore()
        asked.append([name for name in driver.operations if name != "makedirs"])
    assert len(asked[1]) - len(asked[0]) - 2 <= 38 / 3


# ---- the runner


def test_the_runner_deletes_nothing_that_may_be_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    recipe = Recipe.model_validate({"lake": {"warehouse": str(tmp_path / "lake")}})
    assert run(recipe, 2).tally.rows_out == 2
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(commit_module, "publish_all", interrupt)
        run(recipe, 5)
    lake = Lake(recipe.lake, read_only=True)
    assert lake.read("links", ["a"]).num_rows == lake.read("pivots", ["token"]).num_rows == 5
    display = Quiet()
    assert run(recipe, 5, display=display).skipped, "it is committed"
    assert len([line for line in display.notes if "published" in line]) == 2


def test_the_runner_deletes_what_a_stage_has_staged_that_never_came_to_its_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    recipe = Recipe.model_validate({"lake": {"warehouse": str(tmp_path / "lake")}})
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(runner, "_row", interrupt)
        run(recipe, 5)
    assert list(tmp_path.rglob("*.parquet")) == []


def interrupt(*arguments: object) -> None:
    raise KeyboardInterrupt
