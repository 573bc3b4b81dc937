"""Sections on the word task: scores of every direction, and within groups of words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from pivotmine.model.report.cells import forest_row, interval
from pivotmine.model.scoring.metrics import N_CANDIDATES, NAMES, chance
from pivotmine.show.charts import forest, key_of, matrix
from pivotmine.show.page import table
from pivotmine.show.svg import OTHERS, PIVOT, TARGET

MODELS = (TARGET, PIVOT, *OTHERS)
"""Colours of models."""


def scores(runs: Sequence[Mapping[str, Any]]) -> str:
    """Scores of every direction and model, as tables and figures."""
    parts = [
        "<p>Contrast is how much likelier the right source word makes the answer than nine wrong "
        "ones do, in nats; accuracy@1 and MRR rank the right word among ten (chance .10 and .29). "
        "Intervals are 95 %, bootstrap over words and draws of examples.</p>"
    ]
    grids = "".join(_grid(run) for run in runs)
    parts.append(f"<div class='figures'>{grids}</div>")
    colours = {run["model"]["name"]: MODELS[n % len(MODELS)] for n, run in enumerate(runs)}
    for run in runs:
        shown = [
            name
            for name in NAMES
            if any(name in groups["all"] for groups in run["directions"].values())
        ]
        rows = [
            [escape(way), *(interval(groups["all"].get(name)) for name in shown)]
            for way, groups in run["directions"].items()
        ]
        words = run["words"]
        caption = (
            f"{run['model']['name']}: {words['n']} words of the {words['split']} split, "
            f"{run['settings']['n_draws']} draw(s) of {run['settings']['n_shots']} examples, "
            f"word set {words['version'][:12]}"
        )
        parts.append(table(["direction", *(NAMES[name] for name in shown)], rows, caption))
    figures = "".join(_forest(runs, name, colours) for name in ("contrast", "accuracy_source"))
    parts.append(f"{key_of(colours)}<div class='figures'>{figures}</div>")
    return "".join(parts)


def strata(runs: Sequence[Mapping[str, Any]]) -> str:
    """Scores by form, part of speech and frequency."""
    parts = [
        "<p>Forms: <em>copy</em>, the same string in both languages; <em>cognate</em>, alike; "
        "<em>other</em>. Frequency: terciles of the rarer of the two words.</p>"
    ]
    for run in runs:
        for grouping in ("form", "frequency", "pos"):
            rows = [
                [
                    escape(way),
                    escape(group),
                    str(found["contrast"]["n_words"]),
                    *(interval(found.get(name)) for name in ("contrast", "accuracy_source")),
                ]
                for way, groups in run["directions"].items()
                for group, found in groups.get(grouping, {}).items()
            ]
            inside = table(
                ["direction", grouping, "words", NAMES["contrast"], NAMES["accuracy_source"]],
                rows,
                numeric_from=2,
            )
            opened = " open=''" if grouping == "form" else ""
            head = f"{escape(run['model']['name'])}, by {grouping}"
            parts.append(f"<details{opened}><summary>{head}</summary>{inside}</details>")
    return "".join(parts)


def _forest(runs: Sequence[Mapping[str, Any]], metric: str, colours: Mapping[str, str]) -> str:
    """A metric of every direction and model as a figure."""
    rows = []
    level = chance(metric, runs[0]["words"].get("n_candidates", N_CANDIDATES))
    for way in dict.fromkeys(way for run in runs for way in run["directions"]):
        for run in runs:
            model, found = run["model"]["name"], run["directions"].get(way, {"all": {}})["all"]
            if metric in found:
                rows.append(forest_row(f"{way} {model}", found[metric], colours[model]))
    return (
        f"<figure>{forest(rows, NAMES[metric], level)}"
        f"<figcaption>{NAMES[metric]}; dashed: chance</figcaption></figure>"
    )


def _grid(run: Mapping[str, Any]) -> str:
    """Accuracy of every direction as a matrix: a row for each source, a column for each target."""
    found = {
        tuple(way.split("-")): groups["all"]["accuracy_source"]["mean"]
        for way, groups in run["directions"].items()
    }
    languages = list(dict.fromkeys([*(way[0] for way in found), *(way[1] for way in found)]))
    rows = [(f"from {one}", [found.get((one, other)) for other in languages]) for one in languages]
    said = f"{run['model']['name']}: accuracy@1, source side"
    drawn = matrix([f"to {other}" for other in languages], rows, said)
    return f"<figure>{drawn}<figcaption>{escape(said)}</figcaption></figure>"
