"""q-values count what permutations let through, and each permutation is judged by the others."""

from __future__ import annotations

import math

import pyarrow as pa
import pytest

from pivotmine.numeric.association import bin_upper_log10_p
from pivotmine.numeric.q_values import BINS, TESTS, measured_rates, q_values


def bins(*rows: tuple[int, int, int], family: tuple[str, str, bool] = ("en", "fr", False)):
    """Rows of (permutation, p_bin, count)."""
    names = dict(zip(("lang_a", "lang_b", "is_copy"), family, strict=True))
    found = [
        {**names, "permutation": number, "p_bin": p_bin, "count": count}
        for number, p_bin, count in rows
    ]
    return pa.Table.from_pylist(found, BINS)


def family_of(n_tests: int, family: tuple[str, str, bool] = ("en", "fr", False)) -> pa.Table:
    names = dict(zip(("lang_a", "lang_b", "is_copy"), family, strict=True))
    return pa.Table.from_pylist([{**names, "n_tests": n_tests}], TESTS)


MANY = 10**12
"""So many tests that Benjamini and Hochberg would let nothing pass."""


def by_bin(table: pa.Table) -> dict[int, float]:
    return dict(zip(table["p_bin"].to_pylist(), table["q_value"].to_pylist(), strict=True))


def test_a_q_value_is_what_permutations_let_through_as_a_share_of_the_corpus():
    found = by_bin(q_values(bins((0, 900, 100), (0, 800, 100), (1, 800, 3), (2, 800, 6)),
                            family_of(MANY), 2))  # fmt: skip
    assert found[900] == pytest.approx(1 / (2 * 100))
    assert found[800] == pytest.approx((3 + 6 + 1) / (2 * 200))


def test_pairs_of_a_permutation_count_also_where_no_pair_of_the_corpus_lies():
    # The strongest pair of all is one of a permutation.
    found = by_bin(q_values(bins((0, 900, 50), (1, 1000, 4)), family_of(MANY), 1))
    assert found[900] == pytest.approx((4 + 1) / 50)
    assert found[1000] == found[900], "it passes where the corpus does"


def test_a_q_value_never_falls_as_p_values_rise():
    found = by_bin(q_values(bins((0, 900, 10), (0, 800, 990), (1, 900, 1)), family_of(MANY), 1))
    assert found[900] == found[800] == pytest.approx(2 / 1000)


def test_where_few_pairs_are_tested_benjamini_and_hochberg_let_more_pass():
    table = bins((0, 2000, 2), (1, 10, 40))
    found = by_bin(q_values(table, family_of(100), 1))
    assert found[2000] == pytest.approx(100 * 10 ** bin_upper_log10_p(2000) / 2)


def test_without_permutations_q_values_are_those_of_benjamini_and_hochberg():
    found = by_bin(q_values(bins((0, 2000, 2), (0, 1500, 3)), family_of(100), 0))
    assert found[1500] == pytest.approx(100 * 10 ** bin_upper_log10_p(1500) / 5)


def test_families_are_apart():
    copies = ("en", "fr", True)
    table = pa.concat_tables([
        bins((0, 900, 100), (1, 900, 50)), bins((0, 900, 100), family=copies)
    ])  # fmt: skip
    tests = pa.concat_tables([family_of(MANY), family_of(MANY, copies)])
    found = {row["is_copy"]: row["q_value"] for row in q_values(table, tests, 1).to_pylist()}
    assert found == {False: pytest.approx(51 / 100), True: pytest.approx(1 / 100)}


def test_a_permutation_is_tested_with_the_q_values_of_the_others():
    # At 5 % permutation 1 alone would stop before bin 800, and permutation 2 alone after it.
    table = bins((0, 900, 100), (0, 800, 900), (1, 800, 80), (2, 800, 20))
    rate = measured_rates(table, family_of(MANY), 2, 0.05)["en", "fr"]
    # By 2, which has 21 of 1,000, permutation 1 has 80; by 1, which stops, permutation 2 has none.
    assert rate.by_chance == pytest.approx((80 / 1000 + 0 / 100) / 2)
    assert rate.standard_error == pytest.approx(0.08 / math.sqrt(2) / math.sqrt(2))
    assert rate.n == (1000 + 100) // 2


def test_all_language_pairs_together_have_a_rate():
    other = ("en", "ja", False)
    table = pa.concat_tables([
        bins((0, 900, 100), (1, 900, 1), (2, 900, 1)),
        bins((0, 900, 300), (1, 900, 3), (2, 900, 3), family=other),
    ])  # fmt: skip
    tests = pa.concat_tables([family_of(MANY), family_of(MANY, other)])
    rates = measured_rates(table, tests, 2, 0.05)
    assert set(rates) == {("en", "fr"), ("en", "ja"), ("all", "all")}
    assert rates["all", "all"].n == 400
    assert rates["all", "all"].by_chance == pytest.approx(4 / 400)


def test_one_permutation_has_a_rate_without_an_error():
    rate = measured_rates(bins((0, 900, 100), (1, 900, 1)), family_of(MANY), 1, 0.05)["en", "fr"]
    assert rate.by_chance == pytest.approx(0.01)
    assert math.isnan(rate.standard_error)


def test_no_pairs_have_no_q_values_and_no_rates():
    assert q_values(BINS.empty_table(), TESTS.empty_table(), 2).num_rows == 0
    assert measured_rates(BINS.empty_table(), TESTS.empty_table(), 2, 0.05) == {}
