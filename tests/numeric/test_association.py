"""Association measures against scipy, and false discoveries against the textbook."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pivotmine.errors import InputError
from pivotmine.numeric.association import (
    MAX_P_VALUE_BIN,
    additive_background,
    bin_upper_log10_p,
    binned_q_values,
    dice,
    expected,
    log_likelihood_ratio,
    npmi,
    p_value_bin,
)
from tests.numeric.q_values import benjamini_hochberg

BIN_WIDTH = 10 ** (1 / 256)
cell = st.integers(0, 10_000)
log10_p_values = st.lists(
    st.floats(-400, 0) | st.sampled_from([0.0, -1.0, -1.5, -5000.0]), min_size=1, max_size=60
).map(np.array)


def margins(both: int, only_a: int, only_b: int, neither: int) -> tuple[int, int, int, int]:
    return both, both + only_a, both + only_b, both + only_a + only_b + neither


@given(cell, cell, cell, cell)
def test_g2_equals_that_of_scipy_also_with_zero_cells(both, only_a, only_b, neither):
    table = np.array([[both, only_a], [only_b, neither]])
    g2 = log_likelihood_ratio(*margins(both, only_a, only_b, neither))
    if (table.sum(axis=0) == 0).any() or (table.sum(axis=1) == 0).any():
        assert g2 == 0
    else:
        reference = stats.chi2_contingency(table, correction=False, lambda_="log-likelihood")
        assert g2 == pytest.approx(reference.statistic, rel=1e-9, abs=1e-7)


def test_g2_keeps_its_digits_in_a_large_population():
    # One context above the 1,000,000 expected: G2 is difference^2 / E to first order.
    g2 = log_likelihood_ratio(1_000_001, 10**9, 10**9, 10**12)
    assert g2 == pytest.approx(1 / 10**6 / (1 - 10**-3) ** 2, rel=1e-5)


def test_measures_take_columns_and_return_columns():
    counts = np.array([[3, 5, 4, 100], [0, 5, 4, 100]]).T
    assert log_likelihood_ratio(*counts).shape == (2,)
    assert expected(*counts[1:]).tolist() == [0.2, 0.2]
    assert dice(*counts[:3]).tolist() == pytest.approx([2 * 3 / 9, 0])


def test_a_table_whose_margins_do_not_fit_has_a_finite_g2():
    assert np.isfinite(log_likelihood_ratio([9, 5], [4, 8], [4, 8], [10, 10])).all()


@given(cell, cell, cell, cell)
def test_npmi_lies_between_never_and_always_together(both, only_a, only_b, neither):
    value = npmi(*margins(both, only_a, only_b, neither))
    assert -1 <= value <= 1 + 1e-12
    assert (value == -1) == (both == 0)


@pytest.mark.parametrize(
    ("table", "value"),
    [
        ((1, 10, 10, 100), 0.0),
        ((7, 7, 7, 100), 1.0),
        ((100, 100, 100, 100), 1.0),
        ((0, 0, 5, 9), -1),
    ],
    ids=["independent", "never apart", "in every context", "never together"],
)
def test_npmi_at_its_limits(table, value):
    assert npmi(*table) == pytest.approx(value)


def test_additive_background_is_the_mean_df_difference_of_equal_samples():
    rng = np.random.default_rng(0)
    has_a = rng.random(200_000) < 0.1
    has_b = rng.random(200_000) < np.where(has_a, 0.3, 0.05)
    value = additive_background((has_a & has_b).sum(), has_a.sum(), has_b.sum(), len(has_a))
    sample = 2_000
    differences = [
        rng.choice(has_b[has_a], sample).sum() - rng.choice(has_b, sample).sum() for _ in range(300)
    ]
    assert value * sample == pytest.approx(np.mean(differences), abs=5)


@given(log10_p_values, st.integers(0, 100))
def test_q_values_equal_those_of_scipy_with_untested_pairs_at_one(log10_p, untested):
    p_values = np.concatenate((10.0**log10_p, np.ones(untested)))
    reference = stats.false_discovery_control(p_values)[: len(log10_p)]
    q_values = benjamini_hochberg(log10_p, len(p_values))
    assert q_values == pytest.approx(reference, rel=1e-9, abs=1e-300)


@given(log10_p_values, st.integers(0, 10_000))
def test_binned_q_is_never_below_the_exact_one_and_within_a_bin_of_it(log10_p, untested):
    n_tests = len(log10_p) + untested
    bins = p_value_bin(log10_p)
    occupied = np.unique(bins)[::-1]
    cumulative = np.array([(bins >= k).sum() for k in occupied])
    binned = binned_q_values(bin_upper_log10_p(occupied), cumulative, n_tests)
    of_bin = dict(zip(occupied.tolist(), binned.tolist(), strict=True))
    exact = benjamini_hochberg(log10_p, n_tests)
    for k, q in zip(bins.tolist(), exact.tolist(), strict=True):
        # Subnormal numbers have too few digits for a ratio of 0.9 %.
        subnormal = q < np.finfo(np.float64).smallest_normal and of_bin[k] < 1e-300
        assert subnormal or q * (1 - 1e-9) <= of_bin[k] <= q * BIN_WIDTH * (1 + 1e-9)


@given(st.floats(-1e7, 0))
def test_a_bin_rounds_p_up_by_less_than_its_width(log10_p):
    k = p_value_bin(log10_p)
    assert log10_p <= bin_upper_log10_p(k)
    assert k == MAX_P_VALUE_BIN or bin_upper_log10_p(k + 1) < log10_p


def test_no_evidence_falls_into_the_first_bin_and_all_the_evidence_into_the_last():
    assert p_value_bin([0.0, -0.0, -1.0, -np.inf]).tolist() == [0, 0, 256, MAX_P_VALUE_BIN]


def test_empty_bins_may_be_left_in():
    edges = np.array([-3.0, -2.0, -1.0])
    with_empty = binned_q_values(edges, np.array([0, 2, 2]), 10)
    assert with_empty[1] == binned_q_values(edges[1:2], np.array([2]), 10)[0]


@pytest.mark.parametrize(
    ("edges", "counts", "message"),
    [
        ([-1.0, -2.0], [1, 2], "ascending order"),
        ([-1.0, 0.5], [1, 2], "at most 0"),
        ([-2.0, -1.0], [2, 1], "must rise within 0..n_tests=3"),
        ([-2.0, -1.0], [2, 4], "span 2..4"),
        ([np.nan], [1], "ascending order"),
    ],
)
def test_invalid_histograms_are_refused(edges, counts, message):
    with pytest.raises(InputError, match=message):
        binned_q_values(np.array(edges), np.array(counts), 3)


def test_a_family_without_tests_has_no_q_values():
    assert benjamini_hochberg(np.empty(0), 5).tolist() == []
