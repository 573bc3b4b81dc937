"""Sections on the contrasts of a grid: conclusions, tests and statistical power."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from pivotmine.model.comparison.tables import CONDITIONAL
from pivotmine.model.report.cells import forest_row, interval, number
from pivotmine.model.scoring.metrics import METRICS, NAMES
from pivotmine.show.charts import forest
from pivotmine.show.page import table
from pivotmine.show.svg import TARGET

METRIC_NAMES = {metric: NAMES[metric] for metric in METRICS}
METRIC_NAMES[CONDITIONAL] = "worth of a segment's source, nats a token"


def verdict(found: Mapping[str, Any]) -> str:
    """The verdicts on the declared contrasts."""
    if not found["contrasts"]:
        return "<p>No contrast was declared before training, so none is judged.</p>"
    kinds = {"significant": "supported", "not significant": "", "too few seeds": ""}
    lines = "".join(
        f'<li><span class="{kinds[one["verdict"]]}">{escape(one["verdict"])}</span>: '
        f"{escape(said)}</li>"
        for one, said in zip(found["contrasts"], found["verdict"], strict=True)
    )
    return (
        f'<div class="said"><ul>{lines}</ul></div>'
        "<p>Significant takes three things: the paired t over seeds after Holm's adjustment over "
        f"all {len(found['contrasts'])} declared contrasts (&alpha; = {found['alpha']:g}), the "
        "exact sign-flip test, and an interval without zero. What they say holds for new seeds of "
        "this training on this data; another corpus would be another experiment.</p>"
        f"<p>{registered(found)}</p>"
    )


def registered(found: Mapping[str, Any]) -> str:
    """When the contrasts were declared, and what had been declared before."""
    lines = found["registered"]
    if not lines:
        return (
            "When these contrasts were declared is not recorded in the grid's folder, so they may "
            "have been chosen after the results were known."
        )
    last = lines[-1]
    when = (
        f"when {last['n_finished']} runs of arms were finished"
        if last["n_finished"]
        else "before the first run of an arm was finished"
    )
    said = f"Metric and contrasts were registered {escape(last['date'])}, {when} ({last['key']})."
    for earlier in lines[:-1]:
        declared = earlier["declared"]
        pairs = ", ".join(f"{one['arm']} − {one['against']}" for one in declared["contrasts"])
        said += (
            f" They replace what was registered {escape(earlier['date'])}: "
            f"{escape(declared['metric'])}, {escape(pairs) or 'no contrasts'}."
        )
    return said


def contrasts(found: Mapping[str, Any]) -> str:
    """The tests of the declared contrasts, as a table and a figure."""
    rows = [
        [
            f"{escape(one['arm'])} &minus; {escape(one['against'])}",
            escape(one["verdict"]),
            interval(one["interval"]),
            number(one["p_t"], 4),
            number(one["p_adjusted"], 4),
            f"{number(one['p_flip'], 4)} <small>&ge; {number(one['smallest_p_flip'], 4)}</small>",
            interval(one["accuracy"]),
            _reach(one["reach"]),
        ]
        for one in found["contrasts"]
    ]
    heads = (
        "contrast",
        "verdict",
        METRIC_NAMES[found["metric"]],
        "p, t",
        "p, Holm",
        "p, sign-flip",
        "accuracy@1",
        "tokens: times fewer",
    )
    caption = (
        "Tokens: how many times fewer the first arm needs to be where the second one ends, "
        "geometric mean over the seeds that get there [smallest, largest]. Sign-flip: with its "
        "smallest possible p"
    )
    drawn = [
        forest_row(f"{one['arm']} − {one['against']}", one["interval"], TARGET)
        for one in found["contrasts"]
    ]
    figure = forest(drawn, f"difference in {METRIC_NAMES[found['metric']]}", 0.0)
    return table(heads, rows, caption, 2) + f"<figure>{figure}</figure>"


def power(found: Mapping[str, Any]) -> str:
    """The differences that this number of seeds can detect."""
    rows = [
        [
            f"{escape(one['arm'])} &minus; {escape(one['against'])}",
            *(number(one["spread"][name]) for name in ("seed", "word", "rest")),
            number(one["detectable"]),
            number(one["interval"]["mean"]),
        ]
        for one in found["contrasts"]
    ]
    heads = (
        "contrast",
        "s seeds",
        "s words",
        "s rest",
        f"found 4 times in 5 with {found['n_seeds']} seeds",
        "found here",
    )
    caption = (
        "Standard deviations of a difference by what varies (two-way random effects), and what "
        "follows for a paired t at Holm's hardest step. From the same runs, so a guide for the "
        "next experiment and no second opinion on this one"
    )
    return table(heads, rows, caption)


def _reach(one: Mapping[str, Any] | None) -> str:
    if one is None:
        return "– <small>second arm at chance</small>"
    if not one["n_reached"]:
        return f"never <small>0 of {one['n_seeds']} seeds</small>"
    return (
        f"{number(one['ratio'], 2)} <small>[{number(one['low'], 2)}, {number(one['high'], 2)}] "
        f"{one['n_reached']} of {one['n_seeds']} seeds</small>"
    )
