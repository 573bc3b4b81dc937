"""The figure of several seeds, as an SVG file; the same rows give the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.selection.planted import Row
from bench.selection.summary import ARMS, SCORES, by_budget, by_length, mean

COLOURS = "#000000 #D55E00 #E69F00 #0072B2 #56B4E9 #009E73 #CC79A7 #8C6D31 #999999".split()
"""Palette of Okabe and Ito, which readers with any colour vision can tell apart, and greys."""

MARKERS = "oXXsD^vPd"
_SETTINGS: dict[Any, Any] = {
    "svg.hashsalt": "pivotmine",
    "svg.fonttype": "none",
    "font.size": 9,
}


def draw(rows: Sequence[Row], path: Path) -> None:
    """Areas by length, distinct links and P@1 by budget; bars are 95 % intervals over seeds."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    areas = [row for row in rows if row["figure"] == "auc" and row["kind"] == "parallel+block"]
    words = [row for row in rows if row["figure"] == "retrieval" and row["lang_a"] == "all"]
    budgets = [row for row in rows if row["figure"] == "budget"]
    with pyplot.rc_context(_SETTINGS):
        canvas, panels = pyplot.subplots(1, 3, figsize=(15, 4.4), layout="constrained")
        of_length = by_length(areas, "two languages")
        names = ["all", "shortest", "2nd", "3rd", "longest"][: len(of_length)]
        found = [(score, [of[score] for of in of_length.values()]) for score in SCORES]
        _panel(panels[0], found, names, "quarter by length", "ROC area, against two languages")
        for axes, chosen, key, label in (
            (panels[1], budgets, "n_links", "distinct planted translations"),
            (panels[2], words, "p_at_1", "P@1 of vectors made from the arm"),
        ):
            values, shares = by_budget(chosen, key)
            by_arm = [(arm, [values[arm, at] for at in shares]) for arm in ARMS]
            names = [f"{at:.0%}" for at in shares]
            _panel(axes, by_arm, names, "budget, of the corpus's tokens", label)
        panels[1].set_yscale("log")
        canvas.savefig(path, metadata={"Date": None})
        pyplot.close(canvas)


def _panel(
    axes: Any,
    lines: Sequence[tuple[str, Sequence[Sequence[float]]]],
    x: Sequence[str],
    x_label: str,
    y_label: str,
) -> None:
    """One line for each name: the mean over seeds at each x, with its interval."""
    for place, (name, cells) in enumerate(lines):
        means = [mean(values) for values in cells]
        reach = [np.nan_to_num(one.high - one.mean) for one in means]
        style = {
            "color": COLOURS[place],
            "marker": MARKERS[place],
            "markersize": 4,
            "label": name,
        }
        axes.errorbar(x, [one.mean for one in means], reach, capsize=2, **style)
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.grid(True, linewidth=0.4)
    axes.legend(fontsize=8, frameon=False)
