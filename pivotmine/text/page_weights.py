"""What the rest of a page says about the language of a segment."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pivotmine.numeric.jit import njit

_LOCAL_SHARE = 0.15  # of the prior that comes from the two segments on either side
_ROUNDS = 5
_REACH = 2


def weigh_by_page(
    evidence: NDArray[np.float64], starts: NDArray[np.int64], priors: NDArray[np.float64]
) -> NDArray[np.int64]:
    """int64[S]: likeliest class of each segment given its evidence and the rest of its page.

    The shares of the languages on a page, and near a segment, are estimated from its own segments
    by expectation-maximisation (a mixture model with known components: Dempster, Laird and Rubin
    1977). The prior of a segment mixes the shares on the page (pseudo-counts `priors`) with those
    of the two segments before and after it. So short strings take the language of a page in one
    language, and a page that alternates between two keeps both.

    Parameters
    ----------
    evidence
        float64[S, C] likelihood of each segment in each class; a row is not all 0.
    starts
        int64[P + 1] where the segments of each page begin, and where the last page ends.
    priors
        float64[P, C] pseudo-counts of each page.
    """
    best = np.zeros(len(evidence), np.int64)
    posterior = evidence / evidence.sum(axis=1, keepdims=True)
    shares = np.empty(evidence.shape[1])
    weigh_pages(evidence, starts, priors, shares, posterior, posterior.copy(), best)
    return best


@njit
def weigh_pages(
    evidence: NDArray[np.float64],
    starts: NDArray[np.int64],
    priors: NDArray[np.float64],
    shares: NDArray[np.float64],
    posterior: NDArray[np.float64],
    before: NDArray[np.float64],
    best: NDArray[np.int64],
) -> None:
    """See `weigh_by_page`: from the first posteriors, in both arrays, to the `best` classes.

    `shares` is room for those of a page, float64[C].
    """
    n_classes = evidence.shape[1]
    for page in range(len(priors)):
        first, last = starts[page], starts[page + 1]
        for _ in range(_ROUNDS):
            total = 0.0
            for column in range(n_classes):
                shares[column] = 0
                for row in range(first, last):
                    before[row, column] = posterior[row, column]
                    shares[column] += before[row, column]
                shares[column] += priors[page, column]
                total += shares[column]
            for column in range(n_classes):
                shares[column] /= total
            for row in range(first, last):
                weigh_row(evidence, before, shares, priors, page, row, first, last, posterior)
        for row in range(first, last):
            for column in range(n_classes):
                if posterior[row, column] > posterior[row, best[row]]:
                    best[row] = column


@njit
def weigh_row(
    evidence: NDArray[np.float64],
    before: NDArray[np.float64],
    shares: NDArray[np.float64],
    priors: NDArray[np.float64],
    page: int,
    row: int,
    first: np.int64,
    last: np.int64,
    posterior: NDArray[np.float64],
) -> None:
    """Posterior of one segment of a page, `first` to `last`, from the posteriors `before`."""
    n_classes = evidence.shape[1]
    near_total = 0.0
    for column in range(n_classes):
        near = priors[page, column] / 4
        for distance in range(1, _REACH + 1):
            if row - distance >= first:
                near += before[row - distance, column]
            if row + distance < last:
                near += before[row + distance, column]
        posterior[row, column] = near
        near_total += near
    total = 0.0
    for column in range(n_classes):
        near = posterior[row, column] / near_total
        weight = (1 - _LOCAL_SHARE) * shares[column] + _LOCAL_SHARE * near
        posterior[row, column] = evidence[row, column] * weight
        total += posterior[row, column]
    for column in range(n_classes):
        posterior[row, column] /= total
