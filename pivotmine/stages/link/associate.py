"""The test of a pair: how strong the association of its nodes is, and how sure."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.numeric.association import expected, log_likelihood_ratio, npmi, p_value_bin
from pivotmine.numeric.exact_association import log10_attraction_p_value
from pivotmine.numeric.measures import strength

Floats = NDArray[np.float64]


class Associations(NamedTuple):
    """Measures of P pairs."""

    expected: Floats
    """[P] contexts that would hold both nodes if they were independent."""

    npmi: Floats
    """[P]"""

    g2: Floats
    """[P]"""

    strength: Floats
    """[P] by the measure that ranks partners."""

    p_bin: NDArray[np.int32]
    """[P] bin of the one-sided p-value of attraction (`numeric.association.p_value_bin`)."""

    folds: NDArray[np.int32]
    """[P] hash folds in which the pair meets more often than an equal part of `expected`."""


def associations(
    n_ab: Floats,
    n_a: Floats,
    n_b: Floats,
    n: Floats,
    fold_counts: NDArray[np.integer],
    measure: str = "g2",
) -> Associations:
    """Measures of pairs from their 2x2 tables.

    Parameters
    ----------
    n_ab, n_a, n_b, n
        [P] contexts that hold both nodes, a, b, and all of the two languages.
    fold_counts
        [P, n_folds] `n_ab` by hash fold.
    measure
        Name of the registered measure that gives `strength`.
    """
    chance = expected(n_a, n_b, n)
    g2 = log_likelihood_ratio(n_ab, n_a, n_b, n)
    above = fold_counts > (chance / max(fold_counts.shape[1], 1))[:, None]
    return Associations(
        chance,
        npmi(n_ab, n_a, n_b, n),
        g2,
        g2 if measure == "g2" else strength(measure, n_ab, n_a, n_b, n),
        p_value_bin(log10_attraction_p_value(n_ab, n_a, n_b, n, g2=g2)),
        above.sum(axis=1).astype(np.int32),
    )
