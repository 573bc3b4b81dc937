"""What the link stage says of its rates: figures for table `runs`, and a line for the user."""

from __future__ import annotations

import math

from pivotmine.engine.stage import Inputs
from pivotmine.numeric.q_values import Rate
from pivotmine.recipe.linking import LinkConfig
from pivotmine.stages.link.selection import Selected


def report(inputs: Inputs, selected: Selected, settings: LinkConfig) -> None:
    """Record the measured rates, all together and by language pair, and note them.

    `links_null_rate` is the number of pairs of a permutation that pass as links, as a share of the
    links; `prevails_null_rate` that of those that prevail. `_se` behind them marks the standard
    error, and `_en_fr` a language pair.
    """
    if not selected.rates:
        inputs.note(
            "no permutation was tested (link.permutations=0, or no contexts); q-values are those "
            "of Benjamini and Hochberg, and no rate of false links is measured"
        )
        return
    for name, rates in (("links", selected.rates), ("prevails", selected.prevailing_rates)):
        for pair, rate in rates.items():
            end = "" if pair[0] == "all" else f"_{pair[0]}_{pair[1]}"
            inputs.measure(f"{name}_null_rate{end}", rate.by_chance)
            if not math.isnan(rate.standard_error):
                inputs.measure(f"{name}_null_rate_se{end}", rate.standard_error)
    links = selected.rates["all", "all"]
    prevailing = selected.prevailing_rates.get(("all", "all"), Rate(0, 0.0, math.nan))
    inputs.note(
        f"at a nominal {settings.max_q_value:.2%}, chance within strata gives {_shown(links)} of "
        f"{links.n:,} links and {_shown(prevailing)} of {prevailing.n:,} that prevail "
        f"({settings.permutations} permutations; docs/links.md)"
    )


def _shown(rate: Rate) -> str:
    error = "" if math.isnan(rate.standard_error) else f" +- {rate.standard_error:.2%}"
    return f"{rate.by_chance:.2%}{error}"
