"""A difference between two arms, measured with paired seeds on the same words.

Three views of one table of differences, [seeds, words]:

* a paired t over seeds: is the mean over the words at hand above nothing in new seeds?
* an exact sign-flip test over seeds: the same without assuming a shape; with S seeds its smallest
  two-sided p is 2 / 2^S (.25 with three, .0625 with five, .03125 with six), which is stated;
* a two-way bootstrap over seeds and words: how far the mean could be with other seeds and other
  words. With few seeds it is too narrow, so the interval that is reported is the wider of this one
  and t's.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]

MOST_EXACT = 20
"""Seeds up to which all sign patterns are tried (a million)."""
_FLIPS = 100_000


class Test(NamedTuple):
    """A two-sided test that a mean is zero."""

    p_value: float
    smallest: float
    """The smallest p that this test can give with so many seeds."""


class Interval(NamedTuple):
    """A mean and where it may lie."""

    mean: float
    low: float
    high: float


def paired_t(differences: Array, level: float = 0.95) -> tuple[Interval, Test]:
    """Student's t on one difference a seed, [seeds]; NaN with fewer than two seeds."""
    n = len(differences)
    mean = float(differences.mean()) if n else float("nan")
    if n < 2:
        nan = float("nan")
        return Interval(mean, nan, nan), Test(nan, nan)
    error = float(differences.std(ddof=1) / np.sqrt(n))
    half = float(stats.t.ppf((1 + level) / 2, n - 1)) * error
    if error == 0.0:
        p_value = 1.0 if mean == 0.0 else 0.0
    else:
        p_value = float(2 * stats.t.sf(abs(mean / error), n - 1))
    return Interval(mean, mean - half, mean + half), Test(p_value, 0.0)


def sign_flip(differences: Array, seed: int = 0) -> Test:
    """Randomisation test over the signs of one difference a seed, [seeds].

    Exact up to `MOST_EXACT` seeds: the share of all sign patterns whose sum is at least as far from
    zero. Beyond, 100,000 random patterns with one added to both counts.
    """
    n = len(differences)
    if n == 0:
        return Test(float("nan"), float("nan"))
    observed = abs(float(differences.sum()))
    # Sums of the same numbers in another order differ by rounding: that must not break ties.
    slack = 1e-12 * float(np.abs(differences).sum())
    if n <= MOST_EXACT:
        sums = np.zeros(1)
        for value in differences[1:]:  # the first keeps its sign: patterns come in mirrored pairs
            sums = np.concatenate([sums + value, sums - value])
        extreme = np.abs(sums + differences[0]) >= observed - slack
        return Test(float(extreme.mean()), 2.0 / 2**n)
    generator = np.random.default_rng(seed)
    signs = generator.integers(0, 2, (_FLIPS, n), dtype=np.int8) * 2.0 - 1.0
    n_extreme = int((np.abs(signs @ differences) >= observed - slack).sum())
    return Test((n_extreme + 1) / (_FLIPS + 1), 1 / (_FLIPS + 1))


def two_way_bootstrap(
    differences: Array, n_resamples: int, seed: int, level: float = 0.95
) -> Interval:
    """Percentile interval of the mean with seeds and words both drawn anew, [seeds, words].

    The two are crossed, so they are drawn independently of each other (Owen 2007). Memory: 8 bytes
    a word and resample.
    """
    n_seeds, n_words = differences.shape
    generator = np.random.default_rng(seed)
    by_seed = generator.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), n_resamples) / n_seeds
    by_word = generator.multinomial(n_words, np.full(n_words, 1 / n_words), n_resamples) / n_words
    means = np.einsum("rw,rw->r", by_seed @ differences, by_word)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(differences.mean()), float(low), float(high))


def wider(one: Interval, other: Interval) -> Interval:
    """The longer of two intervals of the same mean; one without ends loses."""
    if not np.isfinite(one.high - one.low):
        return other
    if not np.isfinite(other.high - other.low):
        return one
    return one if one.high - one.low >= other.high - other.low else other


def equivalence(differences: Array, margin: float) -> float:
    """p-value that the mean difference over seeds is not within +-margin (two one-sided t tests).

    Small: the arms are the same, up to the margin. Schuirmann 1987.
    """
    n = len(differences)
    if n < 2:
        return float("nan")
    error = float(differences.std(ddof=1) / np.sqrt(n))
    mean = float(differences.mean())
    if error == 0.0:
        return 0.0 if abs(mean) < margin else 1.0
    below = stats.t.sf((mean + margin) / error, n - 1)
    above = stats.t.cdf((mean - margin) / error, n - 1)
    return float(max(below, above))
