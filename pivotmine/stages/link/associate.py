"""The test of a pair: how strong the association of its nodes is, and how sure.

The p-values of a language pair are one family of tests, which `q_values` corrects.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.numeric.association import (
    bin_upper_log10_p,
    binned_q_values,
    expected,
    log_likelihood_ratio,
    npmi,
    p_value_bin,
)
from pivotmine.numeric.exact_association import log10_attraction_p_value
from pivotmine.numeric.measures import strength

Floats = NDArray[np.float64]

_Q_VALUES = pa.schema(
    [
        ("lang_a", pa.string()),
        ("lang_b", pa.string()),
        ("p_bin", pa.int32()),
        ("q_value", pa.float64()),
    ]
)


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


def q_values(bins: pa.Table, tests: pa.Table) -> pa.Table:
    """Columns lang_a, lang_b, p_bin, q_value of every bin that occurs.

    Parameters
    ----------
    bins
        Columns lang_a, lang_b, p_bin, count: pairs in each bin.
    tests
        Columns lang_a, lang_b, n_tests: size of each family of tests.
    """
    n_tests = {(row["lang_a"], row["lang_b"]): row["n_tests"] for row in tests.to_pylist()}
    languages = zip(bins["lang_a"].to_pylist(), bins["lang_b"].to_pylist(), strict=True)
    pairs = np.array([f"{a} {b}" for a, b in languages])
    parts = [_Q_VALUES.empty_table()]
    for pair in np.unique(pairs):
        lang_a, lang_b = pair.split(" ")
        part = bins.filter(pa.array(pairs == pair)).sort_by("p_bin")
        p_bin = part["p_bin"].to_numpy()
        # Higher bins hold smaller p-values: from the strongest pair downwards.
        order = np.argsort(-p_bin, kind="stable")
        cumulative = np.cumsum(part["count"].to_numpy()[order])
        q = binned_q_values(bin_upper_log10_p(p_bin[order]), cumulative, n_tests[lang_a, lang_b])
        columns = [[lang_a] * len(q), [lang_b] * len(q), p_bin[order], q]
        parts.append(pa.Table.from_arrays(list(map(pa.array, columns)), schema=_Q_VALUES))
    return pa.concat_tables(parts)
