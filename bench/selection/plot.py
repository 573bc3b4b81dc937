"""The figure of several seeds, as a file; the same rows give the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.selection.planted import Row
from bench.selection.summary import ARMS, SCORES, by_budget, by_length, mean
from pivotmine.show.look import charts, curves
from pivotmine.show.look.charts import Estimate
from pivotmine.show.look.curves import Line
from pivotmine.show.look.drawing import beside, titled, write_figure
from pivotmine.show.look.grammar import Spec


def draw(rows: Sequence[Row], path: Path) -> None:
    """Areas by length, distinct links and P@1 by budget, with 95 % intervals over seeds."""
    areas = [row for row in rows if row["figure"] == "auc" and row["kind"] == "parallel+block"]
    words = [row for row in rows if row["figure"] == "retrieval" and row["lang_a"] == "all"]
    budgets = [row for row in rows if row["figure"] == "budget"]
    of_length = by_length(areas, "two languages").values()
    names = ["all", "shortest", "2nd", "3rd", "longest"][: len(of_length)]
    found = [
        Estimate(
            f"{name} documents" if name == "all" else f"{name} quarter", *mean(of[score]), score
        )
        for name, of in zip(names, of_length, strict=True)
        for score in SCORES
    ]
    panels = {
        "Scores against documents in two languages": charts.dots(
            found, "ROC area", within=(0, 1), series=SCORES
        ),
        "Distinct planted translations by budget": _lines(budgets, "n_links", "translations"),
        "Vectors made from the arm, by budget": _lines(words, "p_at_1", "P@1"),
    }
    named = [titled(spec, name) for name, spec in panels.items()]
    write_figure(beside(named, columns=1, width=760), path)


def _lines(rows: Sequence[Row], key: str, axis: str) -> Spec:
    """A line for each arm over the budgets: the mean over seeds, with its interval."""
    values, shares = by_budget(rows, key)
    drawn = [
        Line(arm, *zip(*(mean(values[arm, at]) for at in shares), strict=True))
        for arm in ARMS
        if shares
    ]
    counts = key.startswith("n_")
    return curves.lines(
        drawn,
        shares,
        axis,
        "budget as a share of the corpus's tokens",
        within=None if counts else (0, 1),
        log=("y",) if counts else (),
        named=ARMS,
    )
