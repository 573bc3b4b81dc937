"""Section on the attribution: claims, figures and tables."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from statistics import median
from typing import Any

from pivotmine.model.attribution.verdict import standing
from pivotmine.model.report.cells import forest_row, interval, number
from pivotmine.model.results import Run
from pivotmine.show.charts import forest, key_of
from pivotmine.show.page import table
from pivotmine.show.svg import (
    CONTROL,
    OTHERS,
    PIVOT,
    SOURCE,
    TARGET,
    figure,
    label,
    padded,
    path,
    text,
    ticks,
)

COLOURS = {
    "cooccurrence": TARGET,
    "pivot_path": PIVOT,
    "pmi": OTHERS[0],
    "source_frequency": SOURCE,
    "target_frequency": CONTROL,
}
"""Of predictors."""

N_GROUPS = 6
"""Groups of points, by their place across, whose medians the line joins."""


def attribution(runs: Sequence[Run]) -> str:
    """What co-occurrence in the corpus predicts about each model."""
    return "".join(_one(run) for run in runs)


def scatter(points: Sequence[tuple[float, float]], title: str, across: str, up: str) -> str:
    """Points (x, y), and a line through the medians of their sixths.

    The line is left out if ties give two sixths the same median x.
    """
    if len(points) < 2:
        return ""
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    (x0, x1), (y0, y1) = padded(min(xs), max(xs)), padded(min(ys), max(ys))
    left, width, height = 40, 240, 170

    def x(value: float) -> float:
        return left + width * (value - x0) / (x1 - x0)

    def y(value: float) -> float:
        return 22 + (height - 22) * (1 - (value - y0) / (y1 - y0))

    parts = [text(left, 13, title, "start", bold=True)]
    for tick in ticks(x0, x1):
        parts.append(text(x(tick), height + 13, label(tick), "middle"))
    for tick in ticks(y0, y1):
        parts.append(path(f"M{left} {y(tick):.1f}H{left + width}", "#ececec"))
        parts.append(text(left - 5, y(tick) + 4, label(tick), "end"))
    dots = "".join(f"M{x(a):.1f} {y(b):.1f}h.01" for a, b in points)
    parts.append(
        f'<path d="{dots}" stroke="{TARGET}" stroke-width="4" stroke-linecap="round" '
        'opacity=".38" fill="none"/>'
    )
    middle = _medians(points)
    if all(one[0] < other[0] for one, other in zip(middle, middle[1:], strict=False)):
        line = "L".join(f"{x(a):.1f} {y(b):.1f}" for a, b in middle)
        parts.append(path(f"M{line}", PIVOT, 1.8))
    parts.append(text(left + width, height + 26, across, "end"))
    parts.append(text(left + 4, 34, up, "start"))
    return figure(left + width + 10, height + 32, title, parts)


def _one(run: Run) -> str:
    found = run.summary
    context = found["settings"]["context"]
    counts = found["counts"]
    parts = [
        f"<h3>{escape(found['model']['name'])}: what the data supports</h3>",
        "<div class='said'><ul>",
        *(f"<li>{_marked(line)}</li>" for line in found["verdict"]),
        "</ul></div>",
        f"<p class='soft'>Counts of {escape(counts['source'])}: {counts['n_words']:,} words and "
        f"{counts['n_pairs']:,} pairs in {counts['contexts']['windows']:,} windows and "
        f"{counts['contexts']['docs']:,} documents. Figures below are of {context}.</p>",
        _contrasts(found),
        key_of({name.replace("_", " "): colour for name, colour in COLOURS.items()}),
        f"<div class='figures'>{_areas(found, context)}</div>",
        f"<div class='figures'>{_scatters(run, context)}</div>",
        _auc_table(found),
        _spearman_table(found),
        _fit_table(found),
        _coverage_table(found),
    ]
    return "".join(parts)


def _marked(line: str) -> str:
    text = escape(line)
    for word in ("not supported", "contradicted", "not measured", "supported"):
        if f": {word}" in text:
            return text.replace(f": {word}", f': <b class="{word.replace(" ", "-")}">{word}</b>', 1)
    return text


def _contrasts(found: Mapping[str, Any]) -> str:
    rows = [
        [
            escape(row["claim"]),
            interval(row),
            number(row["p_value"], 4),
            number(row["p_holm"], 4),
            standing(row),
        ]
        for row in found["contrasts"]
        if row["scope"] == "all"
    ]
    heads = ["declared contrast, mean over directions", "effect", "p", "p, Holm", "verdict"]
    return table(heads, rows)


def _areas(found: Mapping[str, Any], context: str) -> str:
    figures = []
    outcomes = dict.fromkeys(name for scope in found["auc"].values() for name in scope)
    for outcome in outcomes:
        rows = [
            forest_row(f"{scope}: {name.replace('_', ' ')}", each[name], colour)
            for scope, tree in found["auc"].items()
            for each in (tree.get(outcome, {}).get(context, {}),)
            for name, colour in COLOURS.items()
            if name in each
        ]
        if rows:
            figures.append(
                f"<figure>{forest(rows, f'AUC against {outcome}', 0.5)}<figcaption>AUC against "
                f"{escape(outcome)}; dashed: no better than a coin</figcaption></figure>"
            )
    return "".join(figures)


def _scatters(run: Run, context: str) -> str:
    points: dict[str, list[tuple[float, float]]] = {}
    for row in run.words.to_pylist():
        together, score = row[f"{context}_together"], row["score"]
        if row["left_out"] or together is None or score is None or not math.isfinite(score):
            continue
        points.setdefault(row["direction"], []).append((math.log1p(together), score))
    name = run.summary["settings"]["score"]
    return "".join(
        f"<figure>{scatter(each, way, f'ln(1 + {context} together)', name)}</figure>"
        for way, each in points.items()
    )


def _auc_table(found: Mapping[str, Any]) -> str:
    rows = []
    for scope, tree in found["auc"].items():
        for outcome, by_context in tree.items():
            for context, each in by_context.items():
                cells = [interval(each.get(name)) for name in COLOURS]
                less = [
                    interval(each.get(f"cooccurrence less {name}"))
                    for name in ("source_frequency", "target_frequency", "pmi")
                ]
                n_words = max((value["n_words"] for value in each.values()), default=0)
                rows.append([scope, escape(outcome), context, str(n_words), *cells, *less])
    heads = ["direction", "outcome", "context", "words", *(n.replace("_", " ") for n in COLOURS)]
    heads += ["less source frequency", "less target frequency", "less PMI"]
    inside = table(heads, rows, numeric_from=3)
    return f"<details><summary>All areas under the curve</summary>{inside}</details>"


def _spearman_table(found: Mapping[str, Any]) -> str:
    names = list(
        dict.fromkeys(
            name for tree in found["spearman"].values() for each in tree.values() for name in each
        )
    )
    rows = [
        [scope, context, *(interval(each.get(name)) for name in names)]
        for scope, tree in found["spearman"].items()
        for context, each in tree.items()
    ]
    inside = table(
        ["direction", "context", *(name.replace("_", " ") for name in names)], rows, numeric_from=2
    )
    return (
        "<details open=''><summary>Rank correlations with the score</summary>"
        + inside
        + "</details>"
    )


def _fit_table(found: Mapping[str, Any]) -> str:
    rows = []
    for scope, by_context in found["fit"].items():
        for context, fit in by_context.items():
            if fit.get("too_few"):
                rows.append([scope, context, str(fit["n_words"]), *["–"] * 8])
                continue
            slopes, gains = fit["slopes"], fit["gains"]
            rows.append(
                [
                    scope,
                    context,
                    str(fit["n_words"]),
                    *(interval(slopes.get(name)) for name in
                      ("source_frequency", "target_frequency", "cooccurrence", "pivot_path")),
                    number(fit["r2_new"].get("frequencies")),
                    number(fit["r2_new"].get("both")),
                    interval(gains.get("co-occurrence beyond frequencies")),
                    interval(gains.get("both beyond co-occurrence")),
                ]
            )  # fmt: skip
    heads = ["direction", "context", "words", "source frequency", "target frequency"]
    heads += ["co-occurrence", "pivot path", "R2 of new words, frequencies", "all four"]
    heads += ["gain of co-occurrence", "gain of the path beyond it"]
    inside = table(
        heads, rows, "slopes in units of the score per e-fold of counts (ln of 1 + count)", 2
    )
    return f"<details open=''><summary>Log-linear fits</summary>{inside}</details>"


def _coverage_table(found: Mapping[str, Any]) -> str:
    names = list(dict.fromkeys(name for tally in found["coverage"].values() for name in tally))
    rows = [
        [name, *(f"{tally.get(name, 0):,}" for tally in found["coverage"].values())]
        for name in names
    ]
    inside = table(["words", *found["coverage"]], rows)
    return f"<details><summary>What was analysed, left out and missing</summary>{inside}</details>"


def _medians(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    ordered = sorted(points)
    size = max(1, math.ceil(len(ordered) / N_GROUPS))
    groups = [ordered[start : start + size] for start in range(0, len(ordered), size)]
    return [(median(p[0] for p in group), median(p[1] for p in group)) for group in groups]
