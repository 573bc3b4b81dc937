"""q-values of binned p-values, calibrated on permutations, and the rate that results.

A family of tests is a language pair, copies apart from other words: copies are few tests, nearly
all of them true, and would hide the false ones among the others.

Two estimates of the false discovery rate hold at every threshold t, and the smaller counts:

* that of Benjamini and Hochberg (1995), tests * t / links, which takes p-values as they are. It is
  never too small, but too large where p-values are discrete or most tests are of words so rare
  that they cannot pass;
* (passing pairs of K permutations + 1) / (K * links): as in target-decoy searches (Elias and Gygi
  2007, Nature Methods 4; the 1: Levitsky et al. 2017, Journal of Proteome Research 16). The
  permutations meet every criterion that links have met, so it needs no assumption on p-values, but
  that texts may change places within their strata.

A q-value is the smallest rate of all thresholds at which a pair passes (Storey 2003, Annals of
Statistics 31).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.numeric.association import bin_upper_log10_p, binned_q_values

FAMILY = ("lang_a", "lang_b", "is_copy")

BINS = pa.schema(
    [
        ("lang_a", pa.string()),
        ("lang_b", pa.string()),
        ("is_copy", pa.bool_()),
        ("permutation", pa.int32()),
        ("p_bin", pa.int32()),
        ("count", pa.int64()),
    ]
)
"""Pairs in each bin of p-values; permutation 0 is the corpus itself."""

TESTS = pa.schema([*(BINS.field(name) for name in FAMILY), ("n_tests", pa.int64())])
"""Size of each family of tests."""

Q_VALUES = pa.schema(
    [*(BINS.field(name) for name in (*FAMILY, "p_bin")), ("q_value", pa.float64())]
)

Family = tuple[str, str, bool]


class Rate(NamedTuple):
    """How many pairs pass, and how many pass by chance."""

    n: int
    """Pairs of the corpus that pass."""

    by_chance: float
    """Pairs that pass in a permutation, as a share of those of the corpus; mean over all."""

    standard_error: float
    """Of that mean, from the spread over permutations; NaN for a single one."""


class _Counts(NamedTuple):
    p_bin: NDArray[np.int32]
    """[B] bins that occur, smallest p-values first."""

    passing: NDArray[np.int64]
    """[K + 1, B] pairs of the corpus, and of each permutation, in this bin or before."""


def q_values(bins: pa.Table, tests: pa.Table, n_permutations: int) -> pa.Table:
    """Rows of `Q_VALUES` for every bin that occurs, in the corpus or in a permutation.

    Parameters
    ----------
    bins
        Rows of `BINS`, of permutations up to `n_permutations`.
    tests
        Rows of `TESTS`, of all families in `bins`.
    """
    n_tests = _n_tests(tests)
    parts = [Q_VALUES.empty_table()]
    for family, counts in _families(bins, n_permutations):
        q = _q(counts, n_tests[family], list(range(1, n_permutations + 1)))
        columns = [*([name] * len(q) for name in family), counts.p_bin, q]
        parts.append(pa.Table.from_arrays(list(map(pa.array, columns)), schema=Q_VALUES))
    return pa.concat_tables(parts)


def measured_rates(
    bins: pa.Table, tests: pa.Table, n_permutations: int, max_q_value: float
) -> dict[tuple[str, str], Rate]:
    """The rate of pairs that pass by chance, in each language pair and (`all`, `all`).

    Each permutation is tested with q-values that are calibrated on the others, so that it is not
    judge in its own cause. A single permutation is tested with its own.
    """
    n_tests = _n_tests(tests)
    numbers = list(range(1, n_permutations + 1))
    totals: dict[tuple[str, str], NDArray[np.int64]] = {}
    for family, counts in _families(bins, n_permutations):
        found = np.zeros((2, n_permutations), np.int64)
        for number in numbers:
            others = [other for other in numbers if other != number] or numbers
            q = _q(counts, n_tests[family], others)
            n_bins = int(np.searchsorted(q, max_q_value, side="right"))
            if n_bins:
                found[:, number - 1] = counts.passing[[0, number], n_bins - 1]
        for pair in (family[:2], ("all", "all")):
            totals[pair] = totals.get(pair, 0) + found
    rates = {}
    for pair, (n, null) in totals.items():
        shares = null / np.maximum(n, 1)
        spread = shares.std(ddof=1) / np.sqrt(len(shares)) if len(shares) > 1 else np.nan
        rates[pair] = Rate(round(n.mean()), float(shares.mean()), float(spread))
    return rates


def _n_tests(tests: pa.Table) -> dict[Family, int]:
    return {tuple(row[name] for name in FAMILY): row["n_tests"] for row in tests.to_pylist()}


def _families(bins: pa.Table, n_permutations: int) -> Iterator[tuple[Family, _Counts]]:
    """Every family in order, with its bins."""
    columns = (bins[name].to_pylist() for name in FAMILY)
    names = list(zip(*columns, strict=True))
    permutation, p_bin, count = (
        bins[name].to_numpy() for name in ("permutation", "p_bin", "count")
    )
    found = sorted(set(names))
    place = {family: number for number, family in enumerate(found)}
    of_row = np.array([place[family] for family in names], np.int64)
    for number, family in enumerate(found):
        rows = of_row == number
        occurring, at = np.unique(-p_bin[rows].astype(np.int64), return_inverse=True)
        counts = np.zeros((n_permutations + 1, len(occurring)), np.int64)
        np.add.at(counts, (permutation[rows], at), count[rows])
        yield family, _Counts((-occurring).astype(np.int32), np.cumsum(counts, axis=1))


def _q(counts: _Counts, n_tests: int, permutations: list[int]) -> NDArray[np.float64]:
    """[B] q-values, rising."""
    n = counts.passing[0]
    q = binned_q_values(bin_upper_log10_p(counts.p_bin), n, n_tests)
    if permutations:
        null = counts.passing[permutations].sum(axis=0)
        rates = (null + 1) / (len(permutations) * np.maximum(n, 1))
        rates[n == 0] = np.inf
        q = np.minimum(q, np.minimum.accumulate(rates[::-1])[::-1])
    return q
