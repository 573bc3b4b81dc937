"""Figures of several seeds: means, intervals over seeds and ratios, as tables.

Intervals are 95 %, Student's t over seeds; those of ratios are of their logarithms, seed by seed.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import orjson

from bench import tables
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
    """Mean and t interval, which is unknown for a single value."""
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
        found = by_length(areas, against)
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
        values, shares = by_budget(chosen, key)
        cells = ((arm, *(_cell(values[arm, at], show) for at in shares)) for arm in ARMS)
        yield from tables.markdown(["", *(f"{at:.0%}" for at in shares)], cells)
    yield f"### Distinct planted translations of {BEST}, over those of other arms\n"
    values, shares = by_budget(budgets, "n_links")
    ratios = (
        (arm, *("{:.2f} ({:.2f}-{:.2f})".format(*ratio(values[BEST, at], values[arm, at]))
                for at in shares))
        for arm in ARMS
        if arm != BEST
    )  # fmt: skip
    yield from tables.markdown(["", *(f"{at:.0%}" for at in shares)], ratios)


def by_length(rows: Sequence[Row], against: str) -> dict[str, dict[str, list[float]]]:
    """Areas of seeds by kind and quarter of length, and by score.

    The first row of a seed, score and kind is for all documents, the others for quarters.
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


def by_budget(
    rows: Sequence[Row], key: str
) -> tuple[dict[tuple[str, float], list[float]], list[float]]:
    """Values of seeds by arm and budget, and the budgets."""
    found: dict[tuple[str, float], list[float]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: int(row["seed"])):
        arm = row.get("arm") or row["method"].removeprefix("arm ")
        if row.get("budget"):
            found[arm, row["budget"]].append(row[key])
    return found, sorted({share for _, share in found})


def _cell(values: Sequence[float], show: Callable[[float], str] = tables.share) -> str:
    """Mean and interval, cut to 0 and 1 for shares."""
    value, low, high = mean(values)
    if math.isnan(low):
        return show(value)
    if max(values) <= 1:
        low, high = max(low, 0.0), min(high, 1.0)
    return f"{show(value)} ({show(low)}-{show(high)})"
