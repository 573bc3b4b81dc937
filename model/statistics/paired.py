"""A difference between two arms, measured with paired seeds on the same words.

Three views of one table of differences, [seeds, words]:

* a paired t over seeds: does the mean over these words differ from zero in new seeds?
* an exact sign-flip test over seeds: the same question without an assumed distribution. With S
  seeds its smallest two-sided p is 2 / 2^S (.25 with three, .0625 with five, .03125 with six);
* a two-way bootstrap over seeds and words: how far could the mean lie with other seeds and other
  words? With few seeds it is too narrow, so the wider one of its interval and that of t is
  reported.
"""

from __future__ import annotations

from math import nan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from pivotmine.numeric.bootstrap import LEVEL, Interval, multinomial_draws, percentile_interval

Array = NDArray[np.float64]

MOST_EXACT = 20
"""Seeds up to which all sign patterns are tried (a million)."""
_FLIPS = 100_000
_BATCH = 10_000


class Test(NamedTuple):
    """A two-sided test that a mean is zero."""

    p_value: float
    smallest: float
    """The smallest p that this test can give with so many seeds."""


def paired_t(differences: Array, level: float = LEVEL) -> tuple[Interval, Test]:
    """Student's t on one difference a seed, [seeds]; NaN with fewer than two seeds."""
    mean = float(differences.mean()) if len(differences) else nan
    if len(differences) < 2:
        return Interval(mean, nan, nan), Test(nan, nan)
    if not differences.std():
        return Interval(mean, mean, mean), Test(0.0 if mean else 1.0, 0.0)
    found = stats.ttest_1samp(differences, 0.0)
    ends = found.confidence_interval(level)
    return Interval(mean, float(ends.low), float(ends.high)), Test(float(found.pvalue), 0.0)


def sign_flip(differences: Array, seed: int = 0) -> Test:
    """Randomisation test over the signs of one difference a seed, [seeds].

    Exact up to `MOST_EXACT` seeds: the share of all sign patterns whose sum is at least as far from
    zero. Beyond, 100,000 random patterns with one added to both counts.
    """
    n = len(differences)
    if n < 2:
        return Test(1.0, 1.0) if n else Test(nan, nan)
    size = float(np.abs(differences).sum()) or 1.0

    def share(flipped: Array, axis: int) -> Array:
        # Sums of the same numbers in another order differ by rounding, which must not break ties.
        shares: Array = np.round(flipped.sum(axis=axis) / size, 12)
        return shares

    is_exact = n <= MOST_EXACT
    found = stats.permutation_test(
        (differences,),
        share,
        permutation_type="samples",
        n_resamples=np.inf if is_exact else _FLIPS,
        batch=_BATCH,
        random_state=np.random.default_rng(seed),
    )
    return Test(float(found.pvalue), 2.0 / 2**n if is_exact else 2 / (_FLIPS + 1))


def two_way_bootstrap(
    differences: Array, n_resamples: int, seed: int, level: float = LEVEL
) -> Interval:
    """Percentile interval of the mean with both seeds and words resampled, [seeds, words].

    The two are crossed, so they are drawn independently of each other (Owen 2007, The pigeonhole
    bootstrap). Memory: 8 bytes a word and resample.
    """
    n_seeds, n_words = differences.shape
    generator = np.random.default_rng(seed)
    by_seed = multinomial_draws(generator, n_seeds, n_resamples) / n_seeds
    by_word = multinomial_draws(generator, n_words, n_resamples) / n_words
    means = np.einsum("rw,rw->r", by_seed @ differences, by_word)
    return percentile_interval(float(differences.mean()), means, level)


def wider(one: Interval, other: Interval) -> Interval:
    """The longer of two intervals of the same mean; the other one where one has no ends."""
    if not one.is_known:
        return other
    if not other.is_known:
        return one
    return one if one.high - one.low >= other.high - other.low else other


def equivalence(differences: Array, margin: float) -> float:
    """p-value that the mean difference over seeds is not within +-margin (two one-sided t tests).

    A small one says that the arms are the same up to the margin (Schuirmann 1987).
    """
    n = len(differences)
    if n < 2:
        return nan
    error = float(differences.std(ddof=1) / np.sqrt(n))
    mean = float(differences.mean())
    if error == 0.0:
        return 0.0 if abs(mean) < margin else 1.0
    below = stats.t.sf((mean + margin) / error, n - 1)
    above = stats.t.cdf((mean - margin) / error, n - 1)
    return float(max(below, above))
