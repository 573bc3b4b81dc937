"""What a run reports: the progress of each stage, and its end.

The runner calls a `Display`; `pivotmine/show/progress.py` shows it to a person.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from pivotmine.engine.stage import Tally


@dataclass(frozen=True)
class Report:
    """What became of one stage."""

    stage: str
    skipped: bool
    tally: Tally
    written: dict[str, int]
    """Rows of each table that the stage writes."""

    seconds: float


class Display(Protocol):
    """Where the runner says what it is doing."""

    def note(self, text: str) -> None:
        """A message that belongs to no stage."""

    def start(self, stage: str, doc: str) -> None:
        """A stage begins to run (skipped stages do not start)."""

    def progress(self, text: str) -> None:
        """What the running stage is doing now."""

    def finish(self, report: Report) -> None:
        """A stage is committed, or was already."""

    def watch(self, spark: SparkSession) -> contextlib.AbstractContextManager[None]:
        """Show Spark's progress while the context is open."""
