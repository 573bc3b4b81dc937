"""Exact q-values, which those of histogram bins must come close to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pivotmine.numeric.association import binned_q_values


def benjamini_hochberg(log10_p: NDArray[np.float64], n_tests: int) -> NDArray[np.float64]:
    """q-value of each test (Benjamini and Hochberg 1995); other tests of the family have p = 1."""
    order = np.argsort(log10_p, kind="stable")
    q_values = np.empty(len(log10_p))
    q_values[order] = binned_q_values(log10_p[order], np.arange(1, len(log10_p) + 1), n_tests)
    return q_values
