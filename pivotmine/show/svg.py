"""The parts of figures, as SVG in a page: the same bytes for the same numbers.

Coordinates are rounded to a tenth of a pixel. Colours are chosen so that lines also differ in
lightness; every figure has a title that a screen reader says.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

SOURCE, TARGET, PIVOT, CONTROL = "#7f7f7f", "#1f77b4", "#d62728", "#2ca02c"
OTHERS = ("#9467bd", "#8c564b", "#e377c2", "#bcbd22", "#17becf")


def figure(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    """The whole figure; sizes in pixels."""
    return (
        f'<svg role="img" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}"><title>{escape(title)}</title>{"".join(parts)}</svg>'
    )


def path(d: str, colour: str, width: float = 1.0, dash: bool = False) -> str:
    """A line along SVG path data."""
    dashed = ' stroke-dasharray="4 3"' if dash else ""
    return f'<path d="{d}" fill="none" stroke="{colour}" stroke-width="{width}"{dashed}/>'


def text(x: float, y: float, text: str, anchor: str, bold: bool = False) -> str:
    """A line of plain text; `anchor` is start, middle or end."""
    weight = ' style="font-weight:600"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{weight}>{escape(text)}</text>'


def there(value: float | None) -> bool:
    """Whether there is a number to draw."""
    return value is not None and math.isfinite(value)


def padded(low: float, high: float) -> tuple[float, float]:
    """Ends of an axis a little beyond the values."""
    spread = (high - low) or max(abs(high), 1.0)
    return low - 0.04 * spread, high + 0.04 * spread


def ticks(low: float, high: float) -> list[float]:
    """Three to six round numbers between two ends."""
    raw = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= raw)
    first = math.ceil(low / step - 1e-9)
    return [n * step for n in range(first, math.floor(high / step + 1e-9) + 1)]


def label(value: float) -> str:
    """A number at an axis."""
    return f"{value:.3f}".rstrip("0").rstrip(".") if abs(value) > 1e-9 else "0"
