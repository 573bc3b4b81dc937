"""Figures as SVG in the page: no library, no outside font, the same bytes for the same numbers.

Coordinates are rounded to a tenth of a pixel. Colours are those of the lens's figures, chosen so
that lines also differ in lightness; every figure has a title that a screen reader says.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

SOURCE, TARGET, PIVOT, CONTROL = "#7f7f7f", "#1f77b4", "#d62728", "#2ca02c"
OTHERS = ("#9467bd", "#8c564b", "#e377c2", "#bcbd22", "#17becf")
_HEAT = ((247, 247, 242), (252, 197, 120), (224, 92, 60), (120, 20, 80), (28, 8, 46))
"""From nothing to one, in steps of log10."""


class Interval(NamedTuple):
    """A row of a forest plot; NaN or None where there is nothing to draw."""

    label: str
    value: float | None
    low: float | None
    high: float | None
    colour: str = TARGET


class Line(NamedTuple):
    """A line with its band."""

    name: str
    colour: str
    mean: Sequence[float | None]
    low: Sequence[float | None]
    high: Sequence[float | None]


def forest(rows: Sequence[Interval], title: str, null: float | None = None) -> str:
    """Values with intervals, one below the other, and a dashed line where nothing would be."""
    known = [v for row in rows for v in row[1:4] if isinstance(v, float | int) and _there(v)]
    if not known:
        return ""
    low, high = _padded(min([*known, *_listed(null)]), max([*known, *_listed(null)]))
    left, width, step = 190, 330, 19
    height = step * len(rows) + 34

    def x(value: float) -> float:
        return left + width * (value - low) / (high - low)

    parts = []
    bottom = step * len(rows) + 8
    for tick in _ticks(low, high):
        parts.append(_path(f"M{x(tick):.1f} 4V{bottom}", "#e4e4e4"))
        parts.append(_text(x(tick), bottom + 14, _label(tick), "middle"))
    if null is not None:
        parts.append(_path(f"M{x(null):.1f} 4V{bottom}", "#444", dash=True))
    for number, row in enumerate(rows):
        y = step * number + 16
        parts.append(_text(left - 8, y + 4, row.label, "end"))
        if _there(row.value) and row.value is not None:
            if _there(row.low) and _there(row.high) and row.low is not None:
                parts.append(
                    _path(f"M{x(row.low):.1f} {y}H{x(row.high or 0.0):.1f}", row.colour, 2.2)
                )
            parts.append(f'<circle cx="{x(row.value):.1f}" cy="{y}" r="3.6" fill="{row.colour}"/>')
        else:
            parts.append(_text(left + 4, y + 4, "not measured", "start"))
    return _figure(left + width + 18, height, title, parts)


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
    for tick in _ticks(0, top):
        parts.append(_path(f"M{left} {y(tick):.1f}H{left + width}", "#e4e4e4"))
        parts.append(_text(left - 5, y(tick) + 4, _label(tick), "end"))
    for layer in range(0, n_layers, max(1, n_layers // 6)):
        parts.append(_text(x(layer), height + 14, str(layer), "middle"))
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
            parts.append(_path(f"M{mean}", line.colour, 1.8))
    parts.append(_text(left, 13, title, "start", bold=True))
    return _figure(left + width + 10, height + 20, title, parts)


def curves(
    lines: Sequence[Line], at: Sequence[float], title: str, across: str, null: float | None = None
) -> str:
    """Lines with their bands over points at any distances, and a dashed line where nothing is."""
    known = [v for line in lines for values in line[2:5] for v in values if _there(v)]
    numbers = [v for v in [*known, null] if v is not None]
    if len(at) < 2 or not numbers:
        return ""
    (x0, x1), (y0, y1) = (min(at), max(at)), _padded(min(numbers), max(numbers))
    left, width, height = 52, 560, 300

    def x(value: float) -> float:
        return left + width * (value - x0) / (x1 - x0)

    def y(value: float) -> float:
        return 22 + (height - 22) * (1 - (value - y0) / (y1 - y0))

    parts = [_text(left, 13, title, "start", bold=True)]
    for tick in _ticks(y0, y1):
        parts.append(_path(f"M{left} {y(tick):.1f}H{left + width}", "#e4e4e4"))
        parts.append(_text(left - 5, y(tick) + 4, _label(tick), "end"))
    for tick in _ticks(x0, x1):
        parts.append(_text(x(tick), height + 14, f"{tick:,.0f}", "middle"))
    if null is not None:
        parts.append(_path(f"M{left} {y(null):.1f}H{left + width}", "#444", dash=True))
    for line in lines:
        there = [
            (x(where), m, a, b)
            for where, m, a, b in zip(at, line.mean, line.low, line.high, strict=True)
            if m is not None and a is not None and b is not None
        ]
        upper = [f"{place:.1f} {y(b):.1f}" for place, _, _, b in there]
        lower = [f"{place:.1f} {y(a):.1f}" for place, _, a, _ in reversed(there)]
        parts.append(
            f'<path d="M{"L".join([*upper, *lower])}Z" fill="{line.colour}" opacity=".12"/>'
        )
        mean = "L".join(f"{place:.1f} {y(m):.1f}" for place, m, _, _ in there)
        parts.append(_path(f"M{mean}", line.colour, 1.8))
    parts.append(_text(left + width, height + 28, across, "end"))
    return _figure(left + width + 24, height + 34, title, parts)


def heat_map(rows: Sequence[tuple[str, Sequence[float | None]]], title: str) -> str:
    """Probabilities by layer, colours by their logarithm from 1e-4 to 1."""
    n_layers = max((len(values) for _, values in rows), default=0)
    if not n_layers:
        return ""
    left, cell, step = 92, 200 / n_layers, 17
    parts = [_text(4, 13, title, "start", bold=True)]
    for number, (name, values) in enumerate(rows):
        y = 20 + step * number
        parts.append(_text(left - 6, y + 12, name, "end"))
        for layer, value in enumerate(values):
            shown = 0.0 if value is None else value
            parts.append(
                f'<rect x="{left + cell * layer:.1f}" y="{y}" width="{cell + 0.3:.1f}" '
                f'height="{step - 1}" fill="{heat(shown)}"><title>layer {layer}: {shown:.4f}'
                "</title></rect>"
            )
    bottom = 20 + step * len(rows)
    for layer in range(0, n_layers, max(1, n_layers // 6)):
        parts.append(_text(left + cell * (layer + 0.5), bottom + 12, str(layer), "middle"))
    return _figure(left + 204, bottom + 18, title, parts)


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
    (x0, x1), (y0, y1) = _padded(min(xs), max(xs)), _padded(min(ys), max(ys))
    left, width, height = 40, 240, 170

    def x(value: float) -> float:
        return left + width * (value - x0) / (x1 - x0)

    def y(value: float) -> float:
        return 22 + (height - 22) * (1 - (value - y0) / (y1 - y0))

    parts = [_text(left, 13, title, "start", bold=True)]
    for tick in _ticks(x0, x1):
        parts.append(_text(x(tick), height + 13, _label(tick), "middle"))
    for tick in _ticks(y0, y1):
        parts.append(_path(f"M{left} {y(tick):.1f}H{left + width}", "#ececec"))
        parts.append(_text(left - 5, y(tick) + 4, _label(tick), "end"))
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
        parts.append(_path(f"M{line}", PIVOT, 1.8))
    parts.append(_text(left + width, height + 26, across, "end"))
    parts.append(_text(left + 4, 34, up, "start"))
    return _figure(left + width + 10, height + 32, title, parts)


def shares(rows: Sequence[tuple[str, Sequence[tuple[str, int]]]], title: str) -> str:
    """Stacked bars: label -> (part, words) with parts in the order pivot, direct, none."""
    colours = {"pivot": PIVOT, "direct": TARGET, "none": "#c9c9c9"}
    parts = []
    for number, (label, counts) in enumerate(rows):
        y, x, total = 6 + 22 * number, 70.0, sum(n for _, n in counts) or 1
        parts.append(_text(62, y + 13, label, "end"))
        for name, n in counts:
            width = 380 * n / total
            parts.append(
                f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="17" '
                f'fill="{colours.get(name, OTHERS[0])}"><title>{escape(name)}: {n}</title></rect>'
            )
            if width > 24:
                colour = "#222" if name == "none" else "#fff"
                parts.append(
                    f'<text x="{x + width / 2:.1f}" y="{y + 13}" text-anchor="middle" '
                    f'style="fill:{colour}">{n}</text>'
                )
            x += width
    return _figure(460, 12 + 22 * len(rows), title, parts)


def _figure(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg role="img" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}"><title>{escape(title)}</title>{"".join(parts)}</svg>'
    )


def _path(d: str, colour: str, width: float = 1.0, dash: bool = False) -> str:
    dashed = ' stroke-dasharray="4 3"' if dash else ""
    return f'<path d="{d}" fill="none" stroke="{colour}" stroke-width="{width}"{dashed}/>'


def _text(x: float, y: float, text: str, anchor: str, bold: bool = False) -> str:
    weight = ' style="font-weight:600"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{weight}>{escape(text)}</text>'


def _there(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _listed(value: float | None) -> list[float]:
    return [] if value is None else [value]


def _padded(low: float, high: float) -> tuple[float, float]:
    spread = (high - low) or max(abs(high), 1.0)
    return low - 0.04 * spread, high + 0.04 * spread


def _ticks(low: float, high: float) -> list[float]:
    """Three to six round numbers between two ends."""
    raw = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= raw)
    first = math.ceil(low / step - 1e-9)
    return [n * step for n in range(first, math.floor(high / step + 1e-9) + 1)]


def _label(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".") if abs(value) > 1e-9 else "0"


def _median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
