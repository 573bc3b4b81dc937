"""Rank statistics that take weights: AUC, Spearman's correlation, and its partial form.

A weight is the number of times that a word is drawn in a resample. With weights of one these are
the textbook statistics; tests compare them with scipy.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pivotmine.model.attribution.resample import Array

_LEAST_DETERMINANT = 1e-10


def auc(values: Array, positive: NDArray[np.bool_], weights: Array) -> Array:
    """Probability that a positive word has a higher value than a negative one; ties count half.

    The Mann-Whitney statistic over its maximum, [resamples], of words with weights [resamples,
    words]. NaN where no word is positive, or none negative.
    """
    high, low = values[positive], values[~positive]
    wins = (high[:, None] > low[None]) + 0.5 * (high[:, None] == low[None])
    of_high, of_low = weights[:, positive], weights[:, ~positive]
    pairs = of_high.sum(axis=1) * of_low.sum(axis=1)
    share = ((of_high @ wins) * of_low).sum(axis=1)
    found: Array = np.divide(share, pairs, out=np.full(len(weights), np.nan), where=pairs > 0)
    return found


def mid_ranks(values: Array, weights: Array) -> Array:
    """Ranks from 1, ties averaged, of values [words] drawn `weights` times [resamples, words]."""
    order = np.argsort(values, kind="stable")
    ordered = weights[:, order]
    starts = np.flatnonzero(np.diff(values[order], prepend=np.nan) != 0)
    tied = np.add.reduceat(ordered, starts, axis=1)
    middle = np.cumsum(tied, axis=1) - tied + (tied + 1) / 2
    group = np.zeros(len(values), np.int64)
    group[starts[1:]] = 1
    ranks = np.empty_like(ordered)
    ranks[:, order] = middle[:, np.cumsum(group)]
    return ranks


def rank_correlations(columns: Sequence[Array], weights: Array) -> Array:
    """Correlations of the ranks of columns [words], [resamples, columns, columns].

    NaN where a column is constant.
    """
    ranks = np.stack([mid_ranks(values, weights) for values in columns], axis=2)
    n = weights.sum(axis=1)[:, None, None]
    n[n == 0] = np.nan
    centred = ranks - (ranks * weights[:, :, None]).sum(axis=1, keepdims=True) / n
    scaled = centred * np.sqrt(weights)[:, :, None]
    products = scaled.transpose(0, 2, 1) @ scaled
    spread = np.sqrt(np.diagonal(products, axis1=1, axis2=2))
    spread = np.where(spread > 0, spread, np.nan)
    found: Array = products / (spread[:, :, None] * spread[:, None])
    return found


def partial_correlation(correlations: Array, one: int, other: int, given: Sequence[int]) -> Array:
    """Correlation of two columns when others are held fixed, [resamples].

    From the inverse of their correlation matrix P: -P01 / sqrt(P00 P11). NaN where a column is
    constant or follows from the others.
    """
    if not given:  # two columns that agree wholly have no inverse, and a correlation of 1
        return np.clip(correlations[:, one, other], -1, 1)
    columns = [one, other, *given]
    chosen = correlations[:, columns][:, :, columns]
    known = np.flatnonzero(np.isfinite(chosen).all(axis=(1, 2)))
    sound = known[np.linalg.det(chosen[known]) > _LEAST_DETERMINANT]
    inverse = np.linalg.inv(chosen[sound])
    found = np.full(len(correlations), np.nan)
    found[sound] = np.clip(-inverse[:, 0, 1] / np.sqrt(inverse[:, 0, 0] * inverse[:, 1, 1]), -1, 1)
    return found
