"""Sections on the word task: scores of every direction, and within groups of words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from pivotmine.model.report.cells import estimate, interval, number, sentence
from pivotmine.model.scoring.metrics import N_CANDIDATES, NAMES, RANGE, chance
from pivotmine.show.look import charts
from pivotmine.show.look.grammar import known as is_known
from pivotmine.show.look.page import figure, figures, html, joined, table


def scores(runs: Sequence[Mapping[str, Any]]) -> Markup:
    """Scores of every direction and model, as tables and figures."""
    parts = [
        html(
            "<p>Contrast is how much likelier the right source word makes the answer than nine "
            "wrong ones do, in nats; accuracy@1 and MRR rank the right word among ten (chance .10 "
            "and .29). Intervals are 95 %, bootstrap over words and draws of examples.</p>"
        ),
        *(_ranked(runs, name) for name in ("contrast", "accuracy_source")),
        figures(_grid(run) for run in runs),
    ]
    for run in runs:
        shown = [
            name
            for name in NAMES
            if any(name in groups["all"] for groups in run["directions"].values())
        ]
        rows = [
            [way, *(_cell(groups["all"], name) for name in shown)]
            for way, groups in run["directions"].items()
        ]
        words = run["words"]
        caption = (
            f"{run['model']['name']}: {words['n']} words of the {words['split']} split, "
            f"{run['settings']['n_draws']} draw(s) of {run['settings']['n_shots']} examples, "
            f"word set {words['version'][:12]}"
        )
        parts.append(table(["direction", *(NAMES[name] for name in shown)], rows, caption))
    return joined(parts)


def strata(runs: Sequence[Mapping[str, Any]]) -> Markup:
    """Scores by form, part of speech and frequency."""
    parts = [
        html(
            "<p>Forms: <em>copy</em>, the same string in both languages; <em>cognate</em>, alike; "
            "<em>other</em>. Frequency: terciles of the rarer of the two words.</p>"
        )
    ]
    shown = ("contrast", "accuracy_source")
    for run in runs:
        for grouping in ("form", "frequency", "pos"):
            rows = [
                [
                    *(way, group, str(found["contrast"]["n_words"])),
                    *(_cell(found, name) for name in shown),
                ]
                for way, groups in run["directions"].items()
                for group, found in groups.get(grouping, {}).items()
            ]
            heads = ["direction", grouping, "words", *(NAMES[name] for name in shown)]
            head = f"{run['model']['name']}, by {grouping}"
            opened = grouping == "form"
            parts.append(table(heads, rows, numeric_from=2, folded=head, opened=opened))
    return joined(parts)


def _cell(found: Mapping[str, Any], metric: str) -> Markup:
    return interval(found.get(metric), within=RANGE.get(metric))


def _ranked(runs: Sequence[Mapping[str, Any]], metric: str) -> Markup:
    """A metric of every direction and model as a figure."""
    found = {
        (way, run["model"]["name"]): groups["all"][metric]
        for run in runs
        for way, groups in run["directions"].items()
        if metric in groups["all"]
    }
    ways = list(dict.fromkeys(way for run in runs for way in run["directions"]))
    models = [run["model"]["name"] for run in runs]
    rows = [
        estimate(way, found[way, model], model)
        for way in ways
        for model in models
        if (way, model) in found
    ]
    level = chance(metric, runs[0]["words"].get("n_candidates", N_CANDIDATES))
    spec = charts.dots(
        rows,
        NAMES[metric],
        null=level,
        null_name="chance",
        within=RANGE.get(metric),
        series=models if len(models) > 1 else (),
    )
    above = sum(row.low is not None and row.low > level for row in rows)
    said = f"{NAMES[metric]}: {above} of {len(rows)} directions lie above chance."
    return figure(spec, sentence(said))


def _grid(run: Mapping[str, Any]) -> Markup:
    """Accuracy of every direction as a matrix: a row for each source, a column for each target."""
    found = {
        tuple(way.split("-")): groups["all"]["accuracy_source"]["mean"]
        for way, groups in run["directions"].items()
    }
    languages = list(dict.fromkeys([*(way[0] for way in found), *(way[1] for way in found)]))
    rows = [(f"from {one}", [found.get((one, other)) for other in languages]) for one in languages]
    spec = charts.matrix([f"to {other}" for other in languages], rows)
    known = {way: value for way, value in found.items() if is_known(value)}
    if not known:
        return html("")
    best, worst = max(known, key=lambda w: known[w]), min(known, key=lambda w: known[w])
    said = f"{run['model']['name']} is best from {best[0]} to {best[1]}, {number(known[best], 2)}"
    if best != worst:
        said += f", and worst from {worst[0]} to {worst[1]}, {number(known[worst], 2)}"
    return figure(spec, f"{said}.", "accuracy@1, source side", beside=True)
