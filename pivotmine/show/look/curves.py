"""Charts over a scale: lines with bands, histograms, scatter plots.

Numbers go in, a Vega-Lite specification comes out, the same for the same numbers. Missing and
infinite values are left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from pivotmine.show.look.grammar import (
    SAID,
    Spec,
    colour_of,
    cut,
    known,
    quantity,
    reference,
    shown,
    view,
)
from pivotmine.show.look.palette import INK, SHADE, colours, is_second


class Line(NamedTuple):
    """A line with its band; None where there is nothing to draw."""

    name: str
    mean: Sequence[float | None]
    low: Sequence[float | None]
    high: Sequence[float | None]


_FEW = 9
"""Places across up to which a logarithmic axis names each of them."""

_MANY = 25
"""Places across from which on points are small."""

_GROUPS = 6
"""Groups of points, by their place across, whose medians a line joins."""


def lines(
    given: Sequence[Line],
    at: Sequence[float],
    axis: str,
    across: str,
    *,
    null: float | None = None,
    null_name: str = "",
    within: tuple[float, float] | None = None,
    marked: tuple[float, float] | None = None,
    log: Sequence[str] = (),
    named: Sequence[str] = (),
    top: float | None = None,
) -> Spec:
    """Lines with their bands over points at any distances.

    Parameters
    ----------
    axis, across
        What is up, and what is across.
    null, null_name
        Where a dashed line stands, and what it means.
    within
        Least and greatest possible value; bands are cut to it.
    marked
        Ends of a stretch across that has a shaded ground.
    log
        Of "x" and "y", those that are logarithmic; values that are not above 0 are left out.
    named
        All names, in the order of the legend; by default those of the lines.
    top
        The upper end of the axis, where several charts share one.
    """
    values: list[Spec] = []
    for line in given:
        for place, mean, low, high in zip(at, line.mean, line.low, line.high, strict=True):
            if not known(mean) or (
                ("x" in log and place <= 0) or ("y" in log and (mean or 0) <= 0)
            ):
                continue
            low, high = cut(low, within), cut(high, within)
            span = f" [{shown(low)}, {shown(high)}]" if known(low) and known(high) else ""
            values.append(
                {
                    **{"name": line.name, "x": place, "mean": mean},
                    **{"low": low if known(low) else mean, "high": high if known(high) else mean},
                    "said": f"{line.name}, {across} {shown(place)}: {shown(mean)}{span}",
                }
            )
    ups = [value[name] for value in values for name in ("mean", "low", "high")]
    y = quantity("mean", axis, [*ups, null, top], within, log="y" in log, upright=True)
    x = quantity("x", across, [value["x"] for value in values], log="x" in log, tight=True)
    if "x" in log and len(at) <= _FEW:
        x["axis"]["values"] = sorted(at)
    colour = colour_of(named or [line.name for line in given], "name")
    dashes = _dashes(named or [line.name for line in given])
    size = 45 if len(at) < _MANY else 12
    layers: list[Spec] = [
        {
            "mark": {"type": "area", "opacity": 0.16, "aria": False},
            "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}, **colour},
        },
        {
            "mark": {"type": "line", "strokeWidth": 2.6, "aria": False},
            "encoding": {"x": x, "y": y, **colour, **dashes},
        },
        {
            "mark": {"type": "point", "filled": True, "size": size, "opacity": 1},
            "encoding": {"x": x, "y": y, **colour, **SAID},
        },
    ]
    ground: list[Spec] = []
    if marked:
        ends = {"x": {"datum": marked[0], "type": "quantitative"}, "x2": {"datum": marked[1]}}
        ground = [{"mark": {"type": "rect", "color": SHADE, "aria": False}, "encoding": ends}]
    return view([*ground, *reference(null, null_name, "y"), *layers], 320, values, above=True)


def histogram(
    edges: Sequence[float],
    counts: Sequence[float],
    axis: str,
    *,
    marker: float | None = None,
    marker_name: str = "",
    up: str = "documents",
) -> Spec:
    """How many values lie between consecutive edges, with a line at one value.

    Parameters
    ----------
    edges
        One more than `counts`, ascending.
    """
    values: list[Spec] = [
        {"x": low, "end": high, "n": n, "said": f"{shown(low)} to {shown(high)}: {shown(n)} {up}"}
        for (low, high), n in zip(pairwise(edges), counts, strict=True)
    ]
    x = quantity("x", axis, [*edges, marker], tight=True)
    y = quantity("n", up, [0.0, *counts], upright=True)
    colour = {"color": {"value": "var(--blue)"}}
    layer = {
        "mark": {"type": "bar", "stroke": "var(--ground)", "strokeWidth": 1},
        "encoding": {"x": x, "x2": {"field": "end"}, "y": y, "y2": {"datum": 0}, **colour, **SAID},
    }
    return view([layer, *reference(marker, marker_name, "x", INK)], 260, values)


def scatter(points: Sequence[tuple[float, float, str]], axis: str, across: str) -> Spec:
    """Points (x, y, name), and a line through the medians of their sixths.

    The line is left out if ties give two sixths the same median x.
    """
    values: list[Spec] = [
        {"x": x, "y": y, "said": f"{name}: {shown(x)}, {shown(y)}"}
        for x, y, name in points
        if known(x) and known(y)
    ]
    x = quantity("x", across, [value["x"] for value in values])
    y = quantity("y", axis, [value["y"] for value in values], upright=True)
    layers: list[Spec] = [
        {
            "mark": {"type": "point", "filled": True, "size": 40, "opacity": 0.5},
            "encoding": {"x": x, "y": y, "color": {"value": "var(--blue)"}, **SAID},
        }
    ]
    middle = _medians([(value["x"], value["y"]) for value in values])
    if all(one[0] < other[0] for one, other in pairwise(middle)):
        layers.append(
            {
                "data": {"values": [{"x": a, "y": b} for a, b in middle]},
                "mark": {"type": "line", "strokeWidth": 3, "aria": False},
                "encoding": {"x": x, "y": y, "color": {"value": "var(--vermillion)"}},
            }
        )
    return view(layers, 280, values)


def _dashes(names: Sequence[str]) -> Spec:
    """Dashed lines for the darker shades of colours that are taken."""
    chosen = colours(names)
    if not any(map(is_second, chosen.values())):
        return {}
    dashes = [[6, 4] if is_second(colour) else [1, 0] for colour in chosen.values()]
    scale = {"domain": list(chosen), "range": dashes}
    return {"strokeDash": {"field": "name", "type": "nominal", "scale": scale}}


def _medians(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    ordered = sorted(points)
    size = max(1, math.ceil(len(ordered) / _GROUPS))
    groups = [ordered[start : start + size] for start in range(0, len(ordered), size)]
    return [(median(p[0] for p in group), median(p[1] for p in group)) for group in groups]
