"""Numbers as cells of tables and rows of charts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from pivotmine.show.look.charts import Estimate
from pivotmine.show.look.page import html

_FEW = 5


def number(value: float | None, digits: int = 3) -> str:
    """A number as text; a dash if there is none."""
    if value is None or not math.isfinite(value):
        return "–"
    shown = f"{value:.{digits}f}"
    return shown if float(shown) else shown.removeprefix("-")


def interval(
    found: Mapping[str, Any] | None, digits: int = 3, within: tuple[float, float] | None = None
) -> Markup:
    """A value with its interval; of fewer than five words the value alone.

    Parameters
    ----------
    within
        Least and greatest possible value; the interval is cut to it.
    """
    if not found:
        return Markup("–")
    value = number(found.get("mean", found.get("value")), digits)
    few = found.get("n_words", _FEW) < _FEW
    if few or found.get("low") is None or not math.isfinite(found["low"]):
        return Markup(value)
    least, most = within or (-math.inf, math.inf)
    low, high = number(max(found["low"], least), digits), number(min(found["high"], most), digits)
    return html("{} <small>[{}, {}]</small>", value, low, high)


def estimate(row: str, found: Mapping[str, Any], series: str = "") -> Estimate:
    """A row of a chart from an estimate or a statistic."""
    value = found.get("mean", found.get("value"))
    return Estimate(row, value, found["low"], found["high"], series)


def sentence(text: str) -> str:
    """Text that begins with a capital letter."""
    return text[:1].upper() + text[1:]


def difference(one: str, other: str) -> str:
    """The name of a contrast."""
    return f"{one} − {other}"
