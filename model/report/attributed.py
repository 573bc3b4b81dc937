"""Section on the attribution: claims, figures and tables."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from pivotmine.model.attribution.verdict import standing
from pivotmine.model.report.cells import estimate, interval, number, sentence
from pivotmine.model.results import Run
from pivotmine.show.look import charts, curves
from pivotmine.show.look.grammar import known as is_known
from pivotmine.show.look.page import figure, figures, html, joined, table

PREDICTORS = ("cooccurrence", "pivot_path", "pmi", "source_frequency", "target_frequency")
_SHARE = (0.0, 1.0)


def attribution(runs: Sequence[Run]) -> Markup:
    """What co-occurrence in the corpus predicts about each model."""
    return joined(map(_one, runs))


def _one(run: Run) -> Markup:
    found = run.summary
    context = found["settings"]["context"]
    counts = found["counts"]
    said = html(
        "<h3>{}: what the data supports</h3><div class='said'><ul>{}</ul></div>"
        "<p class='soft'>Counts of {}: {:,} words and {:,} pairs in {:,} windows and {:,} "
        "documents. Figures below are of {}.</p>",
        *(found["model"]["name"], joined(map(_marked, found["verdict"])), counts["source"]),
        *(counts["n_words"], counts["n_pairs"], counts["contexts"]["windows"]),
        *(counts["contexts"]["docs"], context),
    )
    return joined(
        [
            *(said, _contrasts(found), _areas(found, context), _scatters(run, context)),
            *(_auc_table(found), _spearman_table(found), _fit_table(found)),
            _coverage_table(found),
        ]
    )


def _marked(line: str) -> Markup:
    for word in ("not supported", "contradicted", "not measured", "supported"):
        before, found, after = line.partition(f": {word}")
        if found:
            kind = word.replace(" ", "-")
            return html('<li>{}: <b class="{}">{}</b>{}</li>', before, kind, word, after)
    return html("<li>{}</li>", line)


def _contrasts(found: Mapping[str, Any]) -> Markup:
    rows = [
        [
            row["claim"],
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


def _areas(found: Mapping[str, Any], context: str) -> Markup:
    """Areas under the curve of all predictors, a figure for each outcome."""
    parts = []
    for outcome in dict.fromkeys(name for scope in found["auc"].values() for name in scope):
        of = {scope: tree.get(outcome, {}).get(context, {}) for scope, tree in found["auc"].items()}
        rows = [
            estimate(scope, each[name], _said(name))
            for scope, each in of.items()
            for name in PREDICTORS
            if name in each
        ]
        if not rows:
            continue
        spec = charts.dots(
            rows,
            f"AUC against {outcome}",
            null=0.5,
            null_name="a coin",
            within=_SHARE,
            series=[_said(name) for name in PREDICTORS],
        )
        known = [row for row in rows if row.value is not None and is_known(row.value)]
        said = f"AUC against {outcome} was not measured."
        if known:
            best = max(known, key=lambda row: row.value or 0.0)
            said = (
                f"{best.series} separates best ({outcome}, {best.row}): "
                f"AUC {number(best.value, 2)}."
            )
        parts.append(figure(spec, sentence(said), f"AUC against {outcome}."))
    return joined(parts)


def _said(name: str) -> str:
    return name.replace("_", " ")


def _scatters(run: Run, context: str) -> Markup:
    points: dict[str, list[tuple[float, float, str]]] = {}
    for row in run.words.to_pylist():
        together, score = row[f"{context}_together"], row["score"]
        if row["left_out"] or together is None or score is None or not math.isfinite(score):
            continue
        points.setdefault(row["direction"], []).append(
            (math.log1p(together), score, row["concept"])
        )
    name = run.summary["settings"]["score"]
    return figures(
        figure(
            curves.scatter(each, name, f"ln(1 + {context} together)"),
            f"{way}: {len(each):,} words, by how often the pair meets",
            "The line joins the medians of sixths.",
            beside=True,
        )
        for way, each in points.items()
    )


def _auc_table(found: Mapping[str, Any]) -> Markup:
    rows = []
    for scope, tree in found["auc"].items():
        for outcome, by_context in tree.items():
            for context, each in by_context.items():
                cells = [interval(each.get(name), within=_SHARE) for name in PREDICTORS]
                less = [
                    interval(each.get(f"cooccurrence less {name}"))
                    for name in ("source_frequency", "target_frequency", "pmi")
                ]
                n_words = max((value["n_words"] for value in each.values()), default=0)
                rows.append([scope, outcome, context, str(n_words), *cells, *less])
    heads = ["direction", "outcome", "context", "words", *map(_said, PREDICTORS)]
    heads += ["less source frequency", "less target frequency", "less PMI"]
    return table(heads, rows, numeric_from=3, folded="All areas under the curve")


def _spearman_table(found: Mapping[str, Any]) -> Markup:
    names = list(
        dict.fromkeys(
            name for tree in found["spearman"].values() for each in tree.values() for name in each
        )
    )
    rows = [
        [scope, context, *(interval(each.get(name), within=(-1.0, 1.0)) for name in names)]
        for scope, tree in found["spearman"].items()
        for context, each in tree.items()
    ]
    heads = ["direction", "context", *map(_said, names)]
    folded = "Rank correlations with the score"
    return table(heads, rows, numeric_from=2, folded=folded, opened=True)


def _fit_table(found: Mapping[str, Any]) -> Markup:
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
    caption = "slopes in units of the score per e-fold of counts (ln of 1 + count)"
    return table(heads, rows, caption, 2, folded="Log-linear fits", opened=True)


def _coverage_table(found: Mapping[str, Any]) -> Markup:
    names = list(dict.fromkeys(name for tally in found["coverage"].values() for name in tally))
    rows = [
        [name, *(f"{tally.get(name, 0):,}" for tally in found["coverage"].values())]
        for name in names
    ]
    heads = ["words", *found["coverage"]]
    return table(heads, rows, folded="What was analysed, left out and missing")
