"""Figures of several seeds: means, intervals over seeds and ratios, as tables and as a plot.

Intervals are 95 %, Student's t over seeds; those of ratios are of their logarithms, seed by seed.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from bench import tables
from bench.plot import figure, lines
from bench.selection.planted import MATCHED, METHODS, Row
from pivotmine.model.statistics.paired import paired_t
from pivotmine.numeric.bootstrap import Interval

SCORES = ("he2025", "entropy", "links", "translation")
ARMS = (MATCHED, *METHODS)
BEST = "distinct_links"


def read_rows(paths: Iterable[Path]) -> list[Row]:
    """Rows of all files."""
    return [orjson.loads(line) for path in paths for line in path.read_bytes().splitlines()]


def mean(values: Sequence[float]) -> Interval:
    """Mean and t interval; the interval of a single value is unknown."""
    return paired_t(np.array(values, np.float64))[0]


def ratio(values: Sequence[float], others: Sequence[float]) -> Interval:
    """Geometric mean of the ratios of pairs."""
    logs = mean([math.log(a / b) for a, b in zip(values, others, strict=True)])
    return Interval(*(math.exp(value) for value in logs))


def summarise(rows: Sequence[Row]) -> Iterator[str]:
    """Lines of a Markdown page with all tables."""
    areas = [row for row in rows if row["figure"] == "auc"]
    budgets = [row for row in rows if row["figure"] == "budget"]
    words = [row for row in rows if row["figure"] == "retrieval" and row["lang_a"] == "all"]
    for against in ("untranslated", "two languages"):
        yield f"### ROC area by kind and length, against {against}\n"
        found = _by_length(areas, against)
        yield from tables.markdown(
            ["", *SCORES],
            [[kind, *(_cell(of[score]) for score in SCORES)] for kind, of in found.items()],
        )
    for title, chosen, key, show in (
        ("Distinct planted translations", budgets, "n_links", "{:,.0f}".format),
        ("Template pages, share of tokens", budgets, "template_share", "{:.1%}".format),
        ("Repetitions, share of tokens", budgets, "repeated_share", "{:.1%}".format),
        ("Pages without translations", budgets, "untranslated_share", "{:.1%}".format),
        ("Retrieval, P@1", words, "p_at_1", tables.share),
    ):
        yield f"### {title}\n"
        values, shares = _by_budget(chosen, key)
        cells = ((arm, *(_cell(values[arm, at], show) for at in shares)) for arm in ARMS)
        yield from tables.markdown(["", *(f"{at:.0%}" for at in shares)], cells)
    yield f"### Distinct planted translations of {BEST}, over those of other arms\n"
    values, shares = _by_budget(budgets, "n_links")
    ratios = (
        (arm, *("{:.2f} ({:.2f}-{:.2f})".format(*ratio(values[BEST, at], values[arm, at]))
                for at in shares))
        for arm in ARMS
        if arm != BEST
    )  # fmt: skip
    yield from tables.markdown(["", *(f"{at:.0%}" for at in shares)], ratios)


def draw(rows: Sequence[Row], path: Path) -> None:
    """Areas by length, distinct links and P@1 by budget; bars are 95 % intervals over seeds."""
    areas = [row for row in rows if row["figure"] == "auc" and row["kind"] == "parallel+block"]
    words = [row for row in rows if row["figure"] == "retrieval" and row["lang_a"] == "all"]
    budgets = [row for row in rows if row["figure"] == "budget"]
    with figure(path, 3) as panels:
        by_length = _by_length(areas, "two languages")
        names = ["all", "shortest", "2nd", "3rd", "longest"][: len(by_length)]
        found = [(score, [of[score] for of in by_length.values()]) for score in SCORES]
        _panel(panels[0], found, names, "quarter by length", "ROC area, against two languages")
        for axes, chosen, key, label in (
            (panels[1], budgets, "n_links", "distinct planted translations"),
            (panels[2], words, "p_at_1", "P@1 of vectors made from the arm"),
        ):
            values, shares = _by_budget(chosen, key)
            by_arm = [(arm, [values[arm, at] for at in shares]) for arm in ARMS]
            names = [f"{at:.0%}" for at in shares]
            _panel(axes, by_arm, names, "budget, of the corpus's tokens", label)
        panels[1].set_yscale("log")


def _panel(
    axes: Any,
    found: Sequence[tuple[str, Sequence[Sequence[float]]]],
    names: Sequence[str],
    x_label: str,
    y_label: str,
) -> None:
    means = [(name, [mean(values) for values in cells]) for name, cells in found]
    series = [(name, names, [one.mean for one in cells]) for name, cells in means]
    reach = [[np.nan_to_num(one.high - one.mean) for one in cells] for _, cells in means]
    lines(axes, series, x_label, y_label, reach)


def _cell(values: Sequence[float], show: Callable[[float], str] = tables.share) -> str:
    """Mean and interval; that of shares is cut to 0 and 1."""
    value, low, high = mean(values)
    if math.isnan(low):
        return show(value)
    if max(values) <= 1:
        low, high = max(low, 0.0), min(high, 1.0)
    return f"{show(value)} ({show(low)}-{show(high)})"


def _by_length(rows: Sequence[Row], against: str) -> dict[str, dict[str, list[float]]]:
    """Areas of seeds by kind and quarter of length, and by score.

    The first row of a seed, score and kind is of all documents, the others are of quarters.
    """
    cells: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    n_seen: dict[tuple[int, str, str], int] = defaultdict(int)
    for row in rows:
        if row["part"] == "all" and row["against"] == against:
            one = (row["seed"], row["method"], row["kind"])
            quarter = f", quarter {n_seen[one]} by length" if n_seen[one] else ""
            n_seen[one] += 1
            cells[row["kind"] + quarter][row["method"]].append(row["auc"])
    return cells


def _by_budget(
    rows: Sequence[Row], key: str
) -> tuple[dict[tuple[str, float], list[float]], list[float]]:
    """Values of seeds by arm and budget, and the budgets."""
    found: dict[tuple[str, float], list[float]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: int(row["seed"])):
        arm = row.get("arm") or row["method"].removeprefix("arm ")
        if row.get("budget"):
            found[arm, row["budget"]].append(row[key])
    return found, sorted({share for _, share in found})
