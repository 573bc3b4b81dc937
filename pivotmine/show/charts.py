"""Charts of any page: values with intervals, lines with bands, bars of parts, tables in colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple

from pivotmine.show.svg import OTHERS, TARGET, figure, label, padded, path, text, there, ticks


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
    """Values with intervals, one below the other, and a dashed line at no effect."""
    known = [v for row in rows for v in row[1:4] if isinstance(v, float | int) and there(v)]
    if not known:
        return ""
    low, high = padded(min([*known, *_listed(null)]), max([*known, *_listed(null)]))
    left, width, step = 190, 330, 19
    height = step * len(rows) + 34

    def x(value: float) -> float:
        return left + width * (value - low) / (high - low)

    parts = []
    bottom = step * len(rows) + 8
    for tick in ticks(low, high):
        parts.append(path(f"M{x(tick):.1f} 4V{bottom}", "#e4e4e4"))
        parts.append(text(x(tick), bottom + 14, label(tick), "middle"))
    if null is not None:
        parts.append(path(f"M{x(null):.1f} 4V{bottom}", "#444", dash=True))
    for number, row in enumerate(rows):
        y = step * number + 16
        parts.append(text(left - 8, y + 4, row.label, "end"))
        if there(row.value) and row.value is not None:
            if there(row.low) and there(row.high) and row.low is not None:
                parts.append(
                    path(f"M{x(row.low):.1f} {y}H{x(row.high or 0.0):.1f}", row.colour, 2.2)
                )
            parts.append(f'<circle cx="{x(row.value):.1f}" cy="{y}" r="3.6" fill="{row.colour}"/>')
        else:
            parts.append(text(left + 4, y + 4, "not measured", "start"))
    return figure(left + width + 18, height, title, parts)


def curves(
    lines: Sequence[Line], at: Sequence[float], title: str, across: str, null: float | None = None
) -> str:
    """Lines with their bands over points at any distances, and a dashed line at no effect."""
    known = [v for line in lines for values in line[2:5] for v in values if there(v)]
    numbers = [v for v in [*known, null] if v is not None]
    if len(at) < 2 or not numbers:
        return ""
    (x0, x1), (y0, y1) = (min(at), max(at)), padded(min(numbers), max(numbers))
    left, width, height = 52, 560, 300

    def x(value: float) -> float:
        return left + width * (value - x0) / (x1 - x0)

    def y(value: float) -> float:
        return 22 + (height - 22) * (1 - (value - y0) / (y1 - y0))

    parts = [text(left, 13, title, "start", bold=True)]
    for tick in ticks(y0, y1):
        parts.append(path(f"M{left} {y(tick):.1f}H{left + width}", "#e4e4e4"))
        parts.append(text(left - 5, y(tick) + 4, label(tick), "end"))
    for tick in ticks(x0, x1):
        parts.append(text(x(tick), height + 14, f"{tick:,.0f}", "middle"))
    if null is not None:
        parts.append(path(f"M{left} {y(null):.1f}H{left + width}", "#444", dash=True))
    for line in lines:
        drawn = [
            (x(where), m, a, b)
            for where, m, a, b in zip(at, line.mean, line.low, line.high, strict=True)
            if m is not None and a is not None and b is not None
        ]
        upper = [f"{place:.1f} {y(b):.1f}" for place, _, _, b in drawn]
        lower = [f"{place:.1f} {y(a):.1f}" for place, _, a, _ in reversed(drawn)]
        parts.append(
            f'<path d="M{"L".join([*upper, *lower])}Z" fill="{line.colour}" opacity=".12"/>'
        )
        mean = "L".join(f"{place:.1f} {y(m):.1f}" for place, m, _, _ in drawn)
        parts.append(path(f"M{mean}", line.colour, 1.8))
    parts.append(text(left + width, height + 28, across, "end"))
    return figure(left + width + 24, height + 34, title, parts)


def shares(
    rows: Sequence[tuple[str, Sequence[tuple[str, float]]]],
    title: str,
    colours: Mapping[str, str],
    percent: bool = False,
) -> str:
    """Stacked bars of equal length: label -> (part, amount), in the order given.

    Parameters
    ----------
    percent
        Write shares into the bars instead of amounts.
    """
    left = 12 + 6.5 * max((len(name) for name, _ in rows), default=0)
    width = 560 if percent else 380
    parts = []
    for number, (name, amounts) in enumerate(rows):
        y, x, total = 6 + 22 * number, left, sum(amount for _, amount in amounts) or 1
        parts.append(text(left - 8, y + 13, name, "end"))
        for part, amount in amounts:
            wide = width * amount / total
            shown = f"{amount / total:.0%}" if percent else f"{amount:,.0f}"
            colour = colours.get(part, OTHERS[0])
            parts.append(
                f'<rect x="{x:.1f}" y="{y}" width="{wide:.1f}" height="17" fill="{colour}">'
                f"<title>{escape(part)}: {shown}</title></rect>"
            )
            if wide > 7 * len(shown) + 4:
                parts.append(_over(x + wide / 2, y + 13, shown, colour))
            x += wide
    return figure(left + width + 10, 12 + 22 * len(rows), title, parts)


def matrix(
    heads: Sequence[str], rows: Sequence[tuple[str, Sequence[float | None]]], title: str
) -> str:
    """Shares as a table whose cells are coloured by them, white for nothing."""
    left = 12 + 6.5 * max((len(name) for name, _ in rows), default=0)
    wide = max(58.0, 12 + 6.5 * max((len(head) for head in heads), default=0))
    parts = [
        text(left + wide * (place + 0.5), 14, head, "middle") for place, head in enumerate(heads)
    ]
    for number, (name, values) in enumerate(rows):
        y = 20 + 22 * number
        parts.append(text(left - 8, y + 15, name, "end"))
        for place, value in enumerate(values):
            if value is None:
                continue
            x, colour = left + wide * place, _blue(value)
            parts.append(
                f'<rect x="{x:.1f}" y="{y}" width="{wide - 1:.1f}" height="21" fill="{colour}"/>'
            )
            parts.append(_over(x + wide / 2, y + 15, f"{value:.0%}", colour))
    return figure(left + wide * len(heads) + 4, 26 + 22 * len(rows), title, parts)


def key_of(colours: Mapping[str, str]) -> str:
    """The legend of the colours, as HTML."""
    items = "".join(
        f'<span><i style="background:{colour}"></i>{escape(name)}</span>'
        for name, colour in colours.items()
    )
    return f'<div class="key">{items}</div>'


def _listed(value: float | None) -> list[float]:
    return [] if value is None else [value]


def _over(x: float, y: float, shown: str, colour: str) -> str:
    """Text on a coloured background: dark on a light one."""
    red, green, blue = bytes.fromhex(colour[1:])
    ink = "#222" if 0.3 * red + 0.59 * green + 0.11 * blue > 150 else "#fff"
    # A style, since that of the page would win over an attribute.
    return f'<text x="{x:.1f}" y="{y}" text-anchor="middle" style="fill:{ink}">{shown}</text>'


def _blue(share: float) -> str:
    """White to the blue of `TARGET`."""
    part = min(max(share, 0.0), 1.0)
    mixed = (round(255 + (end - 255) * part) for end in bytes.fromhex(TARGET[1:]))
    return "#{:02x}{:02x}{:02x}".format(*mixed)
