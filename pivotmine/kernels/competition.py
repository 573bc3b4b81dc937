"""Competition between partners: which of a word's associations are translations, which come along.

Significance does not make a translation. A word is associated with its translation's neighbours
too, in every collocation, and with whatever stands in the same template; but those words have
better partners of their own, or none that stands out (competitive linking: Melamed 2000, Models of
Translational Equivalence among Words, Comp. Linguistics 26(2)). Greedy one-to-one linking would
lose the second sense of a word, so the measure here is a *margin*: how far a partner surpasses the
best other partner of the same word.

* Margins above 1 on both sides: each is the other's best partner.
* A margin of 1.5 on one side only: the clear choice of one of them, such as a further sense of the
  other. An indirect association is the best partner of a word by a small margin, if at all, since
  what brings it along brings others too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import InputError

__all__ = ["partner_margins", "prevails"]


def partner_margins(words: NDArray[np.integer], scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Score of each pair over the best score of any other pair of the same word.

    Above 1 for the best partner of a word, unless another one ties, when it is 1; infinite where
    there is no other. Order of rows does not matter. Memory: about 40 bytes a pair.

    Parameters
    ----------
    words
        [m] the word on one side of each pair.
    scores
        [m] association, above 0.

    Raises
    ------
    InputError
        Lengths differ, or a score is not above 0.
    """
    if len(words) != len(scores):
        raise InputError(f"{len(words)} words and {len(scores)} scores are no columns of one table")
    if not (np.asarray(scores) > 0).all():
        raise InputError("a margin is a ratio: scores must be above 0")
    order = np.lexsort((-scores, words))
    starts = np.flatnonzero(np.r_[True, words[order][1:] != words[order][:-1]][: len(order)])
    sizes = np.diff(np.r_[starts, len(order)])
    rivals = np.repeat(scores[order][starts], sizes)
    second = np.minimum(starts + 1, len(order) - 1)
    rivals[starts] = np.where(sizes > 1, scores[order][second], 0.0)
    margins = np.empty(len(order))
    with np.errstate(divide="ignore"):
        margins[order] = scores[order] / rivals
    return margins


def prevails(
    a: NDArray[np.integer],
    b: NDArray[np.integer],
    scores: NDArray[np.float64],
    *,
    min_margin: float = 1.5,
) -> NDArray[np.bool_]:
    """Which pairs prevail: the best of both their words, or of one of them by `min_margin`.

    Of exact ties none is best. Pairs should be of one language pair, without copies, and complete:
    a rival that was filtered out before cannot compete.

    Parameters
    ----------
    a, b
        [m] the words of each pair.
    scores
        [m] association, above 0; the log-likelihood ratio, for which 1.5 was found on planted
        corpora (`docs/results/2026-11-22-planted.md`).

    Raises
    ------
    InputError
        `min_margin` is below 1, or as `partner_margins` raises it.
    """
    if min_margin < 1:
        raise InputError(f"min_margin is {min_margin:g}; a best partner has a margin of at least 1")
    of_a, of_b = partner_margins(a, scores), partner_margins(b, scores)
    kept: NDArray[np.bool_] = (np.minimum(of_a, of_b) > 1) | (
        (np.maximum(of_a, of_b) >= min_margin) & (np.maximum(of_a, of_b) > 1)
    )
    return kept
