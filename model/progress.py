"""Progress of long work, and the bar that shows it in a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from rich import progress as rich
from rich.console import Console

LINE_SECONDS = 30.0
"""Seconds between two lines about one part of the work, in a log."""


class Progress(NamedTuple):
    """Functions that long work calls. Each does nothing by default."""

    start: Callable[[str, int], None] = lambda *_: None
    """A part of the work begins: its name and its number of items."""
    advance: Callable[[int], None] = lambda _: None
    """This many more items are done."""
    note: Callable[[str], None] = lambda _: None
    """A line for the log."""


@contextmanager
def progress_bar(console: Console) -> Iterator[Progress]:
    """A progress bar with the remaining time; it starts anew for every part of the work.

    Without a terminal there is a line at most every `LINE_SECONDS` instead.
    """
    if not console.is_terminal:
        yield _lines(console)
        return
    bar = rich.Progress(
        rich.TextColumn("{task.description}"),
        rich.BarColumn(),
        rich.MofNCompleteColumn(),
        rich.TimeElapsedColumn(),
        rich.TimeRemainingColumn(),
        console=console,
    )

    def start(name: str, total: int) -> None:
        for task in bar.task_ids:
            bar.remove_task(task)
        bar.add_task(name, total=total)

    def advance(n: int) -> None:
        bar.advance(bar.task_ids[-1], n)

    with bar:
        yield Progress(start, advance, bar.console.print)


@dataclass
class _Part:
    """A part of the work, for the lines of a log."""

    name: str = ""
    total: int = 0
    done: int = 0
    began: float = 0.0
    said: float = 0.0


def _lines(console: Console) -> Progress:
    part, clock = _Part(), time.monotonic

    def start(name: str, total: int) -> None:
        part.name, part.total, part.done = name, total, 0
        part.began = part.said = clock()
        console.print(f"{name}: begins", soft_wrap=True)

    def advance(n: int) -> None:
        part.done += n
        now = clock()
        if now - part.said < LINE_SECONDS or not part.done:
            return
        part.said = now
        left = (now - part.began) * (part.total - part.done) / part.done
        console.print(
            f"{part.name}: {part.done:,} of {part.total:,}, {left / 60:,.0f} min left",
            soft_wrap=True,
        )

    def note(line: str) -> None:
        console.print(line, soft_wrap=True)

    return Progress(start, advance, note)
