"""Figures of several seeds: means, intervals over seeds, ratios of pairs, as Markdown.

Intervals are 95 %, Student's t over seeds; of ratios, over their logarithms, seed by seed.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson
from scipy.stats import t as student

Row = dict[str, Any]
METHODS = ("he2025", "entropy", "links", "translation")
ARMS = ("random", "length_matched", *METHODS, "links_coverage")


class Mean(NamedTuple):
    """A mean over seeds with its interval."""

    value: float
    low: float
    high: float


def read_rows(paths: Iterable[Path]) -> list[Row]:
    """Rows of all files."""
    return [orjson.loads(line) for path in paths for line in path.read_bytes().splitlines()]


def mean(values: Sequence[float]) -> Mean:
    """Mean and t interval; without an interval for a single value."""
    found = np.array(values, np.float64)
    centre = float(found.mean())
    if len(found) < 2:
        return Mean(centre, math.nan, math.nan)
    reach = float(student.ppf(0.975, len(found) - 1) * found.std(ddof=1) / math.sqrt(len(found)))
    return Mean(centre, centre - reach, centre + reach)


def ratio(values: Sequence[float], others: Sequence[float]) -> Mean:
    """Geometric mean of the ratios of pairs."""
    logs = mean([math.log(a / b) for a, b in zip(values, others, strict=True)])
    return Mean(*(math.exp(value) for value in logs))


def tables(rows: Sequence[Row]) -> str:
    """All tables."""
    areas = [row for row in rows if row["figure"] == "auc"]
    budgets = [row for row in rows if row["figure"] == "budget"]
    words = [row for row in rows if row["figure"] == "retrieval" and row["lang_a"] == "all"]
    parts = [
        *(
            f"### {name} by kind and length, against {against}\n\n{_areas(areas, key, against)}"
            for key, name in (("auc", "ROC area"), ("average_precision", "Average precision"))
            for against in ("untranslated", "two languages")
        ),
        *(
            f"### {title}\n\n{_by_budget(budgets, key, show)}"
            for key, title, show in (
                ("n_links", "Distinct planted translations", "{:,.0f}".format),
                ("template_share", "Template pages, share of tokens", "{:.1%}".format),
                ("repeated_share", "Repetitions, share of tokens", "{:.1%}".format),
                ("untranslated_share", "Pages without translations", "{:.1%}".format),
            )
        ),
        f"### Links against other arms\n\n{_ratios(budgets)}",
        f"### Retrieval, P@1\n\n{_by_budget(words, 'p_at_1', _share)}",
        f"### Retrieval, P@5\n\n{_by_budget(words, 'p_at_5', _share)}",
        f"### Words held\n\n{_by_budget(words, 'held', _share)}",
    ]
    return "\n\n".join(parts) + "\n"


def _share(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")


def _cell(values: Sequence[float], show: Callable[[float], str] = _share) -> str:
    """Mean and interval; that of shares ends where shares do."""
    value, low, high = mean(values)
    if math.isnan(low):
        return show(value)
    if max(values) <= 1:
        low, high = max(low, 0.0), min(high, 1.0)
    return f"{show(value)} ({show(low)}-{show(high)})"


def _table(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rows = [heads, ["---"] * len(heads), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _areas(rows: Sequence[Row], key: str, against: str) -> str:
    """Lengths are quarters of the documents of each seed, named by their rank."""
    cells: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    lengths: dict[tuple[int, str], list[int]] = defaultdict(list)
    for row in rows:
        if row["part"] == "all" and row["against"] == against:
            seen = lengths[row["seed"], row["method"] + row["kind"]]
            seen.append(row["min_tokens"])
            quarter = f", quarter {len(seen) - 1} by length" if len(seen) > 1 else ""
            cells[row["kind"] + quarter][row["method"]].append(row[key])
    lines = [[name, *(_cell(found[method]) for method in METHODS)] for name, found in cells.items()]
    return _table(["", *METHODS], lines)


def values_of(rows: Sequence[Row], key: str) -> dict[tuple[str, float], list[float]]:
    """Of each arm and budget, seeds in order."""
    found: dict[tuple[str, float], list[float]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: int(row["seed"])):
        arm = row.get("arm") or row["method"].removeprefix("arm ")
        if row.get("budget"):
            found[arm, row["budget"]].append(row[key])
    return found


def _by_budget(rows: Sequence[Row], key: str, show: Callable[[float], str]) -> str:
    values = values_of(rows, key)
    shares = sorted({share for _, share in values})
    lines = [[arm, *(_cell(values[arm, share], show) for share in shares)] for arm in ARMS]
    return _table(["", *(f"{share:.0%}" for share in shares)], lines)


def _ratios(rows: Sequence[Row]) -> str:
    values = values_of(rows, "n_links")
    shares = sorted({share for _, share in values})
    lines = []
    for arm in ARMS[:-1]:
        found = [ratio(values["links_coverage", share], values[arm, share]) for share in shares]
        shown = [f"{one.value:.2f} ({one.low:.2f}-{one.high:.2f})" for one in found]
        lines.append([f"links_coverage / {arm}", *shown])
    return _table(["", *(f"{share:.0%}" for share in shares)], lines)
