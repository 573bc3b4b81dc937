"""q-values of binned p-values, one family of tests for each pair of languages."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pivotmine.numeric.association import bin_upper_log10_p, binned_q_values

_SCHEMA = pa.schema(
    [
        ("lang_a", pa.string()),
        ("lang_b", pa.string()),
        ("p_bin", pa.int32()),
        ("q_value", pa.float64()),
    ]
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
    parts = [_SCHEMA.empty_table()]
    for pair in np.unique(pairs):
        lang_a, lang_b = pair.split(" ")
        part = bins.filter(pa.array(pairs == pair)).sort_by("p_bin")
        p_bin = part["p_bin"].to_numpy()
        # Higher bins hold smaller p-values: from the strongest pair downwards.
        order = np.argsort(-p_bin, kind="stable")
        cumulative = np.cumsum(part["count"].to_numpy()[order])
        q = binned_q_values(bin_upper_log10_p(p_bin[order]), cumulative, n_tests[lang_a, lang_b])
        columns = [[lang_a] * len(q), [lang_b] * len(q), p_bin[order], q]
        parts.append(pa.Table.from_arrays(list(map(pa.array, columns)), schema=_SCHEMA))
    return pa.concat_tables(parts)
