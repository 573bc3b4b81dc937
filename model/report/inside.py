"""Sections on a model's layers: what they hold, behaviours, and the cost of ablation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from pivotmine.model.lens.figures import ROLES, heat, heat_map, panels, trajectories
from pivotmine.model.report.cells import forest_row, interval
from pivotmine.show.charts import forest, key_of, shares
from pivotmine.show.page import table
from pivotmine.show.svg import OTHERS, PIVOT, TARGET

_BEHAVIOURS = {"pivot": PIVOT, "direct": TARGET, "none": "#c9c9c9"}
_MINED = {
    "mass_mined": "mined pivots",
    "mined_above_controls": "mined above controls",
    "mined_new_above_controls": "mined and none of the concept's words, above controls",
}


def layers(runs: Sequence[Mapping[str, Any]]) -> str:
    """Trajectories and heat maps by lens, and the pivot's mass at the pivot layers."""
    names = {"controls" if name == "control" else name: colour for name, colour in ROLES.items()}
    shades = {f"{p:g}": heat(p) for p in (1e-4, 1e-3, 1e-2, 0.1, 1.0)}
    parts = [
        "<p>Mean probability of the concept's word in each language, read from every layer at the "
        "position of the answer; bands are 95 % over words. Grey ground: the pivot layers, chosen "
        "on dev words. Controls are words of other concepts, matched in frequency.</p>",
        key_of({**names, "third language": OTHERS[0]}),
        f"<p class='soft'>Heat maps: {key_of(shades)}</p>".replace("div", "span"),
    ]
    for run in runs:
        for lens in ("logit", run["corrected_lens"]):
            drawn = panels(run["directions"], lens)
            maps = "".join(f"<figure>{heat_map(panel)}</figure>" for panel in drawn)
            lines = "".join(f"<figure>{each}</figure>" for each in trajectories(drawn))
            parts.append(
                f"<h3>{escape(run['model']['name'])}, {escape(lens)} lens</h3>"
                f"<div class='figures'>{lines}</div><div class='figures'>{maps}</div>"
                f"{_mass_table(run['directions'], lens)}"
            )
    return "".join(parts)


def behaviours(runs: Sequence[Mapping[str, Any]]) -> str:
    """How many words go over a pivot by the sound rule, and how reliable every rule is."""
    parts = [
        "<p>By the sound rule a word goes over a <em>pivot</em> if the pivot word shows above "
        "nearly all controls for two layers before the target leads; it is <em>direct</em> if the "
        "target shows without that; else <em>none</em>.</p>",
        key_of(_BEHAVIOURS),
    ]
    for run in runs:
        counts = {
            way: found["behaviours"]["sound"]["counts"] for way, found in run["directions"].items()
        }
        bars = [
            (way, [(name, each.get(name, 0)) for name in _BEHAVIOURS])
            for way, each in counts.items()
        ]
        rules = list(next(iter(run["directions"].values()))["behaviours"])
        rows = [
            [escape(way), *(interval(found["behaviours"][rule]["pivot"], 2) for rule in rules),
             interval(found["false_pivots"].get("sound"), 3)]
            for way, found in run["directions"].items()
        ]  # fmt: skip
        heads = ["direction", *(rule.replace("_", " ") for rule in rules)]
        parts.append(
            f"<h3>{escape(run['model']['name'])}</h3>"
            f"<figure>{shares(bars, 'behaviours', _BEHAVIOURS)}</figure>"
            + table(
                [*heads, "controls that pass, sound"], rows, "share of pivot words, rule by rule"
            )
        )
        if agreement := run.get("agreement"):
            kappas = [
                [escape(reader), escape(other), str(found["kappa"]["n_words"]),
                 interval(found["kappa"], 2)]
                for reader, others in agreement.items()
                for other, found in others.items()
            ]  # fmt: skip
            heads = ["reader", "rule or reader", "traces", "kappa, pivot or not"]
            parts.append(table(heads, kappas, numeric_from=2))
    return "".join(parts)


def causal(runs: Sequence[Mapping[str, Any]]) -> str:
    """The loss from removing the pivot's direction, beside pushes of the same size elsewhere."""
    parts = [
        "<p>The pivot word's direction is set to its mean at the pivot layers; the drop of the "
        "target's log-probability, in nats, less that of an equal push along the word of another "
        "concept (matched) or one near in meaning. Above zero: the answer depends on the pivot.</p>"
    ]
    kinds = ("pivot", "matched", "near", "pivot_beyond_matched", "pivot_beyond_near")
    for run in runs:
        tested = {way: found["ablation"] for way, found in run["directions"].items()
                  if found.get("ablation")}  # fmt: skip
        if not tested:
            continue
        rows = [
            [escape(way), escape(group), *(interval(found[group].get(kind), 2) for kind in kinds)]
            for way, found in tested.items()
            for group in ("all", "pivot", "direct", "none")
            if group in found
        ]
        drawn = [
            forest_row(f"{way}, {group} words", found[group]["pivot_beyond_matched"], colour)
            for way, found in tested.items()
            for group, colour in (("all", "#333333"), ("pivot", PIVOT), ("direct", TARGET))
        ]
        plot = forest(drawn, "drop beyond matched pushes, nats", 0.0)
        heads = ["direction", "words", "pivot", "matched", "near", "less matched", "less near"]
        parts.append(
            f"<h3>{escape(run['model']['name'])}</h3><figure>{plot}<figcaption>drop beyond matched "
            f"pushes, nats</figcaption></figure>{table(heads, rows, numeric_from=2)}"
        )
    return "".join(parts)


def _mass_table(directions: Mapping[str, Any], lens: str) -> str:
    found = {name: each for name, each in directions.items() if lens in each}
    mined = {
        name: head
        for name, head in _MINED.items()
        if any(name in each[lens] for each in found.values())
    }
    columns = ("mass_pivot", "above_controls", "above_near", *mined)
    rows = [
        [
            f"{escape(name)}&nbsp;over&nbsp;{escape(each['pivot'])}",
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
