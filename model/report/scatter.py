"""A scatter plot of words, with a line through medians."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

from pivotmine.show.svg import PIVOT, TARGET, figure, label, padded, path, text, ticks

N_GROUPS = 6
"""Groups of points, by their place across, whose medians the line joins."""


def scatter(points: Sequence[tuple[float, float]], title: str, across: str, up: str) -> str:
    """Points (x, y), and a line through the medians of their sixths.

    The line is left out if ties give two sixths the same median x.
    """
    if len(points) < 2:
        return ""
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    (x0, x1), (y0, y1) = padded(min(xs), max(xs)), padded(min(ys), max(ys))
    left, width, height = 40, 240, 170

    def x(value: float) -> float:
        return left + width * (value - x0) / (x1 - x0)

    def y(value: float) -> float:
        return 22 + (height - 22) * (1 - (value - y0) / (y1 - y0))

    parts = [text(left, 13, title, "start", bold=True)]
    for tick in ticks(x0, x1):
        parts.append(text(x(tick), height + 13, label(tick), "middle"))
    for tick in ticks(y0, y1):
        parts.append(path(f"M{left} {y(tick):.1f}H{left + width}", "#ececec"))
        parts.append(text(left - 5, y(tick) + 4, label(tick), "end"))
    dots = "".join(f"M{x(a):.1f} {y(b):.1f}h.01" for a, b in points)
    parts.append(
        f'<path d="{dots}" stroke="{TARGET}" stroke-width="4" stroke-linecap="round" '
        'opacity=".38" fill="none"/>'
    )
    middle = _medians(points)
    if all(one[0] < other[0] for one, other in zip(middle, middle[1:], strict=False)):
        line = "L".join(f"{x(a):.1f} {y(b):.1f}" for a, b in middle)
        parts.append(path(f"M{line}", PIVOT, 1.8))
    parts.append(text(left + width, height + 26, across, "end"))
    parts.append(text(left + 4, 34, up, "start"))
    return figure(left + width + 10, height + 32, title, parts)


def _medians(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    ordered = sorted(points)
    size = max(1, math.ceil(len(ordered) / N_GROUPS))
    groups = [ordered[start : start + size] for start in range(0, len(ordered), size)]
    return [(median(p[0] for p in group), median(p[1] for p in group)) for group in groups]
