"""Resampling of concepts, for every interval and p-value of the attribution.

A concept has words in many directions, so concepts are drawn with all their directions (cluster
bootstrap). A resample is a count per concept, so a statistic of thousands of resamples is a few
matrix products.

p-values are two-sided: twice the smaller share of resamples on either side of the null, with one
added to both counts (Davison and Hinkley 1997, 4.2). They agree with the percentile intervals.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.numeric.bootstrap import LEVEL

Array = NDArray[np.float64]
Places = NDArray[np.int64]

_BLOCK = 500
_MOST_UNDEFINED = 0.05
"""Share of resamples in which a statistic may be undefined, e.g. because no wrong word is drawn."""


class Stat(NamedTuple):
    """A statistic with its 95 % interval and the p-value of its null; NaN where not measurable."""

    value: float
    low: float
    high: float
    p_value: float
    n_words: int


class ConceptResamples:
    """How often every concept is drawn, [resamples, concepts].

    Memory: 2 bytes a resample and concept, and the weights of one block as float64.
    """

    def __init__(self, n_concepts: int, n_resamples: int, seed: int) -> None:
        generator = np.random.default_rng(seed)
        share = np.full(n_concepts, 1 / n_concepts)
        self._drawn = generator.multinomial(n_concepts, share, n_resamples).astype(np.uint16)

    def apply(self, concepts: Places, statistic: Callable[[Array], Array]) -> Array:
        """A statistic of weights [block, words] in every resample, [resamples, ...].

        `concepts` [words] gives the concept of every word.
        """
        blocks = range(0, len(self._drawn), _BLOCK)
        parts = [
            statistic(self._drawn[start : start + _BLOCK, concepts].astype(np.float64))
            for start in blocks
        ]
        return np.concatenate(parts)


def stat(
    value: float, resampled: Array, n_words: int, null: float = 0.0, only_above: bool = False
) -> Stat:
    """Interval and p-value of a statistic from its values in resamples [resamples].

    With `only_above`, only the side above the null is tested, because values below it are no
    finding either (a useless predictor costs accuracy on new words). The p-value is still doubled.
    """
    nan = float("nan")
    known = resampled[~np.isnan(resampled)]
    if np.isnan(value) or len(known) < (1 - _MOST_UNDEFINED) * len(resampled):
        return Stat(float(value), nan, nan, nan, n_words)
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.percentile(known, [tail, 100 - tail])
    below, above = int((known <= null).sum()), int((known >= null).sum())
    fewer = below if only_above else min(below, above)
    p_value = min(1.0, 2 * (1 + fewer) / (1 + len(known)))
    return Stat(float(value), float(low), float(high), p_value, n_words)
