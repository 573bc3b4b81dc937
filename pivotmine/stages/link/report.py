"""What the link stage says of its rates: figures for table `runs`, and a line for the user."""

from __future__ import annotations

import math
from collections.abc import Mapping

from pivotmine.engine.stage import Inputs
from pivotmine.numeric.q_values import Rate
from pivotmine.recipe.linking import LinkConfig

Rates = Mapping[tuple[str, str], Rate]
"""By language pair, and all together as (`all`, `all`)."""


def report(inputs: Inputs, links: Rates, prevailing: Rates, settings: LinkConfig) -> None:
    """Record the measured rates, all together and by language pair, and note them.

    `links_null_rate` is the number of pairs of a permutation that pass as links, as a share of the
    links; `prevails_null_rate` that of those that prevail. `_se` behind them marks the standard
    error, and `_en_fr` a language pair.
    """
    if not links:
        inputs.note(
            "no permutation was tested (link.permutations=0, or no contexts); q-values are those "
            "of Benjamini and Hochberg, and no rate of false links is measured"
        )
        return
    for name, rates in (("links", links), ("prevails", prevailing)):
        for pair, rate in rates.items():
            end = "" if pair[0] == "all" else f"_{pair[0]}_{pair[1]}"
            inputs.measure(f"{name}_null_rate{end}", rate.by_chance)
            if not math.isnan(rate.standard_error):
                inputs.measure(f"{name}_null_rate_se{end}", rate.standard_error)
    of_links = links["all", "all"]
    of_winners = prevailing.get(("all", "all"), Rate(0, 0.0, math.nan))
    inputs.note(
        f"at a nominal {settings.max_q_value:.2%}, chance within strata gives "
        f"{_shown(of_links)} of {of_links.n:,} links "
        f"and {_shown(of_winners)} of {of_winners.n:,} that prevail "
        f"({settings.permutations} permutations; docs/links.md)"
    )


def _shown(rate: Rate) -> str:
    error = "" if math.isnan(rate.standard_error) else f" +- {rate.standard_error:.2%}"
    return f"{rate.by_chance:.2%}{error}"
