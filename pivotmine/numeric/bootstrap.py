"""Intervals of means, by resampling, and of shares.

Percentile intervals (Efron 1979, Bootstrap methods: another look at the jackknife). Resamples draw
the units that vary independently: words, documents or seeds, never their parts. Pairs of one word
are right or wrong together, so they are drawn together.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

LEVEL = 0.95
"""Confidence level of every interval in the project."""

Floats = NDArray[np.float64]


class Interval(NamedTuple):
    """A mean and the ends of its interval; NaN where it is not known."""

    mean: float
    low: float
    high: float

    @property
    def is_known(self) -> bool:
        """Whether the ends are known."""
        return math.isfinite(self.low) and math.isfinite(self.high)


UNKNOWN = Interval(math.nan, math.nan, math.nan)


def percentile_interval(mean: float, resampled: Floats, level: float = LEVEL) -> Interval:
    """The interval of a mean from its values in resamples.

    Parameters
    ----------
    resampled
        [n] values of the mean, in any order. NaN are left out; none at all leaves the ends unknown.
    """
    known = resampled[~np.isnan(resampled)]
    if not len(known):
        return Interval(mean, math.nan, math.nan)
    tail = round((1 - level) / 2, 12)  # .025, not the float beside it
    low, high = np.quantile(known, [tail, 1 - tail]).tolist()
    return Interval(mean, low, high)


def multinomial_draws(
    generator: np.random.Generator, n: int, n_resamples: int
) -> NDArray[np.int64]:
    """How often each of n units is drawn, n draws a resample: [n_resamples, n]."""
    return generator.multinomial(n, np.full(n, 1 / n), n_resamples)


def wilson(hits: int, total: int) -> Interval:
    """A share with its score interval (Wilson 1927); unknown where `total` is 0."""
    if not total:
        return UNKNOWN
    ends = stats.binomtest(hits, total).proportion_ci(LEVEL, "wilson")
    return Interval(hits / total, float(ends.low), float(ends.high))


class Resamples:
    """Draws of units, the same for every ratio, so that ratios of one table can be compared.

    Each unit is drawn a Poisson(1) number of times. Its draws do not depend on those of others, so
    no resample needs the whole data (Chamandy et al. 2012, Estimating uncertainty for massive data
    streams). Memory: one byte a unit and resample.

    Parameters
    ----------
    n_units
        Units are numbered 0 to n_units - 1.
    n_resamples
        How often units are drawn.
    """

    def __init__(self, n_units: int, n_resamples: int = 300, seed: int = 0) -> None:
        draws = np.random.default_rng(seed).poisson(1.0, (n_units, n_resamples))
        self._draws = draws.astype(np.uint8)

    def ratio(self, units: NDArray[np.integer], hits: Floats, totals: Floats) -> Interval:
        """Sum of hits / sum of totals over rows, each of which belongs to a unit.

        Parameters
        ----------
        units
            [n] number of each row's unit; several rows may belong to one.
        hits, totals
            [n]
        """
        if not totals.sum():
            return UNKNOWN
        present, place = np.unique(units, return_inverse=True)
        sums = np.stack([np.bincount(place, column, len(present)) for column in (hits, totals)])
        drawn = sums @ self._draws[present].astype(np.float64)
        ratios = drawn[0][drawn[1] > 0] / drawn[1][drawn[1] > 0]
        return percentile_interval(float(hits.sum() / totals.sum()), ratios)
