"""The registered analysis: from the collected results to the numbers of the page.

The unit of a contrast is a pair, averaged over directions. Differences are adjusted for the worth
that the same pair had after the base phase of the same seed, and judged as by `pivotmine-model
compare` (`pivotmine.model.statistics`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.gain.results import Results
from pivotmine.model.comparison.run import GUARD_RAIL, adjusted
from pivotmine.model.config.training import BASE
from pivotmine.model.statistics.paired import equivalence, paired_t, two_way_bootstrap, wider
from pivotmine.model.statistics.verdict import Finding, findings
from pivotmine.numeric.bootstrap import Interval

Array = NDArray[np.float64]

RANDOM, LINKS, ORACLE, BROKEN, REPLAY = (
    "random", "links_coverage", "oracle", "links_broken", "links_replay",
)  # fmt: skip
RIVALS = ("he2025", "entropy")
LEAST_LEAD = 0.05
"""Nats that links should gain over each rival."""
LEAST_SHARE = 0.9
"""Share of the oracle's gain that links should reach."""
SEED = 0


class Arm(NamedTuple):
    """One arm."""

    worth: Interval
    gain: Interval
    """Over random, adjusted for the base."""
    directions: dict[str, Interval]
    better: Interval
    """Share of the pairs whose own source helps more than another."""
    heldout: dict[str, Interval]
    """Relative change of the loss of held-out text against random."""
    guarded: dict[str, float]
    """p-value that the change is beyond 1 %."""


class Aim(NamedTuple):
    """Something that the experiment was to show."""

    what: str
    is_met: bool
    shown: str


class Analysis(NamedTuple):
    """All numbers of the page."""

    arms: dict[str, Arm]
    contrasts: list[tuple[str, str, Finding]]
    aims: list[Aim]


def analyse(results: Results) -> Analysis:
    """Estimates, declared contrasts, and whether the aims are met."""
    grid = results.grid
    scores = {arm: over_directions(of) for arm, of in results.worth.items()}
    before = scores[BASE]

    def difference(arm: str, against: str) -> Array:
        plain = scores[arm] - scores[against]
        return adjusted(plain, before) if grid.adjust_for_base else plain

    differences = [difference(one.arm, one.against) for one in grid.contrasts]
    judged = findings(differences, grid.alpha, grid.n_resamples, SEED)
    contrasts = [
        (one.arm, one.against, found) for one, found in zip(grid.contrasts, judged, strict=True)
    ]
    names = [arm.name for arm in grid.arms]
    arms = {name: _arm(name, results, scores, difference(name, RANDOM)) for name in names}
    return Analysis(arms, contrasts, _aims(arms, contrasts))


def over_directions(worth: dict[str, Array]) -> Array:
    """Mean over directions, [seeds, pairs]."""
    mean: Array = np.mean([values for _, values in sorted(worth.items())], axis=0)
    return mean


def estimate(values: Array) -> Interval:
    """Mean of [seeds, pairs] with the wider of the intervals by t and by bootstrap."""
    t, _ = paired_t(values.mean(axis=1))
    return wider(t, two_way_bootstrap(values, 2000, SEED))


def _arm(name: str, results: Results, scores: dict[str, Array], gain: Array) -> Arm:
    relative = {
        text: losses / results.heldout[RANDOM][text] - 1
        for text, losses in results.heldout[name].items()
    }
    better = np.mean([values > 0 for values in results.worth[name].values()], axis=0)
    return Arm(
        estimate(scores[name]),
        estimate(gain),
        {way: estimate(values) for way, values in results.worth[name].items()},
        estimate(better),
        {text: paired_t(change)[0] for text, change in relative.items()},
        {text: equivalence(change, GUARD_RAIL) for text, change in relative.items()},
    )


def _aims(arms: dict[str, Arm], contrasts: list[tuple[str, str, Finding]]) -> list[Aim]:
    of = {(arm, against): found for arm, against, found in contrasts}
    aims = []
    for rival in RIVALS:
        found = of[LINKS, rival]
        is_met = found.interval.mean >= LEAST_LEAD and found.verdict == "significant"
        what = f"links at least {LEAST_LEAD:+.2f} nats over {rival}, interval above zero"
        aims.append(Aim(what, is_met, shown(found.interval)))
    share = arms[LINKS].gain.mean / arms[ORACLE].gain.mean
    aims.append(
        Aim(
            f"at least {LEAST_SHARE:.0%} of the oracle's gain", share >= LEAST_SHARE, f"{share:.0%}"
        )
    )
    broken = arms[BROKEN].gain
    aims.append(Aim("broken links gain nothing", broken.low <= 0 <= broken.high, shown(broken)))
    p = max(arms[REPLAY].guarded.values())
    changes = ", ".join(f"{t} {c.mean:+.2%}" for t, c in arms[REPLAY].heldout.items())
    aims.append(Aim("held-out loss within 1 % with replay", p <= 0.05, f"{changes} (p {p:.3f})"))
    return aims


def shown(one: Interval) -> str:
    """A mean with its interval."""
    return f"{one.mean:+.3f} [{one.low:+.3f}, {one.high:+.3f}]"
