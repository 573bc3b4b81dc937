"""A stage of two tables, run by the runner without Spark."""

from __future__ import annotations

import contextlib
from typing import Any

import pyarrow as pa

from pivotmine.engine.display import Report
from pivotmine.engine.runner import run_stages
from pivotmine.engine.stage import Stage, Tally
from pivotmine.lake.tables import TABLES
from pivotmine.recipe import Recipe

WRITES = ("links", "pivots")


class Quiet:
    """A display that keeps notes and shows nothing."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def start(self, stage: str, doc: str) -> None: ...
    def progress(self, text: str) -> None: ...
    def finish(self, report: Report) -> None: ...
    def watch(self, spark: Any) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()


def stage(n_rows: int, sections: tuple[str, ...] = ()) -> Stage:
    """A stage that writes tables of so many rows."""
    made = {n: pa.Table.from_pylist([{}] * n_rows, TABLES[n].schema) for n in WRITES}
    return Stage(
        name="link",
        doc="two tables",
        reads=(),
        writes=WRITES,
        sections=sections,
        run=lambda inputs, recipe: dict(made),
        tally=lambda rows, recipe: Tally(n_rows, n_rows),
        external=lambda recipe: n_rows,
    )


def run(
    recipe: Recipe, n_rows: int, sections: tuple[str, ...] = (), display: Quiet | None = None
) -> Report:
    """Run the stage, which asks nothing of Spark."""
    spark = recipe.spark.model_copy(update={"small_bytes": 0})
    recipe = recipe.model_copy(update={"spark": spark})
    no_session: Any = lambda: None  # noqa: E731
    stages = [stage(n_rows, sections)]
    (report,) = run_stages(recipe, stages, no_session, display or Quiet())
    return report
