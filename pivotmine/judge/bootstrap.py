"""Intervals of ratios by the bootstrap, with words as the units that are drawn.

Pairs of one word stand and fall together, so it is words that are resampled, not pairs. Each word
gets a Poisson(1) weight a resample (Chamandy et al. 2012, Estimating uncertainty for massive data
streams), which needs no second pass over the data; intervals are percentiles of the resampled
ratios (Efron 1979). Memory: one byte a word and resample.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Estimate(NamedTuple):
    """A ratio with the ends of its 95 % interval; None where there is nothing to divide by."""

    value: float | None
    low: float | None
    high: float | None


NOTHING = Estimate(None, None, None)


def flat_columns(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a figure as columns: of each estimate its value, and `_low` and `_high`."""
    flat: dict[str, Any] = {}
    for name, value in fields.items():
        if isinstance(value, Estimate):
            flat |= {name: value.value, f"{name}_low": value.low, f"{name}_high": value.high}
        else:
            flat[name] = value
    return flat


class Resamples:
    """Weights of words, the same for every ratio, so that ratios of one table can be compared.

    Parameters
    ----------
    n_words
        Words are numbered 0 to n_words - 1.
    n_resamples
        How often words are drawn.
    """

    def __init__(self, n_words: int, n_resamples: int = 300, seed: int = 0) -> None:
        generator = np.random.default_rng(seed)
        self._weights = generator.poisson(1.0, (n_words, n_resamples)).astype(np.uint8)

    def ratio(
        self,
        words: NDArray[np.integer],
        hits: NDArray[np.float64],
        totals: NDArray[np.float64],
    ) -> Estimate:
        """Sum of hits / sum of totals over rows, each of which belongs to a word.

        Parameters
        ----------
        words
            [n] number of each row's word; several rows may belong to one.
        hits, totals
            [n]
        """
        if not totals.sum():
            return NOTHING
        present, place = np.unique(words, return_inverse=True)
        sums = np.stack([np.bincount(place, column, len(present)) for column in (hits, totals)])
        drawn = sums @ self._weights[present].astype(np.float64)
        ratios = drawn[0][drawn[1] > 0] / drawn[1][drawn[1] > 0]
        low, high = np.quantile(ratios, [0.025, 0.975]).tolist() if len(ratios) else (None, None)
        return Estimate(float(hits.sum() / totals.sum()), low, high)
