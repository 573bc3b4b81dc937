"""Measures of association that are compared, from counts to the log-likelihood ratio.

All are computed from the 2x2 tables of `counts` by the kernels of the stages. Measures that are
also large for words that meet less often than expected get a sign, so that larger is always closer.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.numeric.association import (
    additive_background,
    dice,
    expected,
    log_likelihood_ratio,
    npmi,
)
from pivotmine.numeric.exact_association import log2_ratio_lower_bound

MEASURES: Mapping[str, str] = MappingProxyType(
    {
        "count": "contexts that hold both",
        "he2025": "additive background of He et al. 2025; the lower side",
        "pmi": "pointwise mutual information",
        "pmi_smoothed": "PMI with the partner's margin to the power 0.75; the lower side",
        "pmi_bound": "lower 95 % bound of PMI",
        "dice": "Dice coefficient",
        "npmi": "normalised PMI",
        "g2": "log-likelihood ratio, negative where words meet less often than expected",
    }
)
"""Measures by name, in the order of the table."""

SIDED = ("he2025", "pmi_smoothed")
"""Measures that rank the partners of a and those of b differently."""

ADDITIVE = ("count", "g2", "won")
"""Measures that are summed over the spellings of a word (`Cat`, `cat`), since they are evidence."""

Floats = NDArray[np.float64]


class Tables(NamedTuple):
    """2x2 tables of pairs, [m] each."""

    n_ab: Floats
    n_a: Floats
    n_b: Floats
    n: Floats


def measure(
    tables: Tables, smoothed_a: Floats, smoothed_b: Floats, n_won: Floats
) -> dict[str, Floats]:
    """Columns of every measure; of `SIDED` ones also the two sides, `he2025_ab` and so on.

    Parameters
    ----------
    smoothed_a, smoothed_b
        [m] smoothed margins (`numeric.exact_association.smoothed_margins`).
    n_won
        [m] contexts that a link has won, 0 where there is no link. Column `won` is the
        log-likelihood ratio of these in place of all meetings.
    """
    n_ab, n_a, n_b, n = tables
    chance = expected(n_a, n_b, n)
    columns = {
        "count": n_ab,
        "he2025_ab": additive_background(n_ab, n_a, n_b, n),
        "he2025_ba": additive_background(n_ab, n_b, n_a, n),
        "pmi": np.log2(n_ab / chance),
        "pmi_smoothed_ab": np.log2(n_ab * n / (n_a * smoothed_b)),
        "pmi_smoothed_ba": np.log2(n_ab * n / (n_b * smoothed_a)),
        "pmi_bound": log2_ratio_lower_bound(n_ab, n_a, n_b, n),
        "dice": dice(n_ab, n_a, n_b),
        "npmi": npmi(n_ab, n_a, n_b, n),
        "g2": _signed_g2(n_ab, n_a, n_b, n),
        "won": _signed_g2(n_won, n_a, n_b, n),
    }
    lower = {name: np.minimum(columns[f"{name}_ab"], columns[f"{name}_ba"]) for name in SIDED}
    return columns | lower


def direction(name: str, side: str) -> str:
    """Column that ranks the partners of a word on side `ab` or `ba`."""
    return f"{name}_{side}" if name in SIDED else name


def _signed_g2(n_ab: Floats, n_a: Floats, n_b: Floats, n: Floats) -> Floats:
    g2 = log_likelihood_ratio(n_ab, n_a, n_b, n)
    return np.where(n_ab > expected(n_a, n_b, n), g2, -g2)
