"""Charts with a row for each name: values with intervals, bars, parts of a whole, tables.

Rows go in, a Vega-Lite specification comes out, the same for the same rows; `look.drawing` makes
SVG of it. Missing and infinite values are left out, or named where a row would be empty.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pivotmine.show.look.grammar import (
    ROW_STEP,
    SAID,
    Spec,
    colour_of,
    column_axis,
    cut,
    known,
    quantity,
    reference,
    row_axis,
    shown,
    view,
)
from pivotmine.show.look.palette import INK, SOFT, on, ramp


class Estimate(NamedTuple):
    """A value with its interval; None or NaN where nothing was measured."""

    row: str
    value: float | None
    low: float | None = None
    high: float | None = None
    series: str = ""
    """What the colour stands for; rows of one name and several series share a place."""


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
    form = ".1%" if percent else ""
    values = [_estimate(row, within, form) for row in rows]
    numbers = [n for value in values for n in (value["low"], value["value"], value["high"])]
    x = quantity("value", axis, [*numbers, null], within, percent=percent)
    y = row_axis([row.row for row in rows], offset=_share_a_place(rows))
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
            "encoding": {"x": x, **y, **colour, **SAID},
        },
    ]
    if missing := [value for value in values if value["value"] is None]:
        mark = {"type": "text", "align": "left", "text": "not measured", "color": SOFT}
        layers.append(
            {"data": {"values": missing}, "mark": mark, "encoding": {"x": {"value": 4}, **y}}
        )
    return view(
        [*reference(null, null_name, "x"), *layers], {"step": ROW_STEP}, above=bool(null_name)
    )


def bars(
    rows: Sequence[Estimate],
    axis: str,
    *,
    within: tuple[float, float] | None = None,
    series: Sequence[str] = (),
    percent: bool = False,
    form: str = "",
) -> Spec:
    """Bars from zero with their values and intervals, one below the other.

    Rows of several series share a place. `form` is how values are written (a format of Python).
    """
    form = ".1%" if percent else form
    values = [_estimate(row, within, form) for row in rows]
    there = [value for value in values if value["value"] is not None]
    numbers = [n for value in there for n in (value["low"], value["value"], value["high"])]
    x = quantity("value", axis, [0.0, *numbers], within, percent=percent)
    y = row_axis([row.row for row in rows], offset=_share_a_place(rows))
    colour = _series_colour(rows, series)
    end = {"type": "text", "align": "left", "dx": 6, "aria": False}
    layers: list[Spec] = [
        {
            "mark": "bar",
            "encoding": {"x": x, **y, **colour, **SAID},
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
                **{"x": {**x, "field": "end"}, "text": {"field": "text"}},
                **y,
            },
        },
    ]  # fmt: skip
    return view(layers, {"step": ROW_STEP}, there)


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
                said = f"{name}, {part}: {shown(amount)} ({share:.1%})"
                text = f"{share:.0%}" if percent else shown(amount)
                place = {"start": start, "end": start + amount / total}
                size = amount / total / (1 if percent else longest)
                values.append(
                    {"row": name, "part": part, **place, "size": size, "text": text, "said": said}
                )
                start = place["end"]
    ends = [0.0, 1.0 if percent else longest, marker]
    x = quantity("start", axis, ends, (0, 1) if percent else None, percent=percent)
    y = row_axis([name for name, _ in rows])
    layers: list[Spec] = [
        {
            "mark": {"type": "bar", "stroke": "var(--ground)", "strokeWidth": 1},
            "encoding": {"x": x, "x2": {"field": "end"}, **y, **colour_of(order, "part"), **SAID},
        },
        {
            "transform": [
                {"filter": "datum.size * width > 10 * length(datum.text) + 6"},
                {"calculate": "(datum.start + datum.end) / 2", "as": "middle"},
            ],
            "mark": {"type": "text", "aria": False},
            "encoding": {
                "x": {**x, "field": "middle"}, **y, "text": {"field": "text"},
                **colour_of(order, "part", over=True),
            },
        },
    ]  # fmt: skip
    layers += reference(marker, marker_name, "x")
    return view(layers, {"step": ROW_STEP + 4}, values, above=bool(marker_name))


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
    values: list[Spec] = []
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
        columns = {"expr": f"width < 600 ? 3 : {len(names)}"}
        fill["legend"] = {"symbolType": "square", "columns": columns}
    across = {
        **column_axis(heads, slanted=not steps),
        **row_axis([name for name, _ in rows], padding=0),
    }
    layers: list[Spec] = [
        {
            "mark": {"type": "rect", "stroke": "var(--ground)", "strokeWidth": 0.5 if steps else 1},
            "encoding": {**across, "fill": fill, **SAID},
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
    return view(layers, {"step": 24 if steps else ROW_STEP + 4}, values)


def _estimate(row: Estimate, within: tuple[float, float] | None, form: str) -> Spec:
    low, high = cut(row.low, within), cut(row.high, within)
    if not (known(low) and known(high)):
        low = high = None
    value = row.value if known(row.value) else None
    name = ", ".join(part for part in (row.row, row.series) if part)
    span = "" if low is None else f" [{shown(low, form)}, {shown(high, form)}]"
    said = f"{name}: {'not measured' if value is None else shown(value, form)}{span}"
    place = {"row": row.row, "series": row.series}
    place["text"] = shown(value, form)
    return {**place, "value": value, "low": low, "high": high, "said": said}


def _share_a_place(rows: Sequence[Estimate]) -> bool:
    return len({row.row for row in rows}) < len({(row.row, row.series) for row in rows})


def _series_colour(rows: Sequence[Estimate], series: Sequence[str]) -> Spec:
    """Colours of series; no legend where the name of each row says what its colour says."""
    found = colour_of(series or [row.series for row in rows])
    if all(row.series in ("", row.row) for row in rows):
        found["color"]["legend"] = None
    return found
