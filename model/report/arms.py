"""The page of a grid: conclusions, the arms side by side, their curves, and what they cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from html import escape
from math import isfinite
from typing import Any

from pivotmine.model.report.cells import forest_row, interval, number
from pivotmine.model.report.contrasts import METRIC_NAMES, contrasts, power, verdict
from pivotmine.model.scoring.metrics import chance
from pivotmine.show.charts import Line, curves, forest, key_of
from pivotmine.show.page import page, table
from pivotmine.show.svg import CONTROL, OTHERS, PIVOT, SOURCE, TARGET

COLOURS = (SOURCE, TARGET, PIVOT, CONTROL, *OTHERS)
"""Colours of arms in their order; they repeat from the tenth arm on."""


def arms_page(found: Mapping[str, Any]) -> str:
    """The page as HTML; the same results give the same bytes."""
    sections = [
        ("verdict", "What may be said", verdict(found)),
        ("arms", "Arms at the end", _arms(found)),
        ("curves", "On the way", _curves(found)),
        ("contrasts", "Declared contrasts", contrasts(found)),
        ("power", "What could have been seen", power(found)),
        ("text", "Held-out text", _text(found)),
        ("made", "What was trained, and its cost", _made(found)),
    ]
    lead = (
        f'<p class="soft">{escape(found["model"]["name"])}; {len(found["arms"])} arms, '
        f"{found['n_seeds']} paired seeds, {found['n_words']} words of the "
        f"{escape(found['words']['split'])} split, word set {found['words']['version'][:12]}. "
        "Intervals are 95 %: the wider of a t over seeds and a bootstrap over seeds and words.</p>"
    )
    return page("Which data taught the model to translate", lead, sections)


def _colours(found: Mapping[str, Any]) -> dict[str, str]:
    return {arm: COLOURS[place % len(COLOURS)] for place, arm in enumerate(found["arms"])}


def _by_arm(
    found: Mapping[str, Any], cells: Callable[[Mapping[str, Any]], Iterable[str]]
) -> list[list[str]]:
    """A row of a table for every arm."""
    return [[escape(arm), *cells(values)] for arm, values in found["arms"].items()]


def _arms(found: Mapping[str, Any]) -> str:
    colours = _colours(found)
    shown = [name for name in METRIC_NAMES if name in next(iter(found["arms"].values()))["metrics"]]
    rows = _by_arm(found, lambda arm: (interval(arm["metrics"][name]) for name in shown))
    by_chance = ", ".join(number(chance(name, found["n_candidates"])) for name in shown)
    caption = f"Mean over words or segments, directions and seeds; by chance {by_chance}"
    parts = [table(["arm", *(METRIC_NAMES[name] for name in shown)], rows, caption)]
    metric = found["metric"]
    drawn = [
        forest_row(arm, values["metrics"][metric], colours[arm])
        for arm, values in found["arms"].items()
    ]
    level = chance(metric, found["n_candidates"])
    parts.append(f"<figure>{forest(drawn, METRIC_NAMES[metric], level)}</figure>")
    directions = list(next(iter(found["arms"].values()))["directions"])
    rows = _by_arm(
        found, lambda arm: (interval(arm["directions"][way][metric]) for way in directions)
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
    return "".join(parts)


def _thousands(tokens: float | None) -> str:
    return f"{tokens / 1000:,.0f}" if tokens is not None and isfinite(tokens) else "–"


def _curves(found: Mapping[str, Any]) -> str:
    colours = _colours(found)
    lines = [
        Line(arm, colours[arm], *(values["curve"][name] for name in ("mean", "low", "high")))
        for arm, values in found["arms"].items()
    ]
    at = next(iter(found["arms"].values()))["tokens"]
    metric = found["metric"]
    level = chance(metric, found["n_candidates"])
    figure = curves(lines, at, METRIC_NAMES[metric], "tokens trained on", level)
    return (
        f"{key_of(colours)}<figure>{figure}<figcaption>Mean over seeds; bands are 95 % (t over "
        "seeds); dashed: chance</figcaption></figure>"
    )


def _text(found: Mapping[str, Any]) -> str:
    names = list(next(iter(found["arms"].values()))["heldout"])
    if not names:
        return "<p>No held-out text was read.</p>"
    rows = _by_arm(found, lambda arm: (interval(arm["heldout"][name]) for name in names))
    parts = [table(["arm", *names], rows, "Loss of text that no arm trained on, nats a token")]
    rows = [
        [
            f"{escape(one['arm'])} &minus; {escape(one['against'])}",
            *(
                f"{value['mean']:+.2%} <small>[{value['low']:+.2%}, {value['high']:+.2%}], "
                f"p {number(value['p_equivalent'], 4)}</small>"
                for value in (one["heldout"][name] for name in names)
            ),
        ]
        for one in found["contrasts"]
    ]
    caption = "Relative change; p: that it is beyond 1 % either way (two one-sided t tests)"
    parts.append(table(["contrast", *names], rows, caption))
    return "".join(parts)


def _made(found: Mapping[str, Any]) -> str:
    rows = []
    for name, phase in found["phases"].items():
        cost = found["cost"].get(name, {})
        shares = ", ".join(f"{lang} {share:.1%}" for lang, share in phase["languages"].items())
        seen = ", ".join(f"{stream} {times:.2f}" for stream, times in phase["epochs"].items())
        rows.append(
            [
                escape(name),
                escape(shares),
                escape(seen),
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
    training = found["recipe"]["training"]
    settings = ", ".join(f"{name} {value}" for name, value in sorted(training.items()))
    return table(heads, rows, numeric_from=3) + f"<p class='soft'>{escape(settings)}</p>"
