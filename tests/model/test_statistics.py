"""Statistics of paired seeds, against published numbers, other implementations and simulation."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pivotmine.model.statistics.paired import (
    equivalence,
    paired_t,
    sign_flip,
    two_way_bootstrap,
    wider,
)
from pivotmine.model.statistics.power import Spread, detectable, power, spread
from pivotmine.model.statistics.reach import first_reach, tokens_to_reach
from pivotmine.model.statistics.verdict import findings
from pivotmine.numeric.bootstrap import Interval

SLEEP = np.array([1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4])
"""Differences of Student's (1908) sleep data: t = 4.0621, p = .002833, interval .70 to 2.46."""

DARWIN = np.array([49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48.0])
"""Darwin's maize; Fisher (1935, section 21) counts 1,726 of 32,768 sign patterns as extreme."""


def test_students_own_data_give_his_interval():
    interval, test = paired_t(SLEEP)
    assert test.p_value == pytest.approx(0.002833, abs=1e-6)
    assert interval == pytest.approx((1.58, 0.7001, 2.4599), abs=1e-4)


def test_fishers_count_of_sign_patterns():
    test = sign_flip(DARWIN)
    assert test.p_value == pytest.approx(1726 / 32768)
    assert test.smallest == 2 / 2**15


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=8))
def test_the_sign_flip_test_counts_every_pattern(values):
    differences = np.array(values, np.float64) / 3
    sums = [abs(sum(s * v for s, v in zip(signs, values, strict=True)))
            for signs in product((1, -1), repeat=len(values))]  # fmt: skip
    wanted = np.mean([s >= abs(sum(values)) for s in sums])
    assert sign_flip(differences).p_value == pytest.approx(wanted)


def test_the_smallest_p_of_few_seeds_is_stated_and_reached():
    for n, smallest in ((3, 0.25), (5, 0.0625), (6, 0.03125), (8, 0.0078125)):
        test = sign_flip(np.linspace(1, 2, n))
        assert test.p_value == test.smallest == smallest


def test_many_seeds_are_sampled_and_agree_with_t():
    differences = np.random.default_rng(0).normal(0.2, 1, 60)
    assert sign_flip(differences).p_value == pytest.approx(
        paired_t(differences)[1].p_value, rel=0.1
    )


def test_the_bootstrap_draws_seeds_and_words():
    generator = np.random.default_rng(1)
    seeds, words = generator.normal(0, 1, (12, 1)), generator.normal(0, 2, (1, 150))
    for values, error in (
        (seeds + 0 * words, seeds.std() / 12**0.5),
        (words + 0 * seeds, words.std() / 150**0.5),
    ):
        interval = two_way_bootstrap(values, 4_000, 0)
        assert (interval.high - interval.low) / (2 * 1.96) == pytest.approx(error, rel=0.1)
        assert interval.mean == pytest.approx(values.mean())
    both = two_way_bootstrap(seeds + words, 4_000, 0)
    assert both == two_way_bootstrap(seeds + words, 4_000, 0)


def test_the_wider_interval_is_reported():
    one, other = Interval(1, 0, 2), Interval(1, 0.5, 1.5)
    assert wider(one, other) == wider(other, one) == one
    assert wider(Interval(1, float("nan"), float("nan")), other) == other


def test_equivalence_is_two_one_sided_tests():
    same = np.array([0.001, -0.002, 0.003, 0.0, -0.001, 0.002])
    lower = stats.ttest_1samp(same, -0.01, alternative="greater").pvalue
    upper = stats.ttest_1samp(same, 0.01, alternative="less").pvalue
    assert equivalence(same, 0.01) == pytest.approx(max(lower, upper))
    assert equivalence(same + 0.01, 0.01) > 0.4
    assert np.isnan(equivalence(same[:1], 0.01))


@pytest.mark.parametrize(("effect", "n"), [(0.2, 199), (0.5, 34), (0.8, 15)])
def test_power_is_that_of_published_tables(effect, n):
    """Paired t, two-sided, alpha .05, power .8; small, medium and large effects (G*Power 3.1)."""
    assert power(effect, 1.0, n, 0.05) >= 0.8 > power(effect, 1.0, n - 1, 0.05)


def test_the_detectable_effect_inverts_power():
    assert power(detectable(0.3, 6, 0.01), 0.3, 6, 0.01) == pytest.approx(0.8, abs=1e-4)
    assert power(50.0, 0.3, 6, 0.05) == pytest.approx(1.0)
    assert np.isnan(detectable(0.3, 1, 0.05))


def test_components_of_variance_are_estimated():
    generator = np.random.default_rng(2)
    values = (
        generator.normal(0, 0.5, (40, 1))
        + generator.normal(0, 1.0, (1, 400))
        + generator.normal(0, 2.0, (40, 400))
    )
    found = spread(values)
    assert found.seed == pytest.approx(0.5, rel=0.25)
    assert found.word == pytest.approx(1.0, rel=0.15)
    assert found.rest == pytest.approx(2.0, rel=0.05)
    by_seed = values.mean(axis=1).std(ddof=1)
    assert found.over_seeds(400) == pytest.approx(by_seed, rel=1e-9)
    assert Spread(0.3, 9.0, 0.4).over_seeds(4) == pytest.approx(np.hypot(0.3, 0.2))


def test_tokens_to_reach_interpolates_and_counts_seeds_that_never_reach_it():
    tokens = [100, 200, 400]
    assert first_reach(tokens, np.array([0.0, 1.0, 2.0]), 1.5) == 300
    assert first_reach(tokens, np.array([0.0, 1.0, 2.0]), -1) == 100
    assert np.isnan(first_reach(tokens, np.array([0.0, 1.0, 2.0]), 2.1))
    arm = np.array([[0.0, 2.0, 4.0], [0.0, 0.1, 0.2]])
    against = np.array([[0.0, 0.5, 2.0], [0.0, 0.5, 1.0]])
    found = tokens_to_reach(tokens, arm, against)
    assert (found.ratio, found.n_reached, found.n_seeds) == (2.0, 1, 2)
    nobody = tokens_to_reach(tokens, against[1:] * 0, against[1:])
    assert np.isnan(nobody.ratio)
    assert nobody.n_reached == 0


def differences(effect: float, n_seeds: int, seed: int = 0, n_words: int = 60) -> np.ndarray:
    generator = np.random.default_rng(seed)
    by_seed = generator.normal(effect, 0.1, (n_seeds, 1))
    return by_seed + generator.normal(0, 0.3, (n_seeds, n_words))


def test_a_clear_difference_is_significant_and_none_is_not():
    clear, none = findings([differences(0.8, 6), differences(0.0, 6, 1)], 0.05, 1_000, 0)
    assert clear.verdict == "significant"
    assert clear.interval.low > 0
    assert none.verdict == "not significant"
    assert clear.p_adjusted == pytest.approx(2 * clear.p_t)


@pytest.mark.parametrize("n_seeds", [1, 2, 5])
def test_with_few_seeds_nothing_is_called_significant(n_seeds):
    (found,) = findings([differences(50.0, n_seeds)], 0.05, 200, 0)
    assert found.verdict == "too few seeds"
    assert found.smallest_p_flip > 0.05


def test_one_outlying_seed_makes_nothing_significant():
    values = differences(0.0, 8, 3)
    values[0] += 5.0
    (found,) = findings([values], 0.05, 500, 0)
    assert found.verdict == "not significant"


def test_few_null_experiments_are_called_significant():
    """Five contrasts without effect, 300 times: at most 5 % may claim anything (here: fewer)."""
    n_false = sum(
        any(
            one.verdict == "significant"
            for one in findings([differences(0.0, 6, 5 * n + k, 8) for k in range(5)], 0.05, 100, n)
        )
        for n in range(300)
    )
    assert n_false <= 0.05 * 300
