"""What a run reports, and to whom: the end of each stage, and what happens until then.

The runner tells a `Display`; `pivotmine/show/progress.py` shows it to a person.
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
        """Something worth knowing that belongs to no stage."""

    def start(self, stage: str, doc: str) -> None:
        """A stage begins to run (skipped stages do not start)."""

    def progress(self, text: str) -> None:
        """What the running stage is doing now."""

    def finish(self, report: Report) -> None:
        """A stage is committed, or was already."""

    def watch(self, spark: SparkSession) -> contextlib.AbstractContextManager[None]:
        """Show Spark's progress while the context is open."""
