"""Shares of lines named rightly, by language and length, with intervals over groups."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from bench.segment_language.pages import Page
from bench.segment_language.ways import Identify
from pivotmine.numeric.bootstrap import Interval, Resamples
from pivotmine.text.codes import UNDETERMINED

BUCKETS = (5, 10, 20, 40, 80)
"""Upper ends of the length buckets, letters; the last bucket is what is longer."""


class Line(NamedTuple):
    """One line as a way named it."""

    way: str
    group: str
    kind: str
    page_lang: str
    lang: str
    found: str
    letters: int


def named(way: str, identify: Identify, pages: Iterable[Page]) -> list[Line]:
    """Every line of every page."""
    return [
        Line(way, page.group, page.kind, page.lang, lang, found, sum(map(str.isalpha, text)))
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
    """Share of lines named rightly; the interval draws groups, since neighbours fail together."""
    names = sorted({line.group for line in lines})
    number = {name: at for at, name in enumerate(names)}
    groups = np.array([number[line.group] for line in lines], np.int64)
    hits = np.array([line.found == line.lang for line in lines], np.float64)
    return Resamples(len(names)).ratio(groups, hits, np.ones(len(lines)))


def macro(lines: Sequence[Line]) -> float | None:
    """Mean over languages of the share named rightly."""
    by_lang: dict[str, list[bool]] = {}
    for line in lines:
        by_lang.setdefault(line.lang, []).append(line.found == line.lang)
    return float(np.mean([np.mean(hits) for hits in by_lang.values()])) if by_lang else None


def table(
    title: str,
    lines: Sequence[Line],
    row: Callable[[Line], str],
    column: Callable[[Line], str],
    columns: Sequence[str],
    value: Callable[[Sequence[Line]], str],
) -> list[str]:
    """A Markdown table of `value` of the lines in each cell, and of all lines of each row."""
    rows: dict[str, dict[str, list[Line]]] = {}
    for line in lines:
        rows.setdefault(row(line), {}).setdefault(column(line), []).append(line)
    sizes = Counter(column(line) for line in lines if row(line) == next(iter(rows)))
    heads = [f"{name} ({sizes[name]:,})" for name in columns]
    text = [f"| {title} | {' | '.join(heads)} | all |", "|---|" + "---|" * (len(columns) + 1)]
    for name, cells in rows.items():
        every = [line for cell in cells.values() for line in cell]
        shown = [value(cells[c]) if cells.get(c) else "" for c in columns]
        text.append(f"| {name} | {' | '.join(shown)} | {value(every)} |")
    return [*text, ""]


def shown_accuracy(lines: Sequence[Line]) -> str:
    """Accuracy, three digits."""
    return _digits(accuracy(lines).mean)


def shown_interval(lines: Sequence[Line]) -> str:
    """Accuracy with its interval."""
    value, low, high = accuracy(lines)
    return f"{_digits(value)} ({_digits(low)}-{_digits(high)})"


def shown_macro(lines: Sequence[Line]) -> str:
    """Mean over languages, three digits."""
    return _digits(macro(lines))


def _digits(value: float | None) -> str:
    return (
        ""
        if value is None or math.isnan(value)
        else f"{value:.3f}".removeprefix("0")
        if value < 1
        else "1.00"
    )


def confusion(lines: Sequence[Line], languages: Sequence[str]) -> np.ndarray:
    """float64[L, L + 1]: share of lines of a language (row) named as each, last: as another."""
    place = {lang: at for at, lang in enumerate((*languages, UNDETERMINED))}
    counts = np.zeros((len(languages), len(languages) + 1))
    for line in lines:
        counts[place[line.lang], place.get(line.found, len(languages))] += 1
    shares: np.ndarray = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return shares
