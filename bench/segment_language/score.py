"""Shares of lines named rightly, by language and length, with intervals over groups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bench import tables
from bench.plot import figure
from bench.plot import lines as plot_lines
from bench.segment_language.pages import Page
from bench.segment_language.ways import Identify
from pivotmine.judge.bootstrap import Estimate, Resamples
from pivotmine.text.codes import UNDETERMINED

BUCKETS = (5, 10, 20, 40, 80)
"""Upper ends of the length buckets, letters; the last bucket holds longer lines."""


class Line(NamedTuple):
    """One line as a way named it."""

    way: str
    group: str
    kind: str
    lang: str
    found: str
    letters: int


def named(way: str, identify: Identify, pages: Iterable[Page]) -> list[Line]:
    """All lines of all pages."""
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


def accuracy(lines: Sequence[Line]) -> Estimate:
    """Share of lines named rightly. Groups are resampled, since lines of one fail together."""
    names = sorted({line.group for line in lines})
    number = {name: at for at, name in enumerate(names)}
    groups = np.array([number[line.group] for line in lines], np.int64)
    hits = np.array([line.found == line.lang for line in lines], np.float64)
    return Resamples(len(names)).ratio(groups, hits, np.ones(len(lines)))


def macro(lines: Sequence[Line]) -> float | None:
    """Mean over languages of the share named rightly; None without lines."""
    by_lang: dict[str, list[bool]] = {}
    for line in lines:
        by_lang.setdefault(line.lang, []).append(line.found == line.lang)
    return float(np.mean([np.mean(hits) for hits in by_lang.values()])) if by_lang else None


def show_accuracy(lines: Sequence[Line]) -> str:
    """Accuracy, three digits."""
    return tables.share(accuracy(lines).value)


def show_interval(lines: Sequence[Line]) -> str:
    """Accuracy with its interval."""
    return tables.interval(*accuracy(lines))


def show_macro(lines: Sequence[Line]) -> str:
    """Mean over languages, three digits."""
    return tables.share(macro(lines))


def cross(
    lines: Sequence[Line],
    row: Callable[[Line], str],
    column: Callable[[Line], str],
    columns: Sequence[str],
    show: Callable[[Sequence[Line]], str],
) -> list[str]:
    """A Markdown table with `show` of the lines in each cell, and of all lines of each row."""
    rows: dict[str, dict[str, list[Line]]] = {}
    for line in lines:
        rows.setdefault(row(line), {}).setdefault(column(line), []).append(line)
    sizes = Counter(column(line) for line in lines if row(line) == next(iter(rows)))
    cells = []
    for name, found in rows.items():
        every = [line for cell in found.values() for line in cell]
        shown = (show(found[c]) if found.get(c) else "" for c in columns)
        cells.append((name, *shown, show(every)))
    return tables.markdown(["", *(f"{c} ({sizes[c]:,})" for c in columns), "all"], cells)


def confusion(lines: Sequence[Line], languages: Sequence[str]) -> np.ndarray:
    """float64[L, L + 1]: share of lines of a language (row) named as each, last: as another."""
    place = {lang: at for at, lang in enumerate((*languages, UNDETERMINED))}
    counts = np.zeros((len(languages), len(languages) + 1))
    for line in lines:
        counts[place[line.lang], place.get(line.found, len(languages))] += 1
    shares: np.ndarray = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return shares


def draw(lines: Sequence[Line], ours: str, languages: Sequence[str], path: Path) -> None:
    """Left: accuracy of all ways over letters. Right: the confusion of ours."""
    with figure(path, 2, width=6.5, height=5) as (left, right):
        series = []
        for way in dict.fromkeys(line.way for line in lines):
            mine = [line for line in lines if line.way == way]
            points = [macro([x for x in mine if bucket(x.letters) == b]) for b in BUCKET_NAMES]
            series.append((way, BUCKET_NAMES, [np.nan if p is None else p for p in points]))
        label = "share named rightly, mean over languages"
        plot_lines(left, series, "letters in the line", label)
        shares = confusion([line for line in lines if line.way == ours], languages)
        right.imshow(shares**0.5, cmap="Greys", vmin=0, vmax=1)
        right.set_xticks(range(len(languages) + 1), [*languages, "other"], rotation=90)
        right.set_yticks(range(len(languages)), languages)
        right.set_xlabel(f"named by {ours} (shade: square root of the share)")
        right.set_ylabel("language")
