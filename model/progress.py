"""Progress of long work, and the bar that shows it in a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from rich import progress as rich
from rich.console import Console


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
    """A progress bar with the remaining time; it starts anew for every part of the work."""
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
