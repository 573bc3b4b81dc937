"""The verdict on a declared contrast.

A contrast is *significant* if three conditions hold: Holm's adjusted p of the paired t, over all
declared contrasts, is at most alpha; p of the exact sign-flip test, unadjusted, is at most alpha;
and the wider of the intervals by t and by bootstrap excludes zero. With so few seeds that the
sign-flip test cannot reach alpha, the verdict is *too few seeds*, however small p of t is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.model.statistics.paired import paired_t, sign_flip, two_way_bootstrap, wider
from pivotmine.numeric.bootstrap import Interval

Array = NDArray[np.float64]
Word = Literal["significant", "not significant", "too few seeds"]


class Finding(NamedTuple):
    """A contrast with its verdict and the numbers behind it."""

    verdict: Word
    interval: Interval
    """The wider of the two."""
    t: Interval
    bootstrap: Interval
    p_t: float
    p_adjusted: float
    """Holm over all contrasts."""
    p_flip: float
    smallest_p_flip: float
    by_seed: list[float]
    """Difference of each seed, mean over words."""


def findings(
    contrasts: Sequence[Array], alpha: float, n_resamples: int, seed: int
) -> list[Finding]:
    """Judge declared contrasts together; each is [seeds, words] of differences."""
    ts = [paired_t(differences.mean(axis=1)) for differences in contrasts]
    adjusted = holm([test.p_value for _, test in ts])
    found = []
    for differences, (interval, test), p_adjusted in zip(contrasts, ts, adjusted, strict=True):
        by_seed = differences.mean(axis=1)
        flip = sign_flip(by_seed)
        resampled = two_way_bootstrap(differences, n_resamples, seed)
        widest = wider(interval, resampled)
        verdict: Word = "not significant"
        if not flip.smallest <= alpha:
            verdict = "too few seeds"
        elif p_adjusted <= alpha and flip.p_value <= alpha and widest.low * widest.high > 0:
            verdict = "significant"
        found.append(
            Finding(
                verdict,
                widest,
                interval,
                resampled,
                test.p_value,
                p_adjusted,
                flip.p_value,
                flip.smallest,
                by_seed.tolist(),
            )
        )
    return found


def holm(p_values: list[float]) -> list[float]:
    """Adjusted p-values (Holm 1979), in the order given; NaN is not counted and stays NaN."""
    known = sorted((p, place) for place, p in enumerate(p_values) if not math.isnan(p))
    adjusted = [float("nan")] * len(p_values)
    highest = 0.0
    for rank, (p, place) in enumerate(known):
        highest = max(highest, min(1.0, p * (len(known) - rank)))
        adjusted[place] = highest
    return adjusted
