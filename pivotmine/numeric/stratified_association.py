"""Association of two tokens over strata: whether they meet more often than their strata explain.

Words of one source meet in any two of its pages, and long contexts hold more of everything. So
contexts are split into strata (source, size), and chance is what would happen if texts changed
places within their strata. The number of contexts that hold both is then a sum of independent
hypergeometric numbers, one for each stratum, and its mean a sum of n_a n_b / n, as in the test of
Cochran (1954, Biometrics 10) and of Mantel and Haenszel (1959, Journal of the National Cancer
Institute 22).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import InputError
from pivotmine.numeric.jit import njit

Floats = NDArray[np.float64]

_MAX_TERMS = 10_000
_NEGLIGIBLE = 1e-14
_POISSON_FROM = 1e12
"""Trials of a binomial distribution from which on it is that of Poisson in double precision."""


def log10_stratified_p_value(n_ab: Floats, mean: Floats, most: Floats) -> Floats:
    """log10 of a bound on P(X >= n_ab), [P]: one-sided, of attraction; 0 below mean + 1.

    A hypergeometric number is a sum of independent events of unequal probability (Vatutin and
    Mikhailov 1982, Theory of Probability and its Applications 27), so X is one of `most` events in
    all. From one above the mean on, its tail is at most that of the binomial distribution of as
    many trials and the same mean (Hoeffding 1956, Annals of Mathematical Statistics 27, theorem
    4). So the p-value is never too small. Where words are rare it is exact.

    The binomial tail is summed from its largest term on, until terms are negligible or 10,000 are
    summed; what is left then is at most a geometric series, which is added.

    Parameters
    ----------
    n_ab
        [P] contexts that hold both.
    mean
        [P] of their number by chance.
    most
        [P] largest number there could be: the smaller of n_a and n_b, summed over strata.

    Raises
    ------
    InputError
        A number is negative.
    """
    tables = [np.ascontiguousarray(values, np.float64) for values in (n_ab, mean, most)]
    for name, values in zip(("n_ab", "mean", "most"), tables, strict=True):
        if values.size and values.min() < 0:
            raise InputError(f"{name} is {values.min():g}; numbers of contexts are not negative")
    return _tails(*tables)


def stratified_npmi(n_ab: Floats, mean: Floats, n: Floats) -> Floats:
    """Normalised pointwise mutual information with the mean over strata: ln(n_ab/mean)/ln(n/n_ab).

    With one stratum it is `association.npmi`. It is cut to -1..1, which strata may exceed.
    """
    together = (n_ab > 0) & (n_ab < n) & (mean > 0)
    result = np.where(n_ab > 0, 1.0, -1.0)
    observed = n_ab[together]
    result[together] = np.log(observed / mean[together]) / np.log(n[together] / observed)
    return np.clip(result, -1.0, 1.0)


@njit
def _tails(n_ab: Floats, mean: Floats, most: Floats) -> Floats:
    found = np.zeros(len(n_ab))
    for i in range(len(n_ab)):
        if n_ab[i] >= mean[i] + 1.0:
            found[i] = _log_tail(n_ab[i], mean[i], max(most[i], n_ab[i])) / math.log(10.0)
    return found


@njit
def _log_tail(k: float, mean: float, trials: float) -> float:
    """Natural logarithm of P(X >= k), for k above the mean."""
    if mean <= 0.0:
        return -math.inf
    p = mean / trials
    poisson = trials > _POISSON_FROM
    if poisson:
        log_mass = k * math.log(mean) - mean - math.lgamma(k + 1.0)
    else:
        log_mass = math.lgamma(trials + 1.0) - math.lgamma(k + 1.0)
        log_mass += k * math.log(p) + (trials - k) * math.log1p(-p) - math.lgamma(trials - k + 1.0)
    term, total = 1.0, 1.0
    for j in range(_MAX_TERMS):
        at = k + j
        ratio = mean / (at + 1.0)
        if not poisson:
            ratio = (trials - at) / (at + 1.0) * (p / (1.0 - p))
        if ratio <= 0.0:
            break
        term *= ratio
        total += term
        if term < _NEGLIGIBLE * total:
            break
        if j == _MAX_TERMS - 1:
            # Ratios fall, so the rest is below a geometric series.
            total += term * ratio / max(1.0 - ratio, 1.0 / (at + 1.0))
    return min(log_mass + math.log(total), 0.0)
