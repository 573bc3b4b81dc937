"""Two drivers and a reader at one lake: whatever the order of their operations, nothing is torn.

A driver stops at any of its operations and is thought dead; its lease ends. Another takes over, and
goes as far as it may. Then the first one goes on, unaware. All pairs of such places are tried, and
hypothesis looks for other orders, with crashes, Ctrl-C, refusals and lost answers among them.

The last tests take a repair out, and expect that a violation is found.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from pivotmine.errors import LakeError
from pivotmine.lake import commit as commit_module
from pivotmine.lake import lease as lease_module
from pivotmine.lake import lease_state, table_changes
from pivotmine.lake.lease import Lease
from tests.lake.drivers import (
    STEPS,
    Clock,
    Driver,
    Place,
    check_end,
    check_readers,
    fast_catalogs,
    lost,
    refused,
    step_by_step,
)

COMMITS = ("commit_table", 1), ("commit_table", 2), ("commit_table", 3), ("commit_table", 4)
"""Reserve the lake; commit; publish the first table; publish the second."""


@contextlib.contextmanager
def a_lake(folder: Path) -> Iterator[tuple[Place, Clock]]:
    """A lake that holds one run of two rows."""
    with pytest.MonkeyPatch.context() as patch, fast_catalogs():
        step_by_step(patch)
        place = Place(folder)
        driver = Driver(place.config, 2)
        driver.go()
        assert driver.has_succeeded
        place.save()
        yield place, Clock(patch)


@pytest.fixture
def at_lake(tmp_path: Path) -> Iterator[tuple[Place, Clock]]:
    with a_lake(tmp_path) as made:
        yield made


def n_operations(place: Place) -> int:
    driver = Driver(place.config, 5, STEPS)
    driver.go()
    place.restore()
    return len(driver.operations)


def test_a_driver_that_was_taken_over_at_any_operation_tears_nothing(at_lake: tuple[Place, Clock]):
    place, clock = at_lake
    fates = set()
    for at in range(n_operations(place)):
        late = Driver(place.config, 5, STEPS)
        late.go(at)
        clock.end_leases()
        other = Driver(place.config, 7, STEPS)
        other.go()
        assert other.has_succeeded, other.ended
        seen = check_readers(place.config)
        assert seen[-1] == other.run_id
        late.go()
        committed = check_end(place.config, late, other, goes_on=False)
        assert committed[: len(seen)] == seen
        fates.add((late.has_succeeded, late.run_id in seen))
        place.restore()
    # It began after the other one, it was fenced, or it had committed before.
    assert fates >= {(True, False), (False, False), (True, True)}


def test_a_driver_finds_the_lake_in_use_at_any_operation_of_another(at_lake: tuple[Place, Clock]):
    place, _ = at_lake
    for at in range(1, n_operations(place), 4):
        first = Driver(place.config, 5, STEPS)
        first.go(at)
        second = Driver(place.config, 7, STEPS)
        second.go()
        if not second.has_succeeded:
            assert f"{lease_state._user()} on" in str(second.ended)
            assert "pivotmine unlock" in str(second.ended)
        first.go()
        assert first.has_succeeded, first.ended
        check_end(place.config, first, second, goes_on=False)
        place.restore()


def pairs(place: Place, clock: Clock) -> Iterator[tuple[Driver, Driver]]:
    """Two drivers, each at one of its commits; the lease of the first has ended."""
    for first_at in COMMITS:
        for second_at in COMMITS:
            first = Driver(place.config, 5, STEPS)
            first.go_to(*first_at)
            clock.end_leases()
            second = Driver(place.config, 7, STEPS)
            second.go_to(*second_at)
            yield first, second
            place.restore()


@pytest.mark.parametrize("fate", ["crashes", "goes on"])
def test_two_drivers_at_any_two_of_their_commits(at_lake: tuple[Place, Clock], fate: str):
    place, clock = at_lake
    for first, second in pairs(place, clock):
        if fate == "crashes":
            second.crash()
        check_readers(place.config)
        first.go()
        check_readers(place.config)
        second.go()
        check_end(place.config, first, second, goes_on=False)


class Lake(RuleBasedStateMachine):
    """Any order of operations of two drivers, with faults."""

    @initialize()
    def make(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.stack = contextlib.ExitStack()
        self.place, self.clock = self.stack.enter_context(a_lake(self.folder))
        self.started: list[Driver] = []
        self.drivers: list[Driver | None] = [None, None]
        self.seen: list[str] = []

    @rule(at=st.integers(0, 1), n=st.integers(1, 40))
    def go(self, at: int, n: int) -> None:
        driver = self.drivers[at]
        if driver is None or driver.is_over:
            driver = Driver(self.place.config, 5 + len(self.started), STEPS)
            self.drivers[at] = driver
            self.started.append(driver)
        driver.go(n)

    @rule(at=st.integers(0, 1))
    def go_to_a_commit(self, at: int) -> None:
        driver = self.drivers[at]
        if driver is not None and not driver.is_over:
            driver.go(1)
            driver.go_to("commit_table")

    @rule(at=st.integers(0, 1), kind=st.sampled_from(["crash", "ctrl-c", "refused", "lost"]))
    def fail(self, at: int, kind: str) -> None:
        driver = self.drivers[at]
        if driver is None or driver.is_over:
            return
        if kind == "crash":
            driver.crash(after=True)
        elif kind == "ctrl-c":
            driver.fail(KeyboardInterrupt, after=True)
        else:
            driver.fail(refused if kind == "refused" else lost, after=kind == "lost")

    @precondition(lambda self: self.started)
    @rule()
    def end_leases(self) -> None:
        self.clock.end_leases()

    @rule()
    def read(self) -> None:
        committed = check_readers(self.place.config)
        assert committed[: len(self.seen)] == self.seen, "what was committed stays"
        self.seen = committed

    def teardown(self) -> None:
        try:
            for driver in self.started:
                driver.go()
            self.read()
            self.clock.end_leases()
            check_end(self.place.config, *self.started)
        finally:
            for driver in self.started:
                driver.crash()
            self.stack.close()
            shutil.rmtree(self.folder, ignore_errors=True)


TestLake = Lake.TestCase
TestLake.settings = settings(
    max_examples=15,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


# ---- without a repair a violation is found


@pytest.mark.parametrize("is_fenced", [True, False], ids=["fenced", "not fenced"])
def test_the_fence_keeps_a_driver_that_was_thought_dead_from_committing_files_that_are_gone(
    at_lake: tuple[Place, Clock], monkeypatch: pytest.MonkeyPatch, is_fenced: bool
):
    place, clock = at_lake
    if not is_fenced:
        to_main = partial(lease_module.same_head, ref=table_changes.MAIN)
        monkeypatch.setattr(lease_module, "same_head", lambda table, ref: to_main(table))
        monkeypatch.setattr(Lease, "_check_mine", lambda *arguments: None)
    first = Driver(place.config, 5, STEPS)
    first.go_to("_commit_row")  # its tables are staged; next is its row
    clock.end_leases()
    second = Driver(place.config, 7, STEPS)
    second.go_to("commit_table", times=3)  # it has reserved, confirmed and recovered the lake
    second.crash()
    first.go()
    assert first.has_succeeded is not is_fenced
    if is_fenced:
        check_end(place.config, first, second)
    else:
        with pytest.raises(LakeError, match="No such file"):
            check_end(place.config, first, second)


def test_deleting_what_was_staged_after_ctrl_c_loses_committed_files(
    at_lake: tuple[Place, Clock], monkeypatch: pytest.MonkeyPatch
):
    place, _ = at_lake
    publish = commit_module.publish_all

    def cleaning(lake: Any, made: Any) -> list[str]:
        try:
            return publish(lake, made)
        except BaseException:
            for name, snapshot in made.items():
                lake.remove(lake.staging_path(name, snapshot.summary["run_id"]))
            raise

    monkeypatch.setattr(commit_module, "publish_all", cleaning)
    driver = Driver(place.config, 5, STEPS)
    driver.go_to("commit_table", 3)
    driver.fail(KeyboardInterrupt)
    driver.go()
    with pytest.raises(LakeError, match="No such file"):
        check_end(place.config, driver)
