"""The page of a grid: conclusions, the arms side by side, their curves, and what they cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import isfinite
from typing import Any

from markupsafe import Markup

from pivotmine.model.report.cells import difference, estimate, interval, number, sentence
from pivotmine.model.report.contrasts import METRIC_NAMES, contrasts, power, verdict
from pivotmine.model.scoring.metrics import RANGE, chance
from pivotmine.show.look import charts, curves
from pivotmine.show.look.page import Section, figure, html, joined, page, table


def arms_page(found: Mapping[str, Any]) -> str:
    """The page as HTML; the same results give the same bytes."""
    sections = [
        Section("verdict", "What may be said", verdict(found)),
        Section("arms", "Arms at the end", _arms(found)),
        Section("curves", "On the way", _curves(found)),
        Section("contrasts", "Declared contrasts", contrasts(found)),
        Section("power", "What could have been seen", power(found)),
        Section("text", "Held-out text", _text(found)),
        Section("made", "What was trained, and its cost", _made(found)),
    ]
    lead = html(
        '<p class="soft">{}; {} arms, {} paired seeds, {} words of the {} split, word set {}. '
        "Intervals are 95 %: the wider of a t over seeds and a bootstrap over seeds and words.</p>",
        *(found["model"]["name"], len(found["arms"]), found["n_seeds"], found["n_words"]),
        *(found["words"]["split"], found["words"]["version"][:12]),
    )
    return page("Which data taught the model to translate", lead, sections)


def _by_arm(
    found: Mapping[str, Any], cells: Callable[[Mapping[str, Any]], Iterable[str]]
) -> list[list[str]]:
    """A row of a table for every arm."""
    return [[arm, *cells(values)] for arm, values in found["arms"].items()]


def _arms(found: Mapping[str, Any]) -> Markup:
    metric, n_candidates = found["metric"], found["n_candidates"]
    shown = [name for name in METRIC_NAMES if name in next(iter(found["arms"].values()))["metrics"]]
    rows = _by_arm(
        found,
        lambda arm: (interval(arm["metrics"][name], within=RANGE.get(name)) for name in shown),
    )
    by_chance = ", ".join(number(chance(name, n_candidates)) for name in shown)
    caption = f"Mean over words or segments, directions and seeds; by chance {by_chance}"
    heads = ["arm", *(METRIC_NAMES[name] for name in shown)]
    parts = [_ranked(found, table(heads, rows, caption))]
    directions = list(next(iter(found["arms"].values()))["directions"])
    rows = _by_arm(
        found,
        lambda arm: (
            interval(arm["directions"][way][metric], within=RANGE.get(metric)) for way in directions
        ),
    )
    parts.append(table(["arm", *directions], rows, f"{METRIC_NAMES[metric]} by direction"))

    def to_half(arm: Mapping[str, Any]) -> list[str]:
        shown = [_thousands(at) for at in arm["tokens_to_half"]]
        return [f"{len(shown) - shown.count('–')} of {found['n_seeds']}", *shown]

    rows = _by_arm(found, to_half)
    heads = ["arm", "seeds", *(f"seed {seed}" for seed in found["seeds"])]
    parts.append(table(heads, rows, "Thousand tokens until half of the words are right"))
    rows = _by_arm(found, lambda arm: map(number, arm["by_seed"]))
    parts.append(table(["arm", *heads[2:]], rows, f"{METRIC_NAMES[metric]} of every seed"))
    return joined(parts)


def _ranked(found: Mapping[str, Any], below: Markup) -> Markup:
    """The metric of every arm as a figure."""
    metric = found["metric"]
    at_end = {arm: values["metrics"][metric] for arm, values in found["arms"].items()}
    spec = charts.dots(
        [estimate(arm, value, arm) for arm, value in at_end.items()],
        METRIC_NAMES[metric],
        null=chance(metric, found["n_candidates"]),
        null_name="chance",
        within=RANGE.get(metric),
    )
    most = max(at_end, key=lambda arm: at_end[arm]["mean"])
    least = min(at_end, key=lambda arm: at_end[arm]["mean"])
    high, low = number(at_end[most]["mean"]), number(at_end[least]["mean"])
    said = sentence(f"{METRIC_NAMES[metric]}: {most} ends at {high}")
    return figure(spec, f"{said}, {least} at {low}." if most != least else f"{said}.", below=below)


def _thousands(tokens: float | None) -> str:
    return f"{tokens / 1000:,.0f}" if tokens is not None and isfinite(tokens) else "–"


def _curves(found: Mapping[str, Any]) -> Markup:
    metric, arms = found["metric"], found["arms"]
    spec = curves.lines(
        [
            curves.Line(arm, *(values["curve"][name] for name in ("mean", "low", "high")))
            for arm, values in arms.items()
        ],
        next(iter(arms.values()))["tokens"],
        METRIC_NAMES[metric],
        "tokens trained on",
        null=chance(metric, found["n_candidates"]),
        null_name="chance",
        within=RANGE.get(metric),
    )
    halves = [
        (at, arm)
        for arm, values in arms.items()
        for at in values["tokens_to_half"]
        if at is not None and isfinite(at)
    ]
    said = "No arm gets half of the words right."
    if halves:
        at, arm = min(halves)
        said = f"{arm} is the first with half of the words right, at {at:,.0f} tokens in one seed."
    return figure(spec, said, "Mean over seeds; bands are 95 % (t over seeds).")


def _text(found: Mapping[str, Any]) -> Markup:
    names = list(next(iter(found["arms"].values()))["heldout"])
    if not names:
        return html("<p>No held-out text was read.</p>")
    rows = _by_arm(found, lambda arm: (interval(arm["heldout"][name]) for name in names))
    said = "Loss of text that no arm trained on, nats a token"
    changes = [
        [
            difference(one["arm"], one["against"]),
            *(
                html(
                    "{:+.2%} <small>[{:+.2%}, {:+.2%}], p {}</small>",
                    *(value["mean"], value["low"], value["high"]),
                    number(value["p_equivalent"], 4),
                )
                for value in (one["heldout"][name] for name in names)
            ),
        ]
        for one in found["contrasts"]
    ]
    caption = "Relative change; p: that it is beyond 1 % either way (two one-sided t tests)"
    return table(["arm", *names], rows, said) + table(["contrast", *names], changes, caption)


def _made(found: Mapping[str, Any]) -> Markup:
    rows = []
    for name, phase in found["phases"].items():
        cost = found["cost"].get(name, {})
        rows.append(
            [
                name,
                ", ".join(f"{lang} {share:.1%}" for lang, share in phase["languages"].items()),
                ", ".join(f"{stream} {times:.2f}" for stream, times in phase["epochs"].items()),
                f"{phase['tokens']:,}",
                number(cost.get("loss")),
                number(cost.get("seconds"), 1),
                number(cost.get("tokens_per_second"), 0),
                " ".join(checksum[:12] for checksum in phase["shards"]),
            ]
        )
    heads = (
        "phase",
        "languages",
        "times each document is seen",
        "tokens",
        "loss at the end",
        "seconds a run",
        "tokens a second",
        "shards (BLAKE3)",
    )
    settings = [
        [name.replace("_", " "), _plain(value)]
        for name, value in sorted(found["recipe"]["training"].items())
    ]
    return table(heads, rows, numeric_from=3) + table(
        ["setting", "value"], settings, folded="Settings of training"
    )


def _plain(value: Any) -> str:
    """A setting for readers; parts of a section as `name value`."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(part)}" for name, part in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(map(_plain, value)) or "none"
    return {None: "none", True: "yes", False: "no"}.get(value, str(value))
