"""Figures of a lens: probability by layer as lines with bands, and as a heat map.

The report shows them in its page, and a lens run writes them as SVG files (`sheet`). The same
numbers give the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

from pivotmine.show.charts import Line
from pivotmine.show.svg import (
    CONTROL,
    OTHERS,
    PIVOT,
    SOURCE,
    TARGET,
    figure,
    label,
    path,
    text,
    there,
    ticks,
)

ROLES = {"source": SOURCE, "target": TARGET, "pivot": PIVOT, "control": CONTROL}
"""Role of a word -> colour. Third languages get the colours of `OTHERS`."""

_HEAT = ((247, 247, 242), (252, 197, 120), (224, 92, 60), (120, 20, 80), (28, 8, 46))
"""Colours from 1e-4 to 1, equally spaced in log10."""
_LEAST_TOP = 0.05
"""Smallest upper end of the vertical axis."""


class DirectionBands(NamedTuple):
    """What one lens reads in one direction."""

    title: str
    lines: tuple[Line, ...]
    """A line for each role: mean mass by layer with its band."""
    marked: tuple[int, ...]
    """The pivot layers."""


def panels(directions: Mapping[str, Any], lens: str) -> list[DirectionBands]:
    """Panels of the directions of a lens summary that have this lens."""
    return [
        DirectionBands(direction, _lines(found[lens]["bands"]), tuple(found[lens]["pivot_layers"]))
        for direction, found in directions.items()
        if lens in found
    ]


def trajectories(shown: Sequence[DirectionBands]) -> list[str]:
    """A figure for each panel: lines over layers with their bands, all on one vertical axis.

    The marked layers have a grey ground.
    """
    highs = [high for panel in shown for line in panel.lines for high in line.high]
    top = max((high for high in highs if high is not None and there(high)), default=0.0)
    return [_trajectory(panel, max(_LEAST_TOP, min(1.0, top))) for panel in shown]


def heat_map(panel: DirectionBands) -> str:
    """Mean probabilities by layer as colours; a row for each role."""
    n_layers = max((len(line.mean) for line in panel.lines), default=0)
    if not n_layers:
        return ""
    left, cell, step = 92, 200 / n_layers, 17
    title = f"{panel.title}, log scale"
    parts = [text(4, 13, title, "start", bold=True)]
    for number, line in enumerate(panel.lines):
        y = 20 + step * number
        parts.append(text(left - 6, y + 12, line.name, "end"))
        for layer, value in enumerate(line.mean):
            shown = value if value is not None and there(value) else 0.0
            parts.append(
                f'<rect x="{left + cell * layer:.1f}" y="{y}" width="{cell + 0.3:.1f}" '
                f'height="{step - 1}" fill="{heat(shown)}"><title>layer {layer}: {shown:.4f}'
                "</title></rect>"
            )
    bottom = 20 + step * len(panel.lines)
    for layer in range(0, n_layers, max(1, n_layers // 6)):
        parts.append(text(left + cell * (layer + 0.5), bottom + 12, str(layer), "middle"))
    return figure(left + 204, bottom + 18, title, parts)


def heat(probability: float) -> str:
    """The colour of a probability, by its logarithm from 1e-4 to 1."""
    place = min(max((math.log10(max(probability, 1e-9)) + 4) / 4, 0.0), 1.0) * (len(_HEAT) - 1)
    lower = min(int(place), len(_HEAT) - 2)
    part = place - lower
    mixed = (round(a + (b - a) * part) for a, b in zip(_HEAT[lower], _HEAT[lower + 1], strict=True))
    return "#{:02x}{:02x}{:02x}".format(*mixed)


def sheet(figures: Sequence[str], title: str, colours: Mapping[str, str]) -> str:
    """Figures side by side as an SVG file of its own, with a title and a legend of colours."""
    width, height = 310, 240
    parts = [text(10, 18, title, "start", bold=True)]
    x = 10.0
    for name, colour in colours.items():
        parts.append(f'<rect x="{x:.0f}" y="28" width="11" height="11" fill="{colour}"/>')
        parts.append(text(x + 16, 38, name, "start"))
        x += 30 + 7 * len(name)
    parts += [
        f'<g transform="translate({10 + width * place},50)">{each}</g>'
        for place, each in enumerate(figures)
    ]
    full = max(10 + width * len(figures), round(x))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{full}" height="{height}" '
        f'viewBox="0 0 {full} {height}"><title>{escape(title)}</title>'
        "<style>text{font:11px system-ui,sans-serif;fill:#333}</style>"
        f'<rect width="100%" height="100%" fill="#fff"/>{"".join(parts)}</svg>\n'
    )


def _lines(bands: Mapping[str, Mapping[str, Any]]) -> tuple[Line, ...]:
    third = [name for name in bands if name.startswith("other:") and not name.endswith(":gap")]
    colours = {name: colour for name, colour in ROLES.items() if name in bands}
    colours |= dict(zip(third, OTHERS, strict=False))
    return tuple(
        Line(
            name.replace("other:", "third "), colour, *(bands[name][of] for of in Line._fields[2:])
        )
        for name, colour in colours.items()
    )


def _trajectory(panel: DirectionBands, top: float) -> str:
    n_layers = max((len(line.mean) for line in panel.lines), default=0)
    if n_layers < 2:
        return ""
    left, width, upper, bottom = 36, 250, 22, 150

    def x(layer: float) -> float:
        return left + width * layer / (n_layers - 1)

    def y(value: float) -> float:
        return upper + (bottom - upper) * (1 - min(value / top, 1.0))

    parts = []
    if panel.marked:
        start = max(x(panel.marked[0] - 0.5), left)
        end = min(x(panel.marked[-1] + 0.5), left + width)
        parts.append(
            f'<rect x="{start:.1f}" y="{upper}" width="{end - start:.1f}" '
            f'height="{bottom - upper}" fill="#000" opacity=".06"/>'
        )
    for tick in ticks(0, top):
        parts.append(path(f"M{left} {y(tick):.1f}H{left + width}", "#e4e4e4"))
        parts.append(text(left - 5, y(tick) + 4, label(tick), "end"))
    for layer in range(0, n_layers, max(1, n_layers // 6)):
        parts.append(text(x(layer), bottom + 14, str(layer), "middle"))
    for line in panel.lines:
        known = [
            (n, m, a, b)
            for n, (m, a, b) in enumerate(zip(line.mean, line.low, line.high, strict=True))
            if m is not None and a is not None and b is not None and there(m)
        ]
        if known:
            above = [f"{x(n):.1f} {y(b):.1f}" for n, _, _, b in known]
            below = [f"{x(n):.1f} {y(a):.1f}" for n, _, a, _ in reversed(known)]
            parts.append(
                f'<path d="M{"L".join([*above, *below])}Z" fill="{line.colour}" opacity=".18"/>'
            )
            mean = "L".join(f"{x(n):.1f} {y(m):.1f}" for n, m, _, _ in known)
            parts.append(path(f"M{mean}", line.colour, 1.8))
    parts.append(text(left, 13, panel.title, "start", bold=True))
    return figure(left + width + 10, bottom + 20, panel.title, parts)
