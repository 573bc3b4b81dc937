"""Means over words at every layer with bootstrap bands, and the layers that hold the pivot.

Words are resampled whole, with all their layers. A band holds for each layer alone. The claim about
a model rests on one number, the mean over layers that were chosen on other words.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.model.scoring.bootstrap import Estimate
from pivotmine.numeric.bootstrap import LEVEL

Matrix = NDArray[np.float64]

FEWEST = 5
"""Words that an interval needs: resamples of two or three words hardly differ from the sample."""


class Band(NamedTuple):
    """A mean per layer with its 95 % interval."""

    mean: Matrix
    low: Matrix
    high: Matrix


def resampled_means(values: Matrix, n_resamples: int, seed: int) -> Matrix:
    """Means over resampled words: values [words] or [words, ...] -> [resamples, ...]."""
    generator = np.random.default_rng(seed)
    n_words = len(values)
    weights = generator.multinomial(n_words, np.full(n_words, 1 / n_words), n_resamples) / n_words
    means: Matrix = np.tensordot(weights, values, 1)
    return means


def band(values: Matrix, n_resamples: int, seed: int) -> Band:
    """Mean of values [words, layers] with its interval; words with a NaN are left out."""
    values = values[~np.isnan(values).any(axis=1)]
    if not len(values):
        nothing = np.full(values.shape[1], np.nan)
        return Band(nothing, nothing, nothing)
    low, high = interval(resampled_means(values, n_resamples, seed))
    return Band(values.mean(axis=0), low, high)


def interval(resampled: Matrix) -> tuple[Matrix, Matrix]:
    """Percentile interval over the first axis."""
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.percentile(resampled, [tail, 100 - tail], axis=0)
    return low, high


def estimate(values: Matrix, n_resamples: int, seed: int) -> Estimate:
    """Mean of values [words] with its interval.

    The mean of no word is NaN, and so is the interval of fewer than `FEWEST` words.
    """
    values = values[~np.isnan(values)]
    nan = float("nan")
    if len(values) < FEWEST:
        return Estimate(float(values.mean()) if len(values) else nan, nan, nan, len(values))
    low, high = interval(resampled_means(values, n_resamples, seed))
    return Estimate(float(values.mean()), float(low), float(high), len(values))


def difference(values: Matrix, others: Matrix, n_resamples: int, seed: int) -> Estimate:
    """Mean of one group of words less the mean of another, with both groups resampled.

    `n_words` is the size of the smaller group; with fewer than `FEWEST` the result is NaN.
    """
    values, others = values[~np.isnan(values)], others[~np.isnan(others)]
    n_words = min(len(values), len(others))
    if n_words < FEWEST:
        return Estimate(float("nan"), float("nan"), float("nan"), n_words)
    resampled = resampled_means(values, n_resamples, seed) - resampled_means(
        others, n_resamples, seed + 1
    )
    low, high = interval(resampled)
    mean = float(values.mean() - others.mean())
    return Estimate(mean, float(low), float(high), n_words)


def peak_layers(gap: Matrix) -> tuple[int, ...]:
    """The layers around the peak of a mean gap [layers], without the last layer.

    They are the full width at half maximum, which needs no threshold and gives one run of layers.
    Empty if the gap is nowhere above zero.
    """
    inner = gap[:-1]
    if not len(inner) or not inner.max() > 0:
        return ()
    first = last = int(inner.argmax())
    while first > 0 and inner[first - 1] >= inner.max() / 2:
        first -= 1
    while last < len(inner) - 1 and inner[last + 1] >= inner.max() / 2:
        last += 1
    return tuple(range(first, last + 1))


def separation(own: Matrix, controls: Matrix) -> Matrix:
    """How often a word's mass exceeds that of a control, [layers]; ties count half, chance is .5.

    `own` [words, layers] is mass or a monotone function of it; `controls` [controls, words, layers]
    is NaN where a word has fewer.
    """
    there = ~np.isnan(controls) & ~np.isnan(own)[None]
    wins = np.where(there, (own > controls) + 0.5 * (own == controls), 0.0)
    share: Matrix = wins.sum(axis=(0, 1)) / np.maximum(there.sum(axis=(0, 1)), 1)
    return share
