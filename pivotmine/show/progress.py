"""What a person sees while stages run: a live table on a terminal, plain lines in a log.

Only this module knows whether anybody is watching. On a terminal the running stage shows Spark's
task progress; elsewhere (cron, spark-submit, CI) every event is one line with a time, so that a
log can be read and searched.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

from rich.console import Console
from rich.live import Live
from rich.table import Table

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from pivotmine.engine.display import Display, Report

STAGE_COLUMNS = ("stage", "rows in", "out", "rejected", "duplicate", "seconds", "")
"""Heads of a table of stages; `stage_cells` fills a row."""

_POLL_SECONDS = 0.5


@contextlib.contextmanager
def open_display(console: Console) -> Iterator[Display]:
    """A live table when the console is a terminal, else plain lines."""
    if not console.is_terminal:
        yield PlainDisplay(console)
        return
    with Live(console=console, refresh_per_second=4) as live:
        yield LiveDisplay(live)


class Printer(Protocol):
    """Where lines go: a console, or a log."""

    def print(self, *objects: Any, **how: Any) -> None:
        """Print objects as a console of rich does."""


class PlainDisplay:
    """One line an event."""

    def __init__(self, console: Printer) -> None:
        self._console = console
        self._stage = ""

    def note(self, text: str) -> None:
        self._print(text)

    def start(self, stage: str, doc: str) -> None:
        self._stage = stage
        self._print(f"{stage}: started ({doc})")

    def progress(self, text: str) -> None:
        self._print(f"{self._stage}: {text}")

    def finish(self, report: Report) -> None:
        _, *values, state = stage_cells(report)
        described = ", ".join(
            f"{name} {value}" for name, value in zip(STAGE_COLUMNS[1:-1], values, strict=True)
        )
        self._print(f"{report.stage}: {state}; {described}")

    @contextlib.contextmanager
    def watch(self, spark: SparkSession) -> Iterator[None]:
        yield

    def _print(self, text: str) -> None:
        line = f"{time.strftime('%H:%M:%S')} {text}"
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


class LiveDisplay:
    """A table that grows by a row a stage; the last row moves."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._done: list[tuple[str, ...]] = []
        self._stage, self._doc, self._text, self._tasks = "", "", "", ""
        self._started = time.monotonic()

    def note(self, text: str) -> None:
        self._live.console.print(text, markup=False)

    def start(self, stage: str, doc: str) -> None:
        self._stage, self._doc, self._text, self._tasks = stage, doc, "", ""
        self._started = time.monotonic()
        self._render()

    def progress(self, text: str) -> None:
        self._text = text
        self._render()

    def finish(self, report: Report) -> None:
        self._done.append(stage_cells(report))
        self._stage = ""
        self._render()

    @contextlib.contextmanager
    def watch(self, spark: SparkSession) -> Iterator[None]:
        stop = threading.Event()

        def poll() -> None:
            while not stop.wait(_POLL_SECONDS):
                self._tasks = _task_progress(spark)
                self._render()

        thread = threading.Thread(target=poll, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _render(self) -> None:
        table = Table(*STAGE_COLUMNS, box=None, pad_edge=False, header_style="bold")
        for column in table.columns[1:-1]:
            column.justify = "right"
        for cells in self._done:
            table.add_row(*cells)
        if self._stage:
            doing = " ".join(filter(None, (self._text or self._doc, self._tasks)))
            seconds = f"{time.monotonic() - self._started:.0f}"
            table.add_row(self._stage, "", "", "", "", seconds, doing)
        self._live.update(table)


def stage_cells(report: Report) -> tuple[str, ...]:
    """A stage as a row of a table with `STAGE_COLUMNS`."""
    tally = report.tally
    numbers = (tally.rows_in, tally.rows_out, tally.rejected, tally.duplicate)
    state = "committed before, skipped" if report.skipped else "committed"
    return (report.stage, *(f"{n:,}" for n in numbers), f"{report.seconds:.1f}", state)


def _task_progress(spark: SparkSession) -> str:
    """Tasks done of the Spark stages that are active now; empty where Spark reports none."""
    try:
        tracker = spark.sparkContext.statusTracker()
        infos = [tracker.getStageInfo(stage_id) for stage_id in tracker.getActiveStageIds()]
    except Exception:  # a Spark Connect session has no tracker, a stopping one no answer
        return ""
    done = sum(info.numCompletedTasks for info in infos if info)
    total = sum(info.numTasks for info in infos if info)
    return f"({done}/{total} tasks)" if total else ""
