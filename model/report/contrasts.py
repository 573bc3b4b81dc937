"""Sections on the contrasts of a grid: conclusions, tests and statistical power."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from pivotmine.model.comparison.tables import CONDITIONAL
from pivotmine.model.report.cells import difference, estimate, interval, number
from pivotmine.model.scoring.metrics import METRICS, NAMES
from pivotmine.show.look import charts
from pivotmine.show.look.page import figure, html, joined, table

METRIC_NAMES = {metric: NAMES[metric] for metric in METRICS}
METRIC_NAMES[CONDITIONAL] = "worth of a segment's source, nats a token"


def verdict(found: Mapping[str, Any]) -> Markup:
    """The verdicts on the declared contrasts."""
    if not found["contrasts"]:
        return html("<p>No contrast was declared before training, so none is judged.</p>")
    kinds = {"significant": "supported", "not significant": "", "too few seeds": ""}
    lines = joined(
        html('<li><span class="{}">{}</span>: {}</li>', kinds[one["verdict"]], one["verdict"], said)
        for one, said in zip(found["contrasts"], found["verdict"], strict=True)
    )
    return html(
        '<div class="said"><ul>{}</ul></div>'
        "<p>Significant takes three things: the paired t over seeds after Holm's adjustment over "
        "all {} declared contrasts (&alpha; = {:g}), the exact sign-flip test, and an interval "
        "without zero. What they say holds for new seeds of this training on this data; another "
        "corpus would be another experiment.</p><p>{}</p>",
        *(lines, len(found["contrasts"]), found["alpha"], registered(found)),
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
    said = f"Metric and contrasts were registered {last['date']}, {when} ({last['key']})."
    for earlier in lines[:-1]:
        declared = earlier["declared"]
        pairs = ", ".join(difference(one["arm"], one["against"]) for one in declared["contrasts"])
        said += (
            f" They replace what was registered {earlier['date']}: {declared['metric']}, "
            f"{pairs or 'no contrasts'}."
        )
    return said


def contrasts(found: Mapping[str, Any]) -> Markup:
    """The tests of the declared contrasts, as a table and a figure."""
    rows = [
        [
            difference(one["arm"], one["against"]),
            one["verdict"],
            interval(one["interval"]),
            number(one["p_t"], 4),
            number(one["p_adjusted"], 4),
            html(
                "{} <small>&ge; {}</small>",
                number(one["p_flip"], 4),
                number(one["smallest_p_flip"], 4),
            ),
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
    numbers = table(heads, rows, caption, 2)
    if not rows:
        return numbers
    drawn = [
        estimate(difference(one["arm"], one["against"]), one["interval"])
        for one in found["contrasts"]
    ]
    axis = f"difference in {METRIC_NAMES[found['metric']]}"
    n_significant = sum(one["verdict"] == "significant" for one in found["contrasts"])
    said = f"{n_significant} of {len(rows)} declared contrasts are significant."
    return figure(charts.dots(drawn, axis, null=0.0, null_name="no effect"), said, below=numbers)


def power(found: Mapping[str, Any]) -> Markup:
    """The differences that this number of seeds can detect."""
    rows = [
        [
            difference(one["arm"], one["against"]),
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


def _reach(one: Mapping[str, Any] | None) -> Markup:
    if one is None:
        return html("– <small>second arm at chance</small>")
    if not one["n_reached"]:
        return html("never <small>0 of {} seeds</small>", one["n_seeds"])
    return html(
        "{} <small>[{}, {}] {} of {} seeds</small>",
        *(number(one[name], 2) for name in ("ratio", "low", "high")),
        *(one["n_reached"], one["n_seeds"]),
    )
