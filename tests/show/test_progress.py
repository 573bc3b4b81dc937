"""What a person sees of a run: lines in a log, a table on a terminal."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from pivotmine.engine.display import Report
from pivotmine.engine.stage import Tally
from pivotmine.show.progress import LiveDisplay, PlainDisplay, open_display

INGEST = Report("ingest", False, Tally(20_542, 20_400, 33, 109), {}, 12.34)
LINK = Report("link", True, Tally(7, 7), {}, 0.04)


def a_run(console: Console) -> type:
    """One stage that runs and one that is skipped; returns the display that was used."""
    with open_display(console) as display:
        display.note("recovered: deleted uncommitted files [x]:cat:/data")
        display.start("ingest", "read files, drop copies")
        display.progress("writing documents")
        display.finish(INGEST)
        display.finish(LINK)
        return type(display)


@pytest.fixture
def log() -> list[str]:
    console = Console(file=io.StringIO(), width=40, emoji=False)
    assert a_run(console) is PlainDisplay
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@pytest.fixture
def terminal() -> str:
    """Everything that went to the terminal, without its control sequences."""
    console = Console(file=io.StringIO(), width=120, force_terminal=True, emoji=False)
    assert a_run(console) is LiveDisplay
    assert isinstance(console.file, io.StringIO)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", console.file.getvalue())


def test_in_a_log_every_event_is_one_line_with_a_time(log):
    assert len(log) == 5, "however narrow the console"
    assert all(re.match(r"\d\d:\d\d:\d\d \S", line) for line in log)
    assert [line.split()[1] for line in log] == ["recovered:", *["ingest:"] * 3, "link:"]


def test_a_log_line_holds_the_stage_its_rows_and_its_seconds(log):
    assert log[3].split(" ", 1)[1] == (
        "ingest: committed; rows in 20,542, out 20,400, rejected 33, duplicate 109, seconds 12.3"
    )
    assert "link: committed before, skipped; rows in 7, out 7" in log[4]


def test_a_log_says_what_starts_and_what_is_being_done(log):
    assert log[1].endswith("ingest: started (read files, drop copies)")
    assert log[2].endswith("ingest: writing documents")


def test_a_log_shows_paths_as_they_are(log):
    assert log[0].endswith("recovered: deleted uncommitted files [x]:cat:/data")


def test_a_terminal_ends_with_a_row_for_every_stage(terminal):
    last = terminal[terminal.rindex("rows in") :].splitlines()
    assert last[0].split() == ["rows", "in", "out", "rejected", "duplicate", "seconds"]
    assert last[1].split() == "ingest 20,542 20,400 33 109 12.3 committed".split()
    assert last[2].split() == "link 7 7 0 0 0.0 committed before, skipped".split()


def test_a_terminal_shows_the_running_stage_with_what_it_does():
    console = Console(file=io.StringIO(), width=120, force_terminal=True)
    with open_display(console) as display:
        display.start("ingest", "read files, drop copies")
    assert isinstance(console.file, io.StringIO)
    assert re.search(r"ingest +\d+ +read files, drop copies", console.file.getvalue())

    with open_display(console) as display:
        display.start("ingest", "read files, drop copies")
        display.progress("writing documents")
    assert re.search(r"ingest +\d+ +writing documents", console.file.getvalue())


def test_a_note_on_a_terminal_stays_above_the_table(terminal):
    assert terminal.index("recovered: ") < terminal.rindex("rows in")
    assert "uncommitted files [x]:cat:/data" in terminal


def test_a_display_that_watched_nothing_prints_nothing_in_a_log():
    console = Console(file=io.StringIO())
    with open_display(console):
        pass
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == ""
