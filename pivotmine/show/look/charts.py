"""Charts as Vega-Lite specifications: rows in, a dictionary out, the same for the same rows.

A specification names colours as custom properties of the page (`look.palette`), carries its data,
and loads nothing. `look.drawing` makes SVG for pages and files from it. Every mark that stands for
data has a text in `said`, which is its tooltip and what a screen reader says. Missing and infinite
values are left out, or named where a row would be empty.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from statistics import median
from typing import Any, NamedTuple

from pivotmine.show.look.palette import INK, RULE, SHADE, SOFT, colours, is_second, on, ramp

Spec = dict[str, Any]
"""A Vega-Lite specification of one view."""

WIDE, NARROW, SMALL = 1000, 400, 480
"""Widths in pixels: of a whole page, of a small screen, and of one chart of several."""

FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
"""Fonts of equal widths on all systems, so what is measured when drawing fits when shown."""

_TEXT = 16
_ROW = 30

_CONFIG: Spec = {
    "font": FONT,
    "view": {"stroke": None},
    "text": {"fontSize": _TEXT, "color": INK},
    "axis": {
        **{"labelFontSize": _TEXT, "titleFontSize": _TEXT, "titleFontWeight": "normal"},
        **{"labelColor": INK, "titleColor": SOFT, "gridColor": RULE, "domainColor": RULE},
        **{"tickColor": RULE, "labelPadding": 6, "titlePadding": 10},
    },
    "legend": {
        **{"orient": "top", "direction": "horizontal", "title": None, "labelFontSize": _TEXT},
        **{"labelColor": INK, "labelLimit": 330, "symbolSize": 160, "symbolOpacity": 1},
        **{"columnPadding": 18, "columns": {"expr": "width < 600 ? 2 : 6"}},
    },
    "title": {
        **{"anchor": "start", "frame": "group", "color": INK, "fontSize": 20, "offset": 14},
        **{"subtitleColor": SOFT, "subtitleFontSize": _TEXT, "subtitlePadding": 6},
    },
}


class Estimate(NamedTuple):
    """A value with its interval; None or NaN where nothing was measured."""

    row: str
    value: float | None
    low: float | None = None
    high: float | None = None
    series: str = ""
    """What the colour stands for; rows of one name and several series share a place."""


class Line(NamedTuple):
    """A line with its band; None where there is nothing to draw."""

    name: str
    mean: Sequence[float | None]
    low: Sequence[float | None]
    high: Sequence[float | None]


def known(value: float | None) -> bool:
    """Whether there is a number to draw."""
    return value is not None and math.isfinite(value)


def shown(value: float | None, form: str = ".3g") -> str:
    """A number for readers; a dash if there is none."""
    return format(value, form) if value is not None and math.isfinite(value) else "–"


def dots(
    rows: Sequence[Estimate],
    axis: str,
    *,
    null: float | None = None,
    null_name: str = "",
    within: tuple[float, float] | None = None,
    series: Sequence[str] = (),
    percent: bool = False,
) -> Spec:
    """Values with intervals, one below the other (a forest plot).

    Parameters
    ----------
    axis
        What the values are, with their unit.
    null, null_name
        Where a dashed line stands, and what it means.
    within
        Least and greatest possible value (0 and 1 for a proportion); intervals are cut to it.
    series
        All names of series, in the order of the legend; by default those of the rows.
    """
    form = ".1%" if percent else ".3g"
    values = [_estimate(row, within, form) for row in rows]
    numbers = [n for value in values for n in (value["low"], value["value"], value["high"])]
    x = _quantity("value", axis, [*numbers, null], within, percent=percent)
    y = _rows([row.row for row in rows], offset=_share_a_place(rows))
    colour = _series_colour(rows, series)
    there = [value for value in values if value["value"] is not None]
    layers: list[Spec] = [
        {
            "data": {"values": [value for value in there if value["low"] is not None]},
            "mark": {"type": "rule", "strokeWidth": 3, "aria": False},
            "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}, **y, **colour},
        },
        {
            "data": {"values": there},
            "mark": {"type": "point", "filled": True, "size": 130, "opacity": 1},
            "encoding": {"x": x, **y, **colour, **_SAID},
        },
    ]
    if missing := [value for value in values if value["value"] is None]:
        mark = {"type": "text", "align": "left", "text": "not measured", "color": SOFT}
        layers.append(
            {"data": {"values": missing}, "mark": mark, "encoding": {"x": {"value": 4}, **y}}
        )
    return _view([*_null(null, null_name, "x"), *layers], {"step": _ROW}, above=bool(null_name))


def bars(
    rows: Sequence[Estimate],
    axis: str,
    *,
    within: tuple[float, float] | None = None,
    series: Sequence[str] = (),
    percent: bool = False,
    form: str = ",.4~g",
) -> Spec:
    """Bars from zero with their values and intervals, one below the other.

    Rows of several series share a place. `form` is how values are written (a format of d3).
    """
    written = ".1%" if percent else form
    values = [_estimate(row, within, written.replace("~", "")) for row in rows]
    there = [value for value in values if value["value"] is not None]
    numbers = [n for value in there for n in (value["low"], value["value"], value["high"])]
    x = _quantity("value", axis, [0.0, *numbers], within, percent=percent)
    y = _rows([row.row for row in rows], offset=_share_a_place(rows))
    colour = _series_colour(rows, series)
    end = {"type": "text", "align": "left", "dx": 6, "aria": False}
    layers: list[Spec] = [
        {
            "mark": "bar",
            "encoding": {"x": x, **y, **colour, **_SAID},
        },
        {
            "transform": [{"filter": "datum.low != null"}],
            "mark": {"type": "rule", "strokeWidth": 2, "color": INK, "aria": False},
            "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}, **y},
        },
        {
            "transform": [{"calculate": "max(datum.value, datum.high || 0)", "as": "end"}],
            "mark": end,
            "encoding": {
                **{"x": {**x, "field": "end"}, "text": {"field": "value", "format": written}},
                **y,
            },
        },
    ]  # fmt: skip
    return _view(layers, {"step": _ROW}, there)


def stacked(
    rows: Sequence[tuple[str, Mapping[str, float]]],
    axis: str,
    *,
    parts: Sequence[str] = (),
    percent: bool = True,
    marker: float | None = None,
    marker_name: str = "",
) -> Spec:
    """Bars of parts: row -> (part -> amount), the parts in one order.

    Parameters
    ----------
    parts
        The parts in the order of bars and legend; by default in order of appearance.
    percent
        All bars are of equal length and show shares; else lengths are amounts.
    marker
        Where a dashed line stands.
    """
    order = list(parts) or list(dict.fromkeys(part for _, amounts in rows for part in amounts))
    values, longest = [], max([sum(amounts.values()) for _, amounts in rows], default=0) or 1
    for name, amounts in rows:
        total, start = (sum(amounts.values()) or 1) if percent else 1, 0.0
        for part in order:
            amount = amounts.get(part, 0)
            if amount > 0:
                share = amount / (sum(amounts.values()) or 1)
                said = f"{name}, {part}: {amount:,.4g} ({share:.1%})"
                text = f"{share:.0%}" if percent else f"{amount:,.3g}"
                place = {"start": start, "end": start + amount / total}
                size = amount / total / (1 if percent else longest)
                values.append(
                    {"row": name, "part": part, **place, "size": size, "text": text, "said": said}
                )
                start = place["end"]
    ends = [0.0, 1.0 if percent else longest, marker]
    x = _quantity("start", axis, ends, (0, 1) if percent else None, percent=percent)
    y = _rows([name for name, _ in rows])
    layers: list[Spec] = [
        {
            "mark": {"type": "bar", "stroke": "var(--ground)", "strokeWidth": 1},
            "encoding": {"x": x, "x2": {"field": "end"}, **y, **_colour(order, "part"), **_SAID},
        },
        {
            "transform": [
                {"filter": "datum.size * width > 10 * length(datum.text) + 6"},
                {"calculate": "(datum.start + datum.end) / 2", "as": "middle"},
            ],
            "mark": {"type": "text", "aria": False},
            "encoding": {
                "x": {**x, "field": "middle"}, **y, "text": {"field": "text"},
                **_colour(order, "part", over=True),
            },
        },
    ]  # fmt: skip
    layers += _null(marker, marker_name, "x")
    return _view(layers, {"step": _ROW + 4}, values, above=bool(marker_name))


def matrix(
    heads: Sequence[str],
    rows: Sequence[tuple[str, Sequence[float | None]]],
    *,
    form: str = ".0%",
    top: float = 1.0,
    steps: Sequence[float] = (),
) -> Spec:
    """A table whose cells are coloured by their values; cells without a value stay empty.

    Parameters
    ----------
    form
        How a value is written (a format of Python).
    top
        The value of the strongest colour; that of the faintest is 0.
    steps
        Values from which on a colour is stronger, ascending. Cells then hold no numbers, and a
        legend says what the colours mean.
    """
    names = [f"< {steps[0]:g}", *(f"≥ {step:g}" for step in steps)] if steps else []
    shades = [ramp(n / max(len(steps), 1)) for n in range(len(steps) + 1)]
    values = []
    for name, cells in rows:
        for head, value in zip(heads, cells, strict=True):
            if value is None or not math.isfinite(value):
                continue
            place = {"row": name, "column": head, "said": f"{name}, {head}: {value:{form}}"}
            if steps:
                place["fill"] = names[sum(value >= step for step in steps)]
            else:
                place["fill"] = ramp(value / (top or 1))
                place |= {"text": format(value, form), "on": on(place["fill"])}
            values.append(place)
    fill: Spec = {"field": "fill", "type": "nominal", "scale": None, "legend": None}
    if steps:
        fill["scale"] = {"domain": names, "range": shades}
        fill["legend"] = {"symbolType": "square", "offset": 34, "columns": 5}
    across = {**_columns(heads, slanted=not steps), **_rows([name for name, _ in rows], padding=0)}
    layers: list[Spec] = [
        {
            "mark": {"type": "rect", "stroke": "var(--ground)", "strokeWidth": 0.5 if steps else 1},
            "encoding": {**across, "fill": fill, **_SAID},
        }
    ]
    if not steps:
        ink = {"field": "on", "type": "nominal", "scale": None, "legend": None}
        layers.append(
            {
                "mark": {"type": "text", "aria": False},
                "encoding": {**across, "text": {"field": "text"}, "color": ink},
            }
        )
    return _view(layers, {"step": 24 if steps else _ROW + 4}, values)


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
    values = []
    for line in given:
        for place, mean, low, high in zip(at, line.mean, line.low, line.high, strict=True):
            if not known(mean) or (
                ("x" in log and place <= 0) or ("y" in log and (mean or 0) <= 0)
            ):
                continue
            low, high = _cut(low, within), _cut(high, within)
            span = f" [{shown(low)}, {shown(high)}]" if known(low) and known(high) else ""
            values.append(
                {
                    **{"name": line.name, "x": place, "mean": mean},
                    **{"low": low if known(low) else mean, "high": high if known(high) else mean},
                    "said": f"{line.name}, {across} {place:,.6g}: {shown(mean)}{span}",
                }
            )
    ups = [value[name] for value in values for name in ("mean", "low", "high")]
    y = _quantity("mean", axis, [*ups, null, top], within, log="y" in log, upright=True)
    x = _quantity("x", across, [value["x"] for value in values], log="x" in log, tight=True)
    colour = _colour(named or [line.name for line in given], "name")
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
            "encoding": {"x": x, "y": y, **colour, **_SAID},
        },
    ]
    ground: list[Spec] = []
    if marked:
        ends = {"x": {"datum": marked[0], "type": "quantitative"}, "x2": {"datum": marked[1]}}
        ground = [{"mark": {"type": "rect", "color": SHADE, "aria": False}, "encoding": ends}]
    return _view([*ground, *_null(null, null_name, "y"), *layers], 320, values, above=True)


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
    values = [
        {"x": low, "end": high, "n": n, "said": f"{shown(low)} to {shown(high)}: {n:,.6g} {up}"}
        for (low, high), n in zip(pairwise(edges), counts, strict=True)
    ]
    x = _quantity("x", axis, [*edges, marker], tight=True)
    y = _quantity("n", up, [0.0, *counts], upright=True)
    colour = {"color": {"value": "var(--blue)"}}
    layer = {
        "mark": {"type": "bar", "stroke": "var(--ground)", "strokeWidth": 1},
        "encoding": {"x": x, "x2": {"field": "end"}, "y": y, "y2": {"datum": 0}, **colour, **_SAID},
    }
    return _view([layer, *_null(marker, marker_name, "x", INK)], 260, values)


_MANY = 25
"""Places across from which on points are small."""

_GROUPS = 6
"""Groups of points, by their place across, whose medians a line joins."""


def scatter(points: Sequence[tuple[float, float, str]], axis: str, across: str) -> Spec:
    """Points (x, y, name), and a line through the medians of their sixths.

    The line is left out if ties give two sixths the same median x.
    """
    values = [
        {"x": x, "y": y, "said": f"{name}: {shown(x)}, {shown(y)}"}
        for x, y, name in points
        if known(x) and known(y)
    ]
    x = _quantity("x", across, [value["x"] for value in values])
    y = _quantity("y", axis, [value["y"] for value in values], upright=True)
    layers: list[Spec] = [
        {
            "mark": {"type": "point", "filled": True, "size": 40, "opacity": 0.5},
            "encoding": {"x": x, "y": y, "color": {"value": "var(--blue)"}, **_SAID},
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
    return _view(layers, 280, values)


def titled(spec: Spec, headline: str, note: str = "") -> Spec:
    """The same chart with its headline and a note inside, for files."""
    title: Spec = {"text": headline, **({"subtitle": note} if note else {})}
    return {**spec, "title": title}


def beside(specs: Sequence[Spec], columns: int = 3, width: int = 420) -> Spec:
    """Charts side by side as one specification, for files; each has its own legend."""
    inner = [
        {k: v for k, v in spec.items() if k not in ("$schema", "config", "autosize", "background")}
        for spec in specs
    ]
    return {
        **{"$schema": specs[0]["$schema"], "config": _CONFIG, "background": "transparent"},
        **{
            "columns": columns,
            "spacing": 40,
            "concat": [{**spec, "width": width} for spec in inner],
        },
        "resolve": {"scale": {"color": "independent", "strokeDash": "independent"}},
    }


_SAID: Spec = {"description": {"field": "said"}, "tooltip": {"field": "said"}}


def _estimate(row: Estimate, within: tuple[float, float] | None, form: str) -> Spec:
    low, high = _cut(row.low, within), _cut(row.high, within)
    if not (known(low) and known(high)):
        low = high = None
    value = row.value if known(row.value) else None
    name = ", ".join(part for part in (row.row, row.series) if part)
    span = "" if low is None else f" [{shown(low, form)}, {shown(high, form)}]"
    said = f"{name}: {'not measured' if value is None else shown(value, form)}{span}"
    place = {"row": row.row, "series": row.series}
    return {**place, "value": value, "low": low, "high": high, "said": said}


def _cut(value: float | None, within: tuple[float, float] | None) -> float | None:
    if value is None or within is None or not math.isfinite(value):
        return value
    return min(max(value, within[0]), within[1])


def _view(
    layers: Sequence[Spec],
    height: Any,
    values: Sequence[Spec] | None = None,
    above: bool = False,
) -> Spec:
    """Layers as a whole specification; `above` leaves a line of text between legend and chart."""
    data = {} if values is None else {"data": {"values": list(values)}}
    for layer in layers if above else ():
        colour = layer["encoding"].get("color", {})
        if "field" in colour and "legend" not in colour:
            colour["legend"] = {"offset": 34}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        **{"width": WIDE, "height": height, "background": "transparent"},
        **{"autosize": {"type": "fit-x", "contains": "padding"}, "padding": 4, "config": _CONFIG},
        **data,
        "layer": list(layers),
    }


def _quantity(
    field: str,
    title: str,
    numbers: Iterable[float | None],
    within: tuple[float, float] | None = None,
    *,
    percent: bool = False,
    log: bool = False,
    upright: bool = False,
    tight: bool = False,
) -> Spec:
    """An axis of numbers that ends a little beyond them, and never beyond `within`."""
    finite = [n for n in numbers if n is not None and math.isfinite(n) and (n > 0 or not log)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    if log:
        low, high = low / 1.1, high * 1.1
    elif not tight:
        spread = (high - low) or max(abs(high), 1.0)
        low, high = (low and low - 0.04 * spread), high + 0.06 * spread
    if within:
        low, high = max(low, within[0]), min(high, within[1])
    axis: Spec = {"title": title, "tickCount": {"expr": "width < 600 ? 4 : 7"}, "ticks": False}
    axis["labelOverlap"] = True
    if percent:
        axis["format"] = ".0%"
    if upright:  # read from left to right, above the axis
        axis |= {"titleAngle": 0, "titleAlign": "left", "titleAnchor": "start", "titleX": 0}
        axis |= {"titleY": -10, "titleBaseline": "bottom", "domain": False, "tickCount": 5}
    else:
        axis |= {"titleAnchor": "end", "titleAlign": "right", "grid": True}
    scale: Spec = {"domain": [low, high], "zero": False, "nice": False}
    return {"field": field, "type": "quantitative", "axis": axis, "scale": scale | _LOG[log]}


_LOG: Mapping[bool, Spec] = {True: {"type": "log"}, False: {}}


def _rows(names: Sequence[str], *, offset: bool = False, padding: float = 0.25) -> Spec:
    """Names from top to bottom, in their order; a place for each series within a name."""
    order = list(dict.fromkeys(names))
    axis = {"title": None, "ticks": False, "domain": False, "grid": False}
    axis |= {"labelLimit": {"expr": "width < 600 ? 150 : 340"}}
    scale = {"domain": order, "paddingInner": padding, "paddingOuter": padding / 2}
    y = {"field": "row", "type": "nominal", "scale": scale, "axis": axis}
    inner: Spec = {"field": "series", "type": "nominal", "sort": None}
    return {"y": y, **({"yOffset": inner} if offset else {})}


def _columns(names: Sequence[str], slanted: bool) -> Spec:
    """Names above columns, in their order; slanted where they would touch each other."""
    axis: Spec = {"orient": "top", "title": None, "ticks": False, "domain": False}
    axis |= {"labelOverlap": "greedy", "labelAngle": 0}
    if slanted:
        tight = f"width / {max(len(names), 1)} < {9 * max(map(len, names), default=0)}"
        axis |= {"labelOverlap": False, "labelAngle": {"expr": f"{tight} ? -35 : 0"}}
        axis |= {"labelLimit": 200, "labelAlign": {"expr": f"{tight} ? 'left' : 'center'"}}
    scale = {"domain": list(dict.fromkeys(names)), "padding": 0}
    return {"x": {"field": "column", "type": "nominal", "scale": scale, "axis": axis}}


def _share_a_place(rows: Sequence[Estimate]) -> bool:
    return len({row.row for row in rows}) < len({(row.row, row.series) for row in rows})


def _series_colour(rows: Sequence[Estimate], series: Sequence[str]) -> Spec:
    """Colours of series; no legend where the name of each row says what its colour says."""
    found = _colour(series or [row.series for row in rows])
    if all(row.series in ("", row.row) for row in rows):
        found["color"]["legend"] = None
    return found


def _colour(names: Sequence[str], field: str = "series", over: bool = False) -> Spec:
    """The colour of each name; a legend where there are several."""
    chosen = colours(filter(None, names)) or {"": "var(--blue)"}
    several = len(chosen) > 1 and not over
    scale = {"domain": list(chosen), "range": [on(c) if over else c for c in chosen.values()]}
    legend = {} if several else {"legend": None}
    if over:  # a scale of its own, so that text differs from its ground
        of = {name: on(colour) for name, colour in chosen.items()}
        tests = [{"test": f"datum.{field} === {_quoted(n)}", "value": c} for n, c in of.items()]
        return {"color": {"condition": tests, "value": INK}}
    return {"color": {"field": field, "type": "nominal", "scale": scale, **legend}}


def _quoted(name: str) -> str:
    """A name as a string of Vega's expressions."""
    return '"' + "".join(f"\\u{ord(c):04x}" if c in '"\\\n\r' else c for c in name) + '"'


def _dashes(names: Sequence[str]) -> Spec:
    """Dashed lines for the darker shades of colours that are taken."""
    chosen = colours(names)
    if not any(map(is_second, chosen.values())):
        return {}
    dashes = [[6, 4] if is_second(colour) else [1, 0] for colour in chosen.values()]
    scale = {"domain": list(chosen), "range": dashes}
    return {"strokeDash": {"field": "name", "type": "nominal", "scale": scale}}


def _null(at: float | None, name: str, channel: str, colour: str = SOFT) -> list[Spec]:
    """A dashed line at a value, with its name beside it."""
    if at is None:
        return []
    data = {"values": [{"at": at, "name": name}]}
    place: Spec = {channel: {"field": "at", "type": "quantitative"}}
    mark = {"type": "rule", "strokeDash": [5, 4], "strokeWidth": 1.5, "color": colour}
    found: list[Spec] = [
        {"data": data, "mark": {**mark, "aria": False}, "encoding": place},
    ]
    if name:
        other: Spec = {"y": {"value": -6}} if channel == "x" else {"x": {"value": "width"}}
        text: Spec = {"type": "text", "color": colour, "aria": False}
        text |= {"align": "center"} if channel == "x" else {"align": "right", "dy": -10}
        said = {"text": {"field": "name"}}
        found.append({"data": data, "mark": text, "encoding": {**place, **other, **said}})
    return found


def _medians(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    ordered = sorted(points)
    size = max(1, math.ceil(len(ordered) / _GROUPS))
    groups = [ordered[start : start + size] for start in range(0, len(ordered), size)]
    return [(median(p[0] for p in group), median(p[1] for p in group)) for group in groups]
