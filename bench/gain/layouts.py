"""How lines of two languages are laid out on a page.

Parallel pages, pages on one topic and lists draw from the same layouts, so that no layout tells
what kind a page is.
"""

from __future__ import annotations

from collections.abc import Sequence

from bench.gain.draws import choice, number

LAYOUTS = {"lines": 0.35, "table": 0.2, "blocks": 0.3, "halves": 0.15}
"""lines: a line, then one of the other language; table: both on one line; blocks: two to six lines,
then as many of the other language; halves: one language after the other."""

SEPARATORS = ("\t", " | ", " - ", " / ")
"""Between the cells of a row."""
_BLOCK_LINES = (2, 7)


def lay_out(
    first: Sequence[str], second: Sequence[str], layout: str, seed: int, name: str
) -> list[str]:
    """The lines of a page; where one language has more, its rest comes last."""
    if layout == "halves":
        return [*first, *second]
    if layout == "table":
        mark = SEPARATORS[number(seed, "mark", name) % len(SEPARATORS)]
        rows = [f"{a}{mark}{b}" for a, b in zip(first, second, strict=False)]
        shorter = len(rows)
        return [*rows, *first[shorter:], *second[shorter:]]
    low, high = (1, 2) if layout == "lines" else _BLOCK_LINES
    lines: list[str] = []
    place = 0
    while place < max(len(first), len(second)):
        n = low + number(seed, "block", name, str(place)) % (high - low)
        lines += [*first[place : place + n], *second[place : place + n]]
        place += n
    return lines


def draw_layout(seed: int, name: str) -> str:
    """The layout of a page."""
    return choice(LAYOUTS, seed, "layout", name)
