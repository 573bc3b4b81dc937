"""A lake that others write while its pages are read."""

from __future__ import annotations

import pytest

from pivotmine.ask.reader import LakeReader
from pivotmine.errors import LakeError
from pivotmine.explore import live
from pivotmine.explore.live import LiveLake
from pivotmine.lake.lake import Lake
from pivotmine.recipe import LakeConfig
from tests.handmade import make_lake, put, word


@pytest.fixture
def writer(tmp_path) -> Lake:
    return make_lake(tmp_path / "lake", vocabulary=[word(0, "▁cat", "en")])


@pytest.fixture
def shown(writer, monkeypatch) -> LiveLake:
    monkeypatch.setattr(live, "_SECONDS", 0.0)
    return LiveLake(LakeReader(Lake(LakeConfig(warehouse=writer.warehouse), read_only=True)))


def tokens(shown: LiveLake) -> list[str]:
    cursor = shown.now().connection.cursor()
    return [token for (token,) in cursor.execute("SELECT token FROM vocabulary").fetchall()]


def test_a_new_commit_is_seen_and_what_was_computed_is_forgotten(writer, shown):
    assert tokens(shown) == ["▁cat"]
    assert shown.now().remember("n", lambda: 1) == shown.now().remember("n", lambda: 2) == 1
    put(writer, vocabulary=[word(0, "▁dog", "en")])
    assert tokens(shown) == ["▁dog"]
    assert shown.now().remember("n", lambda: 2) == 2


def test_a_page_that_is_being_made_keeps_its_commit(writer, shown):
    cursor = shown.now().connection.cursor()
    put(writer, vocabulary=[word(0, "▁dog", "en")])
    assert tokens(shown) == ["▁dog"]
    assert cursor.execute("SELECT count(*) FROM vocabulary").fetchone() == (1,)


def test_a_lake_that_cannot_be_reached_for_a_moment_is_shown_as_it_was(shown, monkeypatch):
    def fail() -> None:
        raise LakeError("no catalog")

    before = shown.now()
    monkeypatch.setattr(shown.reader.lake, "refresh_runs", fail)
    assert shown.now() is before
