"""Shares of lines whose language is found, by language and length, with intervals over groups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from bench import tables
from bench.segment_language.messages import Page
from bench.segment_language.ways import Identify
from pivotmine.numeric.bootstrap import Interval, Resamples

BUCKETS = (5, 10, 20, 40, 80)
"""Upper ends of the length buckets, letters; the last bucket holds longer lines."""


class Line(NamedTuple):
    """A line, its language, and the one that a way found."""

    way: str
    group: str
    kind: str
    lang: str
    found: str
    letters: int


def named(way: str, identify: Identify, pages: Iterable[Page]) -> list[Line]:
    """All lines of all pages, with the languages that a way finds."""
    return [
        Line(way, page.group, page.kind, lang, found, sum(map(str.isalpha, text)))
        for page in pages
        for text, lang, found in zip(page.lines, page.langs, identify(page.lines), strict=True)
    ]


def bucket(letters: int) -> str:
    """Name of a length bucket."""
    for low, high in zip((0, *BUCKETS), BUCKETS, strict=False):
        if letters <= high:
            return f"{low + 1}-{high}"
    return f"> {BUCKETS[-1]}"


BUCKET_NAMES = tuple(dict.fromkeys(bucket(n) for n in range(1, BUCKETS[-1] + 2)))


def accuracy(lines: Sequence[Line]) -> Interval:
    """Share of lines named correctly. Groups are resampled, since lines of one fail together."""
    names = sorted({line.group for line in lines})
    number = {name: at for at, name in enumerate(names)}
    groups = np.array([number[line.group] for line in lines], np.int64)
    hits = np.array([line.found == line.lang for line in lines], np.float64)
    return Resamples(len(names)).ratio(groups, hits, np.ones(len(lines)))


def macro(lines: Sequence[Line]) -> float | None:
    """Mean over languages of the share named correctly; None without lines."""
    by_lang: dict[str, list[bool]] = {}
    for line in lines:
        by_lang.setdefault(line.lang, []).append(line.found == line.lang)
    return float(np.mean([np.mean(hits) for hits in by_lang.values()])) if by_lang else None


def cross(
    lines: Sequence[Line], column: Callable[[Line], str], columns: Sequence[str]
) -> list[str]:
    """A Markdown table of shares named correctly, means over languages; `all` has an interval."""
    rows: dict[str, dict[str, list[Line]]] = {}
    for line in lines:
        rows.setdefault(line.way, {}).setdefault(column(line), []).append(line)
    sizes = Counter(column(line) for line in lines if line.way == next(iter(rows)))
    cells = []
    for name, found in rows.items():
        every = [line for cell in found.values() for line in cell]
        shown = (tables.share(macro(found.get(c, []))) for c in columns)
        cells.append((name, *shown, tables.interval(*accuracy(every))))
    return tables.markdown(["", *(f"{c} ({sizes[c]:,})" for c in columns), "all"], cells)
