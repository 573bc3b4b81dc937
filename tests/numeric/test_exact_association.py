"""Exact tails and bounds against scipy, and smoothed margins against their definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pivotmine.errors import InputError
from pivotmine.numeric.exact_association import (
    log2_ratio_lower_bound,
    smoothed_margins,
)

cell = st.integers(0, 300)


def margins(both: int, only_a: int, only_b: int, neither: int) -> tuple[int, int, int, int]:
    return both, both + only_a, both + only_b, both + only_a + only_b + neither


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 300), cell, cell, cell, st.sampled_from([0.9, 0.95, 0.999]))
def test_the_lower_bound_is_that_of_clopper_and_pearson(both, only_a, only_b, neither, confidence):
    n_ab, n_a, n_b, n = margins(both, only_a, only_b, neither)
    rates = [
        stats.binomtest(n_ab, of, alternative="greater").proportion_ci(confidence).low
        for of in (n_a, n_b)
    ]
    expected = min(np.log2(rates[0] * n / n_b), np.log2(rates[1] * n / n_a))
    bound = log2_ratio_lower_bound(n_ab, n_a, n_b, n, confidence=confidence)
    assert bound == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert bound < np.log2(n_ab * n / (n_a * n_b))


def test_the_lower_bound_ranks_many_contexts_above_one_perfect_context():
    once, often = log2_ratio_lower_bound([1, 45], [1, 50], [1, 50], [10_000, 10_000])
    pmi_once, pmi_often = np.log2([10_000, 45 * 10_000 / 2500])
    assert pmi_once > pmi_often
    assert often > pmi_often - 0.5
    assert once < pmi_once - 4


def test_words_that_never_meet_have_no_lower_bound():
    assert log2_ratio_lower_bound(0, 5, 5, 100) == -np.inf
    with pytest.raises(InputError, match="confidence is 1"):
        log2_ratio_lower_bound(1, 5, 5, 100, confidence=1)


@given(
    st.lists(st.integers(1, 10**6), min_size=1, max_size=50),
    st.floats(0.1, 1.0, exclude_max=False),
)
def test_smoothing_keeps_the_sum_and_the_order_and_lifts_the_rare(counts, exponent):
    smoothed = smoothed_margins(counts, exponent)
    n = np.array(counts, float)
    assert smoothed.sum() == pytest.approx(n.sum())
    ratio = smoothed / n
    order = np.argsort(n, kind="stable")
    assert (np.diff(smoothed[order]) >= -1e-9 * smoothed.max()).all()
    assert (np.diff(ratio[order]) <= 1e-9 * ratio.max()).all()


def test_smoothing_with_exponent_one_changes_nothing():
    assert smoothed_margins([1, 20, 0, 300], 1.0).tolist() == pytest.approx([1, 20, 0, 300])
    assert smoothed_margins([0, 0]).tolist() == [0, 0]
    with pytest.raises(InputError, match="exponent is 0"):
        smoothed_margins([1, 2], 0)
    with pytest.raises(InputError, match="a margin is -1"):
        smoothed_margins([1, -1])
