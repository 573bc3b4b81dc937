"""Figures of the inside of a model: layers, heat, and words as points."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pivotmine.show.charts import Line
from pivotmine.show.svg import PIVOT, TARGET, figure, label, padded, path, text, ticks

_HEAT = ((247, 247, 242), (252, 197, 120), (224, 92, 60), (120, 20, 80), (28, 8, 46))
"""From nothing to one, in steps of log10."""


def trajectories(lines: Sequence[Line], marked: Sequence[int], title: str, top: float) -> str:
    """Lines over layers with their bands; the marked layers have a grey ground.

    Parameters
    ----------
    top
        Upper end of the vertical axis, so that figures beside each other compare.
    """
    n_layers = max((len(line.mean) for line in lines), default=0)
    if n_layers < 2:
        return ""
    left, width, height = 36, 250, 150

    def x(layer: float) -> float:
        return left + width * layer / (n_layers - 1)

    def y(value: float) -> float:
        return 22 + (height - 22) * (1 - min(value / top, 1.0))

    parts = []
    if marked:
        start = max(x(marked[0] - 0.5), left)
        end = min(x(marked[-1] + 0.5), left + width)
        parts.append(
            f'<rect x="{start:.1f}" y="22" width="{end - start:.1f}" height="{height - 22}" '
            'fill="#000" opacity=".06"/>'
        )
    for tick in ticks(0, top):
        parts.append(path(f"M{left} {y(tick):.1f}H{left + width}", "#e4e4e4"))
        parts.append(text(left - 5, y(tick) + 4, label(tick), "end"))
    for layer in range(0, n_layers, max(1, n_layers // 6)):
        parts.append(text(x(layer), height + 14, str(layer), "middle"))
    for line in lines:
        there = [
            (n, m, a, b)
            for n, (m, a, b) in enumerate(zip(line.mean, line.low, line.high, strict=True))
            if m is not None and a is not None and b is not None
        ]
        if there:
            upper = [f"{x(n):.1f} {y(b):.1f}" for n, _, _, b in there]
            lower = [f"{x(n):.1f} {y(a):.1f}" for n, _, a, _ in reversed(there)]
            parts.append(
                f'<path d="M{"L".join([*upper, *lower])}Z" fill="{line.colour}" opacity=".18"/>'
            )
            mean = "L".join(f"{x(n):.1f} {y(m):.1f}" for n, m, _, _ in there)
            parts.append(path(f"M{mean}", line.colour, 1.8))
    parts.append(text(left, 13, title, "start", bold=True))
    return figure(left + width + 10, height + 20, title, parts)


def heat_map(rows: Sequence[tuple[str, Sequence[float | None]]], title: str) -> str:
    """Probabilities by layer, colours by their logarithm from 1e-4 to 1."""
    n_layers = max((len(values) for _, values in rows), default=0)
    if not n_layers:
        return ""
    left, cell, step = 92, 200 / n_layers, 17
    parts = [text(4, 13, title, "start", bold=True)]
    for number, (name, values) in enumerate(rows):
        y = 20 + step * number
        parts.append(text(left - 6, y + 12, name, "end"))
        for layer, value in enumerate(values):
            shown = 0.0 if value is None else value
            parts.append(
                f'<rect x="{left + cell * layer:.1f}" y="{y}" width="{cell + 0.3:.1f}" '
                f'height="{step - 1}" fill="{heat(shown)}"><title>layer {layer}: {shown:.4f}'
                "</title></rect>"
            )
    bottom = 20 + step * len(rows)
    for layer in range(0, n_layers, max(1, n_layers // 6)):
        parts.append(text(left + cell * (layer + 0.5), bottom + 12, str(layer), "middle"))
    return figure(left + 204, bottom + 18, title, parts)


def heat(value: float) -> str:
    """The colour of a probability."""
    place = min(max((math.log10(max(value, 1e-9)) + 4) / 4, 0.0), 1.0) * (len(_HEAT) - 1)
    lower = min(int(place), len(_HEAT) - 2)
    part = place - lower
    mixed = (round(a + (b - a) * part) for a, b in zip(_HEAT[lower], _HEAT[lower + 1], strict=True))
    return "#{:02x}{:02x}{:02x}".format(*mixed)


def scatter(points: Sequence[tuple[float, float]], title: str, across: str, up: str) -> str:
    """Points, and the medians of their sixths unless ties put two of these above each other."""
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
    ordered = sorted(points)
    size = max(1, math.ceil(len(ordered) / 6))
    groups = [ordered[start : start + size] for start in range(0, len(ordered), size)]
    middle = [(_median([p[0] for p in g]), _median([p[1] for p in g])) for g in groups]
    if all(one[0] < other[0] for one, other in zip(middle, middle[1:], strict=False)):
        line = "L".join(f"{x(a):.1f} {y(b):.1f}" for a, b in middle)
        parts.append(path(f"M{line}", PIVOT, 1.8))
    parts.append(text(left + width, height + 26, across, "end"))
    parts.append(text(left + 4, 34, up, "start"))
    return figure(left + width + 10, height + 32, title, parts)


def _median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
