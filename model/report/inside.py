"""Sections on a model's layers: what they hold, behaviours, and the cost of ablation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from pivotmine.model.lens.figures import heat_map, panels, trajectories
from pivotmine.model.report.cells import estimate, interval
from pivotmine.show.look import charts
from pivotmine.show.look.page import figure, figures, html, joined, table

_BEHAVIOURS = ("pivot", "direct", "none")
_SHARE = (0.0, 1.0)
_MINED = {
    "mass_mined": "mined pivots",
    "mined_above_controls": "mined above controls",
    "mined_new_above_controls": "mined and none of the concept's words, above controls",
}


def layers(runs: Sequence[Mapping[str, Any]]) -> Markup:
    """Trajectories and heat maps by lens, and the pivot's mass at the pivot layers."""
    parts = [
        html(
            "<p>Mean probability of the concept's word in each language, read from every layer at "
            "the position of the answer; bands are 95 % over words. Shaded: the pivot layers, "
            "chosen on dev words. Controls are words of other concepts, matched in frequency. "
            "Below each chart, the same probabilities as colours, so that small ones show.</p>"
        )
    ]
    for run in runs:
        for lens in ("logit", run["corrected_lens"]):
            shown = panels(run["directions"], lens)
            drawn = [
                figure(spec, panel.finding, beside=True)
                + figure(heat_map(panel), f"{panel.title} by order of magnitude", beside=True)
                for spec, panel in zip(trajectories(shown), shown, strict=True)
            ]
            parts.append(html("<h3>{}, {} lens</h3>", run["model"]["name"], lens))
            parts.append(figures(html("<div>{}</div>", each) for each in drawn))
            parts.append(_mass_table(run["directions"], lens))
    return joined(parts)


def behaviours(runs: Sequence[Mapping[str, Any]]) -> Markup:
    """How many words go over a pivot by the sound rule, and how reliable every rule is."""
    parts = [
        html(
            "<p>By the sound rule a word goes over a <em>pivot</em> if the pivot word shows above "
            "nearly all controls for two layers before the target leads; it is <em>direct</em> if "
            "the target shows without that; else <em>none</em>.</p>"
        )
    ]
    for run in runs:
        found = run["directions"]
        counts = {way: each["behaviours"]["sound"]["counts"] for way, each in found.items()}
        rules = list(next(iter(found.values()))["behaviours"])
        rows = [
            [
                way,
                *(interval(each["behaviours"][rule]["pivot"], 2, _SHARE) for rule in rules),
                interval(each["false_pivots"].get("sound"), 3, _SHARE),
            ]
            for way, each in found.items()
        ]
        heads = ["direction", *(rule.replace("_", " ") for rule in rules)]
        heads.append("controls that pass, sound")
        numbers = table(heads, rows, "Share of pivot words, rule by rule")
        spec = charts.stacked(list(counts.items()), "words", parts=_BEHAVIOURS, percent=False)
        n_words = sum(sum(each.values()) for each in counts.values()) or 1
        share = sum(each.get("pivot", 0) for each in counts.values()) / n_words
        said = f"{run['model']['name']}: {share:.0%} of {n_words:,} words go over a pivot."
        parts.append(figure(spec, said, "By the sound rule.", numbers))
        if agreement := run.get("agreement"):
            kappas = [
                [reader, other, str(of["kappa"]["n_words"]), interval(of["kappa"], 2, (-1.0, 1.0))]
                for reader, others in agreement.items()
                for other, of in others.items()
            ]
            heads = ["reader", "rule or reader", "traces", "kappa, pivot or not"]
            parts.append(table(heads, kappas, numeric_from=2))
    return joined(parts)


def causal(runs: Sequence[Mapping[str, Any]]) -> Markup:
    """The loss from removing the pivot's direction, beside pushes of the same size elsewhere."""
    parts = [
        html(
            "<p>The pivot word's direction is set to its mean at the pivot layers; the drop of the "
            "target's log-probability, in nats, less that of an equal push along the word of "
            "another concept (matched) or one near in meaning. Above zero: the answer depends on "
            "the pivot.</p>"
        )
    ]
    kinds = ("pivot", "matched", "near", "pivot_beyond_matched", "pivot_beyond_near")
    for run in runs:
        tested = {
            way: found["ablation"]
            for way, found in run["directions"].items()
            if found.get("ablation")
        }
        if not tested:
            continue
        rows = [
            [way, group, *(interval(found[group].get(kind), 2) for kind in kinds)]
            for way, found in tested.items()
            for group in ("all", "pivot", "direct", "none")
            if group in found
        ]
        heads = ["direction", "words", "pivot", "matched", "near", "less matched", "less near"]
        drawn = [
            estimate(way, found[group]["pivot_beyond_matched"], f"{group} words")
            for way, found in tested.items()
            for group in ("all", "pivot", "direct")
        ]
        spec = charts.dots(drawn, "drop beyond matched pushes, nats", null=0.0, null_name="none")
        ends = [found["all"]["pivot_beyond_matched"]["low"] for found in tested.values()]
        n_above = sum(end is not None and end > 0 for end in ends)
        said = (
            f"{run['model']['name']}: the answer depends on the pivot in {n_above} of "
            f"{len(tested)} directions."
        )
        parts.append(figure(spec, said, below=table(heads, rows, numeric_from=2)))
    return joined(parts)


def _mass_table(directions: Mapping[str, Any], lens: str) -> Markup:
    found = {name: each for name, each in directions.items() if lens in each}
    mined = {
        name: head
        for name, head in _MINED.items()
        if any(name in each[lens] for each in found.values())
    }
    columns = ("mass_pivot", "above_controls", "above_near", *mined)
    rows = [
        [
            html("{}&nbsp;over&nbsp;{}", name, each["pivot"]),
            str(each["n_words"]),
            _span(each[lens]["pivot_layers"]),
            *(interval(each[lens].get(column)) for column in columns),
        ]
        for name, each in found.items()
    ]
    heads = ["direction", "words", "pivot layers", "pivot word", "above controls"]
    heads += ["above words near in meaning", *mined.values()]
    return table(heads, rows, "probability at the pivot layers, mean of words")


def _span(chosen: Sequence[int]) -> str:
    return f"{chosen[0]}–{chosen[-1]}" if chosen else "none"
