"""The log of a run: everything that is shown, kept beside the lake, without secrets."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from pivotmine.show.progress import PlainDisplay
from pivotmine.show.run_log import LoggedDisplay, logged
from tests.show.test_progress import INGEST, LINK


class Shown:
    """A display on paper, and the logs that lie beside a lake."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._console = Console(file=io.StringIO(), width=200)

    @contextlib.contextmanager
    def run(self) -> Iterator[LoggedDisplay]:
        display = PlainDisplay(self._console)
        with logged(display, f"file://{self.folder}", "languages: [en, fr]") as both:
            yield both

    @property
    def lines(self) -> list[str]:
        assert isinstance(self._console.file, io.StringIO)
        return self._console.file.getvalue().splitlines()

    @property
    def logs(self) -> list[str]:
        return [path.read_text(encoding="utf-8") for path in self.folder.glob("logs/*.log")]


@pytest.fixture
def shown(tmp_path: Path) -> Shown:
    return Shown(tmp_path / "lake")


def test_a_log_has_the_settings_and_all_that_was_shown(shown: Shown):
    with shown.run() as display:
        display.note("recovered: nothing")
        display.start("ingest", "read files")
        display.progress("writing 猫")
        display.finish(INGEST)
    (log,) = shown.logs
    head, _, rest = log.partition("languages: [en, fr]\n")
    assert re.fullmatch(r"PivotMine \d+\.\d+\.\d+\n", head)
    assert rest.splitlines() == shown.lines


def test_a_run_that_has_nothing_to_do_leaves_no_log(shown: Shown):
    with shown.run() as display:
        display.finish(LINK)
    assert not shown.folder.exists()
    assert len(shown.lines) == 1


def test_what_ends_a_run_is_in_the_log(shown: Shown):
    with pytest.raises(KeyboardInterrupt), shown.run() as display:
        display.start("count", "count pairs")
        raise KeyboardInterrupt
    assert "KeyboardInterrupt" in shown.logs[0].splitlines()[-1]
    assert "KeyboardInterrupt" not in "".join(shown.lines), "the command says that"


def test_secrets_of_addresses_are_not_in_the_log(shown: Shown):
    with shown.run() as display:
        display.start("ingest", "read files")
        display.note("reading https://user:hunter22@example.org/a.jsonl")
    assert "example.org" in shown.logs[0]
    assert "hunter22" not in shown.logs[0]


def test_warnings_are_said_again_at_the_end(shown: Shown):
    with pytest.raises(RuntimeError), shown.run() as display:
        display.start("ingest", "read files")
        display.note("ingest: WARNING: 2 of 2 records were refused")
        display.note("ingest: something else")
        display.finish(INGEST)
        raise RuntimeError
    assert "2 of 2 records were refused" in shown.lines[-1]
    assert sum("2 of 2 records" in line for line in shown.lines) == 2


def test_a_log_that_cannot_be_written_stops_no_run(shown: Shown):
    shown.folder.write_text("a file where the lake should be")
    with shown.run() as display:
        display.start("ingest", "read files")
        display.finish(INGEST)
    assert len(shown.lines) == 2


@pytest.mark.parametrize("address", ["http://node:4040", None])
def test_the_address_of_sparks_page_is_said_once_where_there_is_one(
    shown: Shown, address: str | None
):
    spark: Any = SimpleNamespace(sparkContext=SimpleNamespace(uiWebUrl=address))
    with shown.run() as display:
        for stage in ("ingest", "count"):
            display.start(stage, "")
            with display.watch(spark):
                pass
    assert sum("http://node:4040" in line for line in shown.lines) == (address is not None)


def test_a_session_without_a_context_has_no_page(shown: Shown):
    spark: Any = SimpleNamespace()
    with shown.run() as display, display.watch(spark):
        pass
    assert shown.lines == []
