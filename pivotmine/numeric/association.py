"""Association of two tokens from their 2x2 table, and control of false discoveries.

Everything follows from four numbers: contexts that hold both (`n_ab`), that hold a (`n_a`), that
hold b (`n_b`), and all contexts of the population (`n`), which for a cross-language pair are the
mixed contexts of its two languages. All functions take arrays or numbers that broadcast against
each other and return float64; zero cells are exact limits, never NaN.

G2 ranks partners because word pairs are rare events, where chi-square and z scores overstate
significance by far (Dunning 1993). p-values are those of `stratified_association.py`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlog1py

from pivotmine.errors import InputError

# A power of two, so that bin edges are exact floats.
_BINS_PER_DECADE = 256

MAX_P_VALUE_BIN = 2**20 - 1
"""The last bin; it is open, and holds all p-values of at most 10**-4095.99."""


def expected(n_a: ArrayLike, n_b: ArrayLike, n: ArrayLike) -> NDArray[np.float64]:
    """Contexts that would hold both tokens if they were independent: n_a * n_b / n."""
    n_a, n_b, n = _floats(n_a, n_b, n)
    return _ratio(n_a * n_b, n)


def log_likelihood_ratio(
    n_ab: ArrayLike, n_a: ArrayLike, n_b: ArrayLike, n: ArrayLike
) -> NDArray[np.float64]:
    """G2 = 2 * sum of O ln(O / E) over the four cells (Dunning 1993, Comp. Linguistics 19(1)).

    Under independence asymptotically chi-square with one degree of freedom. Cells that would be
    negative, in a table whose margins do not fit, count as empty.
    """
    n_ab, n_a, n_b, n = _floats(n_ab, n_a, n_b, n)
    # All four cells differ from expectation by the same amount, with alternating sign; log1p of
    # the relative difference keeps the digits that O / E near 1 would lose in large cells.
    difference = n_ab - expected(n_a, n_b, n)
    not_a, not_b = n - n_a, n - n_b
    total = np.zeros(np.shape(difference))
    for observed, row, column, sign in (
        (n_ab, n_a, n_b, 1.0),
        (n_a - n_ab, n_a, not_b, -1.0),
        (n_b - n_ab, not_a, n_b, -1.0),
        (n - n_a - n_b + n_ab, not_a, not_b, 1.0),
    ):
        relative = _ratio(sign * difference, expected(row, column, n))
        total += xlog1py(np.maximum(observed, 0.0), np.maximum(relative, -1.0))
    return np.maximum(2.0 * total, 0.0)


def npmi(n_ab: ArrayLike, n_a: ArrayLike, n_b: ArrayLike, n: ArrayLike) -> NDArray[np.float64]:
    """Normalised pointwise mutual information, ln(p_ab / (p_a p_b)) / -ln p_ab (Bouma 2009).

    From -1 (never together) over 0 (independent) to 1 (never apart). Its limits are kept: -1 where
    `n_ab` is 0, 1 where every context holds both.
    """
    n_ab, n_a, n_b, n = _floats(n_ab, n_a, n_b, n)
    together = (n_ab > 0) & (n_ab < n)
    result = np.where(n_ab > 0, 1.0, -1.0)
    observed, chance = n_ab[together], expected(n_a, n_b, n)[together]
    result[together] = np.log(observed / chance) / np.log(n[together] / observed)
    return result


def dice(n_ab: ArrayLike, n_a: ArrayLike, n_b: ArrayLike) -> NDArray[np.float64]:
    """2 n_ab / (n_a + n_b), from 0 to 1 (Dice 1945); 0 for tokens that never occur."""
    n_ab, n_a, n_b = _floats(n_ab, n_a, n_b)
    return _ratio(2.0 * n_ab, n_a + n_b)


def additive_background(
    n_ab: ArrayLike, n_a: ArrayLike, n_b: ArrayLike, n: ArrayLike
) -> NDArray[np.float64]:
    """Rate of b in the contexts of a, above its rate overall: n_ab / n_a - n_b / n.

    The measure of He et al. 2025 (arXiv 2505.16385) as a rate. Their code draws S = 2,000 documents
    that hold a and S documents at random, and subtracts the document frequencies of b in the two
    samples. The mean of that difference is S times this value, so partners are in the same order
    except for sampling noise. It is not symmetric in a and b. Tokens that never occur have rate 0.
    """
    n_ab, n_a, n_b, n = _floats(n_ab, n_a, n_b, n)
    return _ratio(n_ab, n_a) - _ratio(n_b, n)


def p_value_bin(log10_p: ArrayLike) -> NDArray[np.int32]:
    """Bin of a p-value: higher bins hold smaller p-values, 256 bins a decade.

    Bin k holds -(k + 1) / 256 < log10 p <= -k / 256, and the last, `MAX_P_VALUE_BIN`, all that is
    smaller.
    """
    position = np.floor(np.asarray(log10_p, np.float64) * -_BINS_PER_DECADE)
    return np.clip(position, 0, MAX_P_VALUE_BIN).astype(np.int32)


def bin_upper_log10_p(p_bin: ArrayLike) -> NDArray[np.float64]:
    """Upper edge of a bin, as log10 p: no p-value in the bin is above it."""
    return np.asarray(p_bin, np.float64) / -_BINS_PER_DECADE


def binned_q_values(
    bin_upper_log10_p: NDArray[np.float64], cumulative_count: NDArray[np.int64], n_tests: int
) -> NDArray[np.float64]:
    """q-values of histogram bins, for families too large to sort.

    A bin's q is min(1, min over bins l with edge e_l >= its own of n_tests * e_l / R(e_l)), with
    R(e) the number of p-values <= e. R(e_l) is `cumulative_count`, exactly, since bins do not
    overlap. The exact q-values of Benjamini and Hochberg (1995) are q_i = min(1, min over p_j >=
    p_i of n_tests * p_j / rank of p_j). Compared with them, for any p_i in a bin k:

    * Never below. Take any l of the minimum that counts a test, and let p_j be the largest p-value
      <= e_l. Then R(p_j) = R(e_l) and p_j <= e_l, so the term of j in the exact minimum is no
      larger than the term of l; and j does take part in it, for p_i <= e_k <= e_l makes p_i one of
      the candidates for p_j, so p_j >= p_i.
    * At most one bin width above, a factor of 10**(1/256) or 0.9 %. Let p_j attain the exact
      minimum and lie in bin l. Then e_l >= e_k, e_l <= 10**(1/256) * p_j and R(e_l) >= R(p_j), so
      the term of l is at most 10**(1/256) times the exact q. (The open last bin has no such bound,
      but all its q are 0 in double precision.)

    Parameters
    ----------
    bin_upper_log10_p
        [B] upper edges of the bins, from the smallest p upwards; empty bins may be left out.
    cumulative_count
        [B] tests in each bin and all before it.
    n_tests
        Size of the whole family; tests in no bin count with p = 1.

    Raises
    ------
    InputError
        Edges or counts not in ascending order, an edge above p = 1, more tests counted than
        `n_tests`.
    """
    edges = np.asarray(bin_upper_log10_p, np.float64)
    counts = np.asarray(cumulative_count)
    if len(edges) == 0:
        return np.empty(0)
    if not (np.all(edges[1:] >= edges[:-1]) and edges[-1] <= 0):
        raise InputError("p-values must be in ascending order, and log10 p at most 0")
    if not (np.all(counts[1:] >= counts[:-1]) and counts[0] >= 0 and counts[-1] <= n_tests):
        raise InputError(
            f"counts of tests must rise within 0..n_tests={n_tests}; they span"
            f" {counts[0]}..{counts[-1]}"
        )
    log10_q = np.full(len(edges), np.inf)
    counted = counts > 0
    log10_q[counted] = np.log10(n_tests) + edges[counted] - np.log10(counts[counted])
    lowest = np.minimum.accumulate(log10_q[::-1])[::-1]
    return np.power(10.0, np.minimum(lowest, 0.0))


def _floats(*values: ArrayLike) -> list[NDArray[np.float64]]:
    return [np.asarray(value, np.float64) for value in np.broadcast_arrays(*values)]


def _ratio(numerator: NDArray[np.float64], denominator: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quotient, 0 where the denominator is 0."""
    zeros = np.zeros(np.shape(denominator))
    return np.divide(numerator, denominator, out=zeros, where=denominator > 0)
