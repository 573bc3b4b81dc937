"""How well a score ranks documents of the sought kind above others: ROC area, average precision.

Precision depends on the share of sought documents, which is much smaller on the web than in any
benchmark. So documents are weighted as in a corpus in which one in a hundred is sought
(`PREVALENCE`), and figures of different kinds, lengths and corpora can be compared.

Intervals are bootstraps over documents with Poisson weights, with the same draws for all scores.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.numeric.bootstrap import UNKNOWN, Interval, percentile_interval

PREVALENCE = 0.01
RECALLS = tuple(round(0.05 * step, 2) for step in range(1, 21))
"""Recalls at which precision is given."""

N_RESAMPLES = 200


class Ranking(NamedTuple):
    """Figures of one score on one set of documents."""

    auc: Interval
    """Probability that a positive scores above a negative, ties counted half."""

    average_precision: Interval
    """Mean over positives of the precision at their place, at `PREVALENCE`."""

    precision: tuple[float, ...]
    """Precision where recall first reaches each of `RECALLS`, at `PREVALENCE`."""


NO_RANKING = Ranking(UNKNOWN, UNKNOWN, ())


def draw_weights(n_documents: int, seed: int, n_resamples: int = N_RESAMPLES) -> NDArray[np.uint8]:
    """How often each document is drawn: [n_resamples, documents], a byte each."""
    drawn = np.random.default_rng(seed).poisson(1.0, (n_resamples, n_documents))
    return drawn.astype(np.uint8)


def rank(
    scores: NDArray[np.float64], is_positive: NDArray[np.bool_], weights: NDArray[np.uint8]
) -> Ranking:
    """All figures with 95 % intervals; `NO_RANKING` where one side is empty.

    Parameters
    ----------
    weights
        [resamples, documents], from `draw_weights`.
    """
    if not is_positive.any() or is_positive.all():
        return NO_RANKING
    values, place = np.unique(-scores, return_inverse=True)
    sides = [(place[side], weights[:, side]) for side in (is_positive, ~is_positive)]

    def counts(resample: int | None) -> tuple[NDArray[np.float64], ...]:
        return tuple(
            np.bincount(places, None if resample is None else drawn[resample], len(values)).astype(
                np.float64
            )
            for places, drawn in sides
        )

    whole = counts(None)
    drawn = np.array([_figures(*counts(n)) for n in range(len(weights))]).reshape(-1, 2)
    auc, average = map(percentile_interval, _figures(*whole), drawn.T)
    return Ranking(auc, average, _precision_at(*whole))


def _figures(positive: NDArray[np.float64], negative: NDArray[np.float64]) -> tuple[float, float]:
    """ROC area (Mann & Whitney 1947) and average precision, from counts by score, best first."""
    n_positive, n_negative = positive.sum(), negative.sum()
    if not n_positive or not n_negative:
        return float("nan"), float("nan")
    above = np.cumsum(positive) - positive / 2
    precision = _precision(positive, negative)
    return (
        float((above * negative).sum() / (n_positive * n_negative)),
        float((positive * precision).sum() / n_positive),
    )


def _precision(positive: NDArray[np.float64], negative: NDArray[np.float64]) -> NDArray[np.float64]:
    """Precision of taking all documents down to each score, ties taken together."""
    found = PREVALENCE * np.cumsum(positive) / positive.sum()
    wrong = (1 - PREVALENCE) * np.cumsum(negative) / negative.sum()
    taken = found + wrong
    precision: NDArray[np.float64] = np.ones_like(taken)
    np.divide(found, taken, out=precision, where=taken > 0)
    return precision


def _precision_at(
    positive: NDArray[np.float64], negative: NDArray[np.float64]
) -> tuple[float, ...]:
    recall = np.cumsum(positive) / positive.sum()
    reached = np.searchsorted(recall, np.array(RECALLS) - 1e-9)
    return tuple(_precision(positive, negative)[reached].tolist())
