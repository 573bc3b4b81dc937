"""Tails over strata agree with exact ones, and mean and NPMI with those of a single table."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pivotmine.errors import InputError
from pivotmine.numeric.association import npmi
from pivotmine.numeric.stratified_association import log10_stratified_p_value, stratified_npmi

strata = st.lists(
    st.tuples(st.integers(60, 200), st.integers(1, 40), st.integers(1, 40)),
    min_size=1,
    max_size=4,
)


def exact(of_strata: list[tuple[int, int, int]]) -> np.ndarray:
    """Probabilities of the sum of independent hypergeometric numbers."""
    total = np.ones(1)
    for size, a, b in of_strata:
        total = np.convolve(total, stats.hypergeom.pmf(np.arange(size + 1), size, a, b))
    return total


def moments(of_strata: list[tuple[int, int, int]]) -> tuple[float, float]:
    """Mean, and largest number."""
    n, a, b = np.array(of_strata, np.float64).T
    return float((a * b / n).sum()), float(np.minimum(a, b).sum())


@given(st.floats(0.5, 500), st.integers(2, 60))
def test_where_words_are_rare_the_tail_is_that_of_poisson(mean, above):
    k = float(int(mean) + above)
    for most in (1e11, 1e15):
        found = log10_stratified_p_value(np.array([k]), np.array([mean]), np.array([most]))
        assert found[0] == pytest.approx(stats.poisson.logsf(k - 1, mean) / np.log(10), rel=1e-3)


@given(strata)
def test_a_p_value_is_never_too_small(of_strata):
    probabilities = exact(of_strata)
    mean, most = moments(of_strata)
    k = np.arange(len(probabilities), dtype=np.float64)
    tail = np.cumsum(probabilities[::-1])[::-1]
    found = log10_stratified_p_value(k, np.full(len(k), mean), np.full(len(k), most))
    possible = (k <= most) & (tail > 1e-12)
    assert (found[possible] >= np.log10(tail[possible]) - 1e-6).all()


@given(strata)
def test_a_p_value_is_that_of_a_binomial_distribution(of_strata):
    mean, most = moments(of_strata)
    k = np.arange(int(mean) + 2.0, most + 1)
    found = log10_stratified_p_value(k, np.full(len(k), mean), np.full(len(k), most))
    assert found == pytest.approx(stats.binom.logsf(k - 1, most, mean / most) / np.log(10))


@given(strata)
def test_a_tail_falls_with_the_count_and_is_a_probability(of_strata):
    mean, most = moments(of_strata)
    k = np.arange(0.0, 200.0)
    found = log10_stratified_p_value(k, np.full(200, mean), np.full(200, most))
    assert (found[1:] <= found[:-1] + 1e-9).all()
    assert (found[k < mean + 1] == 0).all()
    assert (found <= 0).all()


def test_a_tail_of_large_numbers_is_close_to_that_of_the_normal_distribution():
    mean, most = 1e9, 1e14
    k = mean + np.array([1.0, 3.0, 6.0]) * np.sqrt(mean)
    found = log10_stratified_p_value(k, np.full(3, mean), np.full(3, most))
    assert found == pytest.approx(stats.norm.logsf([1, 3, 6]) / np.log(10), abs=0.2)
    assert (found >= stats.norm.logsf([1, 3, 6]) / np.log(10) - 1e-3).all()


def test_negative_numbers_are_refused():
    with pytest.raises(InputError, match="most is -1"):
        log10_stratified_p_value(np.ones(1), np.ones(1), -np.ones(1))


@given(st.integers(1, 50), st.integers(0, 50), st.integers(0, 50), st.integers(0, 500))
def test_with_one_stratum_npmi_is_that_of_the_table(n_ab, more_a, more_b, more):
    n_a, n_b = n_ab + more_a, n_ab + more_b
    n = n_ab + more_a + more_b + more
    table = [np.array([float(value)]) for value in (n_ab, n_a, n_b, n)]
    found = stratified_npmi(table[0], table[1] * table[2] / table[3], table[3])
    assert found == pytest.approx(npmi(*table))
