"""The grammar that all charts share: fonts, axes, legends, colours and reference lines.

A specification names colours as custom properties of the page (`look.palette`), carries its data,
and loads nothing. Every mark that stands for data has a text in `said`, which is its tooltip and
what a screen reader says.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pivotmine.show.look.palette import INK, RULE, SOFT, colours, on

Spec = dict[str, Any]
"""A Vega-Lite specification of one view."""

WIDE, NARROW = 1000, 370
"""Widths in pixels: of a whole page, and of a small screen or one chart of several."""

FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
"""Fonts of equal widths on all systems, so what is measured when drawing fits when shown."""

TEXT_SIZE = 16
ROW_STEP = 30

CONFIG: Spec = {
    "font": FONT,
    "view": {"stroke": None},
    "text": {"fontSize": TEXT_SIZE, "color": INK},
    "axis": {
        **{"labelFontSize": TEXT_SIZE, "titleFontSize": TEXT_SIZE, "titleFontWeight": "normal"},
        **{"labelColor": INK, "titleColor": SOFT, "gridColor": RULE, "domainColor": RULE},
        **{"tickColor": RULE, "labelPadding": 6, "titlePadding": 10},
    },
    "legend": {
        **{"orient": "top", "direction": "horizontal", "title": None, "labelFontSize": TEXT_SIZE},
        **{"labelColor": INK, "labelLimit": 330, "symbolSize": 160, "symbolOpacity": 1},
        **{"columnPadding": 18, "columns": {"expr": "width < 600 ? 2 : 6"}},
    },
    "title": {
        **{"anchor": "start", "frame": "group", "color": INK, "fontSize": 20, "offset": 14},
        **{"subtitleColor": SOFT, "subtitleFontSize": TEXT_SIZE, "subtitlePadding": 6},
    },
}


def known(value: float | None) -> bool:
    """Whether there is a number to draw."""
    return value is not None and math.isfinite(value)


def shown(value: float | None, form: str = "") -> str:
    """A number for readers: whole from 100 on, else of three digits; a dash if there is none.

    >>> shown(133_247.0), shown(0.12345), shown(None)
    ('133,247', '0.123', '–')
    """
    if value is None or not math.isfinite(value):
        return "–"
    return format(value, form or (",.0f" if abs(value) >= 100 else ".3g"))


SAID: Spec = {"description": {"field": "said"}, "tooltip": {"field": "said"}}


def cut(value: float | None, within: tuple[float, float] | None) -> float | None:
    """A value moved to the nearer of two ends if it is beyond them."""
    if value is None or within is None or not math.isfinite(value):
        return value
    return min(max(value, within[0]), within[1])


def view(
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
        **{
            "autosize": {"type": "fit-x", "contains": "padding"},
            "padding": {"left": 10, "right": 8, "top": 4, "bottom": 4},
            "config": CONFIG,
        },
        **data,
        "layer": list(layers),
    }


def quantity(
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


def row_axis(names: Sequence[str], *, offset: bool = False, padding: float = 0.25) -> Spec:
    """Names from top to bottom, in their order; a place for each series within a name."""
    order = list(dict.fromkeys(names))
    axis: Spec = {"title": None, "ticks": False, "domain": False, "grid": False}
    axis |= {"labelLimit": {"expr": "width < 600 ? 150 : 340"}}
    scale = {"domain": order, "paddingInner": padding, "paddingOuter": padding / 2}
    y = {"field": "row", "type": "nominal", "scale": scale, "axis": axis}
    inner: Spec = {"field": "series", "type": "nominal", "sort": None}
    return {"y": y, **({"yOffset": inner} if offset else {})}


def column_axis(names: Sequence[str], slanted: bool) -> Spec:
    """Names above columns, in their order; slanted where they would touch each other."""
    axis: Spec = {"orient": "top", "title": None, "ticks": False, "domain": False}
    axis |= {"labelOverlap": "parity", "labelAngle": 0}
    if slanted:
        tight = f"width / {max(len(names), 1)} < {9 * max(map(len, names), default=0)}"
        axis |= {"labelOverlap": False, "labelAngle": {"expr": f"{tight} ? -35 : 0"}}
        axis |= {"labelLimit": 200, "labelAlign": {"expr": f"{tight} ? 'left' : 'center'"}}
    scale = {"domain": list(dict.fromkeys(names)), "padding": 0}
    return {"x": {"field": "column", "type": "nominal", "scale": scale, "axis": axis}}


def colour_of(names: Sequence[str], field: str = "series", over: bool = False) -> Spec:
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


def reference(at: float | None, name: str, channel: str, colour: str = SOFT) -> list[Spec]:
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
