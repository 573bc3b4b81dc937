"""What is compared: measures of association, from counts to the log-likelihood ratio.

All are computed from the 2x2 tables of `counts` by the kernels that the stages use. Those that can
be large for words that avoid each other are signed, so that more is always closer.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from pivotmine.kernels.association import (
    additive_background,
    dice,
    expected,
    log_likelihood_ratio,
    npmi,
)

MEASURES: Mapping[str, str] = MappingProxyType(
    {
        "count": "contexts that hold both",
        "he2025": "additive background of He et al. 2025; of the two sides, the lower one",
        "pmi": "pointwise mutual information",
        "dice": "Dice coefficient",
        "npmi": "normalised PMI",
        "g2": "log-likelihood ratio, negative where words meet less often than expected",
    }
)
"""Measures by name, in the order of the table."""

Floats = NDArray[np.float64]


def measure(n_ab: Floats, n_a: Floats, n_b: Floats, n: Floats) -> dict[str, Floats]:
    """Columns of every measure; `he2025_ab` and `he2025_ba` are its two directions."""
    chance = expected(n_a, n_b, n)
    sides = additive_background(n_ab, n_a, n_b, n), additive_background(n_ab, n_b, n_a, n)
    g2 = log_likelihood_ratio(n_ab, n_a, n_b, n)
    return {
        "count": n_ab,
        "he2025": np.minimum(*sides),
        "he2025_ab": sides[0],
        "he2025_ba": sides[1],
        "pmi": np.log2(n_ab / chance),
        "dice": dice(n_ab, n_a, n_b),
        "npmi": npmi(n_ab, n_a, n_b, n),
        "g2": np.where(n_ab > chance, g2, -g2),
    }


def direction(name: str, side: str) -> str:
    """Column that ranks the partners of a word on side `ab` or `ba`."""
    return f"{name}_{side}" if name == "he2025" else name
