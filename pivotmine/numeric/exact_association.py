"""Association of small counts: cautious bounds, smoothed margins.

All functions take arrays or numbers that broadcast against each other; `n_ab`, `n_a`, `n_b`, `n` as
in `association.py`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv

from pivotmine.errors import InputError

Floats = NDArray[np.float64]


def log2_ratio_lower_bound(
    n_ab: ArrayLike,
    n_a: ArrayLike,
    n_b: ArrayLike,
    n: ArrayLike,
    *,
    confidence: float = 0.95,
) -> NDArray[np.float64]:
    """PMI at its lower confidence bound: log2 of observed / expected.

    The rate of b in the contexts of a is replaced by its one-sided lower bound (Clopper and Pearson
    1934) at `confidence`, and likewise the rate of a in those of b; the lower of the two results
    counts. For ranking: PMI is highest for a pair that met once and whose words occur once, but its
    lower bound is below that of many true pairs of 50 contexts. Margins are taken as known. -inf
    where `n_ab` is 0.

    Raises
    ------
    InputError
        `confidence` is not between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise InputError(f"confidence is {confidence:g}; give a number between 0 and 1")
    tables = np.broadcast_arrays(*(np.asarray(value, np.float64) for value in (n_ab, n_a, n_b, n)))
    both, a, b, total = tables

    def bound(of: Floats, other: Floats) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            rate = betaincinv(both, of - both + 1, 1 - confidence)
            found: Floats = np.log2(rate * total / other)
        return np.where(both > 0, found, -np.inf)

    return np.minimum(bound(a, b), bound(b, a))


def smoothed_margins(n: ArrayLike, exponent: float = 0.75) -> NDArray[np.float64]:
    """Smoothed margins of partners, for PMI: n**exponent, scaled to the same sum.

    Context-distribution smoothing (Levy, Goldberg and Dagan 2015, TACL 3, section 3.2): rare
    partners count as somewhat more frequent, which removes part of the advantage that PMI gives
    them. Exponent 1 changes nothing.

    Parameters
    ----------
    n
        [V] margins of all partners of one language pair and side.

    Raises
    ------
    InputError
        A margin is negative, or the exponent not between 0 and 1.
    """
    margins = np.asarray(n, np.float64)
    if not 0 < exponent <= 1:
        raise InputError(f"exponent is {exponent:g}; give a number above 0, at most 1")
    if (margins < 0).any():
        raise InputError(f"a margin is {margins.min():g}; contexts are counted from 0")
    powers = margins**exponent
    total = powers.sum()
    return powers * (margins.sum() / total) if total > 0 else powers
