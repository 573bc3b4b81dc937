"""The built-in association measures: functions of a pair's 2x2 table that rank its partners.

Each takes four float64 arrays of one shape: contexts that hold both tokens (`n_ab`), that hold a
(`n_a`), that hold b (`n_b`), and all contexts of their two languages (`n`). It returns the strength
of the association, more being stronger.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pivotmine import plugins
from pivotmine.errors import InputError
from pivotmine.numeric import association
from pivotmine.numeric.exact_association import log2_ratio_lower_bound

Floats: TypeAlias = NDArray[np.float64]


def strength(measure: str, n_ab: Floats, n_a: Floats, n_b: Floats, n: Floats) -> Floats:
    """The strength of pairs by a registered measure.

    Raises
    ------
    ConfigError
        No measure has that name.
    InputError
        The measure returns NaN, or an array of another shape.
    """
    found = np.asarray(plugins.MEASURES[measure].value(n_ab, n_a, n_b, n), np.float64)
    if found.shape != n_ab.shape:
        raise InputError(f"measure {measure} returns shape {found.shape}, not {n_ab.shape}")
    if bool(np.isnan(found).any()):
        row = int(np.flatnonzero(np.isnan(found))[0])
        table = ", ".join(f"{values[row]:g}" for values in (n_ab, n_a, n_b, n))
        raise InputError(f"measure {measure} is NaN for n_ab, n_a, n_b, n = {table}")
    return found


@plugins.measure("g2")
def g2(n_ab: Floats, n_a: Floats, n_b: Floats, n: Floats) -> Floats:
    """Log-likelihood ratio (Dunning 1993), whichever way the pair deviates from independence."""
    return association.log_likelihood_ratio(n_ab, n_a, n_b, n)


@plugins.measure("npmi")
def npmi(n_ab: Floats, n_a: Floats, n_b: Floats, n: Floats) -> Floats:
    """Normalised pointwise mutual information (Bouma 2009), -1 to 1."""
    return association.npmi(n_ab, n_a, n_b, n)


@plugins.measure("pmi")
def pmi(n_ab: Floats, n_a: Floats, n_b: Floats, n: Floats) -> Floats:
    """Pointwise mutual information in bits (Church and Hanks 1990); -inf where they never meet."""
    with np.errstate(divide="ignore"):
        return np.log2(n_ab / association.expected(n_a, n_b, n))


@plugins.measure("pmi_bound")
def pmi_bound(n_ab: Floats, n_a: Floats, n_b: Floats, n: Floats) -> Floats:
    """Lower 95 % bound of pointwise mutual information, in bits."""
    return log2_ratio_lower_bound(n_ab, n_a, n_b, n)


@plugins.measure("dice")
def dice(n_ab: Floats, n_a: Floats, n_b: Floats, n: Floats) -> Floats:
    """Dice coefficient (Dice 1945), 0 to 1."""
    return association.dice(n_ab, n_a, n_b)
