"""A bar for the cell at work, with the time it will take."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich import progress as rich
from rich.console import Console

if TYPE_CHECKING:
    from pivotmine.model.scoring.run import Progress


@contextmanager
def progress_bar(console: Console) -> Iterator[Progress]:
    """What long work reports to: one bar, started anew for every cell."""
    from pivotmine.model.scoring.run import Progress

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
