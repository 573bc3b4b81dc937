"""Numbers as cells of tables and rows of figures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pivotmine.show.charts import Interval

_FEW = 5


def number(value: float | None, digits: int = 3) -> str:
    """A number as text; a dash if there is none."""
    if value is None or not math.isfinite(value):
        return "–"
    shown = f"{value:.{digits}f}"
    return shown if float(shown) else shown.removeprefix("-")


def interval(found: Mapping[str, Any] | None, digits: int = 3) -> str:
    """A value with its interval, as HTML; of fewer than five words the value alone."""
    if not found:
        return "–"
    value = found.get("mean", found.get("value"))
    few = found.get("n_words", _FEW) < _FEW
    if few or found.get("low") is None or not math.isfinite(found["low"]):
        return number(value, digits)
    low, high = number(found["low"], digits), number(found["high"], digits)
    return f"{number(value, digits)} <small>[{low}, {high}]</small>"


def forest_row(label: str, found: Mapping[str, Any], colour: str) -> Interval:
    """A row of a forest plot from an estimate or a statistic."""
    return Interval(
        label, found.get("mean", found.get("value")), found["low"], found["high"], colour
    )
