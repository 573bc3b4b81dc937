"""Rank statistics, resampling and fits, against scipy, scikit-learn and planted effects."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from pivotmine.model.attribution.fit import Sample, fits, fold_of, solve
from pivotmine.model.attribution.rank import auc, mid_ranks, partial_correlation, rank_correlations
from pivotmine.model.attribution.resample import ConceptResamples, stat
from pivotmine.model.statistics.verdict import holm

values = st.lists(st.integers(0, 6), min_size=4, max_size=30)


def ones(n: int) -> np.ndarray:
    return np.ones((1, n))


def repeated(column: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """A resample written out: every word as often as it was drawn."""
    return np.repeat(column, weights.astype(int))


@given(values, st.integers(0, 2**16))
@settings(max_examples=60, deadline=None)
def test_auc_is_the_mann_whitney_statistic_and_counts_ties_half(drawn, seed):
    x = np.array(drawn, float)
    positive = np.random.default_rng(seed).random(len(x)) < 0.5
    found = auc(x, positive, ones(len(x)))[0]
    if positive.all() or not positive.any():
        assert np.isnan(found)
    else:
        u = scipy_stats.mannwhitneyu(x[positive], x[~positive]).statistic
        assert found == pytest.approx(u / (positive.sum() * (~positive).sum()))


def test_auc_agrees_with_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    generator = np.random.default_rng(3)
    x = generator.integers(0, 9, 200).astype(float)
    positive = generator.random(200) < 0.3
    assert auc(x, positive, ones(200))[0] == pytest.approx(metrics.roc_auc_score(positive, x))


@given(values, st.integers(0, 2**16))
@settings(max_examples=60, deadline=None)
def test_weighted_ranks_and_auc_equal_those_of_repeated_words(drawn, seed):
    generator = np.random.default_rng(seed)
    x = np.array(drawn, float)
    weights = generator.integers(0, 4, (3, len(x))).astype(float)
    positive = generator.random(len(x)) < 0.5
    ranks = mid_ranks(x, weights)
    areas = auc(x, positive, weights)
    for row, w in enumerate(weights):
        written = scipy_stats.rankdata(repeated(x, w))
        assert np.allclose(repeated(ranks[row], w), written)
        again = auc(repeated(x, w), repeated(positive, w), ones(int(w.sum())))
        assert np.allclose(areas[row], again[0], equal_nan=True)


def partial_spearman(one: Any, other: Any, given: list[Any], weights: Any) -> Any:
    correlations = rank_correlations([one, other, *given], weights)
    return partial_correlation(correlations, 0, 1, range(2, 2 + len(given)))


def test_spearman_equals_scipy():
    generator = np.random.default_rng(0)
    one = generator.integers(0, 8, 60).astype(float)
    other = one + generator.integers(0, 8, 60)
    expected = scipy_stats.spearmanr(one, other).statistic
    assert partial_spearman(one, other, [], ones(60))[0] == pytest.approx(expected)


def test_partial_spearman_is_the_correlation_of_the_residuals_of_ranks():
    generator = np.random.default_rng(1)
    frequencies = [generator.normal(size=80) for _ in range(2)]
    one = frequencies[0] + generator.normal(size=80)
    other = frequencies[0] - frequencies[1] + 0.5 * one + generator.normal(size=80)
    design = np.column_stack([np.ones(80), *map(scipy_stats.rankdata, frequencies)])

    def left(column: np.ndarray) -> np.ndarray:
        ranks = scipy_stats.rankdata(column)
        return ranks - design @ np.linalg.lstsq(design, ranks, rcond=None)[0]

    expected = np.corrcoef(left(one), left(other))[0, 1]
    assert partial_spearman(one, other, frequencies, ones(80))[0] == pytest.approx(expected)


def test_a_constant_or_redundant_predictor_has_no_correlation():
    x = np.arange(20.0)
    assert np.isnan(partial_spearman(x, np.ones(20), [], ones(20))[0])
    assert np.isnan(partial_spearman(x, x**2, [x**3], ones(20))[0])
    assert partial_spearman(x, x**2, [], ones(20))[0] == pytest.approx(1.0)


def test_holm_steps_down_and_skips_missing_p_values():
    assert holm([0.01, 0.04, 0.03, float("nan")]) == pytest.approx(
        [0.03, 0.06, 0.06, float("nan")], nan_ok=True
    )
    assert holm([0.9, 0.8]) == [1.0, 1.0]


def test_an_interval_covers_the_truth_and_agrees_with_its_p_value():
    generator = np.random.default_rng(5)
    covered = 0
    for seed in range(60):
        x, y = generator.normal(size=(2, 60))
        everything = np.arange(60)
        resampled = ConceptResamples(60, 300, seed).apply(
            everything, lambda weights, x=x, y=y: partial_spearman(x, y, [], weights)
        )
        found = stat(float(partial_spearman(x, y, [], ones(60))[0]), resampled, 60)
        covered += found.low <= 0 <= found.high
        if found.p_value < 0.04:
            assert not found.low <= 0 <= found.high
        if found.p_value > 0.06:
            assert found.low <= 0 <= found.high
    assert covered >= 51  # of 60 at 95 %; 50 or fewer has a chance of about 1 in 700


def test_a_statistic_that_is_undefined_in_many_resamples_has_no_interval():
    resampled = np.where(np.arange(100) < 10, np.nan, 1.0)
    found = stat(1.0, resampled, 7)
    assert found.value == 1.0
    assert np.isnan(found.low)
    assert np.isnan(found.p_value)


def test_a_gain_below_zero_is_not_significant():
    resampled = np.linspace(-2, -1, 200)
    assert stat(-1.5, resampled, 7).p_value < 0.02
    assert stat(-1.5, resampled, 7, only_above=True).p_value == 1.0
    assert stat(1.5, -resampled, 7, only_above=True).p_value < 0.02


def test_concepts_are_drawn_with_all_their_directions():
    concepts = np.array([0, 1, 2, 0, 1, 2])
    drawn = ConceptResamples(3, 40, 0).apply(concepts, lambda weights: weights)
    assert (drawn[:, :3] == drawn[:, 3:]).all()
    assert (drawn[:, :3].sum(axis=1) == 3).all()
    assert (drawn == ConceptResamples(3, 40, 0).apply(concepts, lambda weights: weights)).all()


def sample(slope: float, n: int = 300, seed: int = 0) -> tuple[Sample, np.ndarray]:
    """Scores from frequencies and a planted slope on co-occurrence, in two directions."""
    generator = np.random.default_rng(seed)
    source, target = generator.normal(5, 1.5, (2, n))
    together = 0.3 * source + 0.3 * target + generator.normal(0, 1, n)
    path = 0.5 * together + generator.normal(0, 1, n)
    direction = np.arange(n) % 2
    score = 3 * direction + 0.4 * target + slope * together + generator.normal(0, 1, n)
    predictors = {
        "source_frequency": source,
        "target_frequency": target,
        "cooccurrence": together,
        "pivot_path": path,
    }
    concept = np.arange(n) // 2
    folds = np.array([fold_of(f"c{number}", 5) for number in range(n // 2)])
    return Sample(score, predictors, direction, concept), folds


def test_weighted_least_squares_equals_that_of_repeated_words():
    generator = np.random.default_rng(2)
    design = np.column_stack([np.ones(30), generator.normal(size=(30, 2))])
    score = generator.normal(size=30)
    weights = generator.integers(0, 4, (5, 30)).astype(float)
    for row, w in enumerate(weights):
        written = [repeated(column, w) for column in design.T]
        expected = np.linalg.lstsq(np.column_stack(written), repeated(score, w), rcond=None)[0]
        assert np.allclose(solve(design, score, weights)[row], expected, atol=1e-6)


def test_a_planted_slope_is_found_and_helps_on_new_concepts():
    planted, folds = sample(0.6)
    found = fits(planted, folds, ConceptResamples(150, 400, 0))
    slope = found["slopes"]["cooccurrence"]
    assert slope.low < 0.6 < slope.high
    assert found["slopes"]["source_frequency"].low < 0 < found["slopes"]["source_frequency"].high
    assert found["gains"]["co-occurrence beyond frequencies"].low > 0
    assert found["gains"]["both beyond co-occurrence"].low <= 0
    assert found["r2_new"]["frequencies"] < found["r2_new"]["co-occurrence"] < found["r2"]["both"]


def test_without_an_effect_co_occurrence_adds_nothing_to_frequencies():
    nothing, folds = sample(0.0, seed=4)
    found = fits(nothing, folds, ConceptResamples(150, 400, 0))
    assert found["gains"]["co-occurrence beyond frequencies"].low <= 0
    assert found["slopes"]["cooccurrence"].low < 0 < found["slopes"]["cooccurrence"].high


def test_r2_of_new_words_is_relative_to_the_means_of_directions():
    one, folds = sample(0.6, n=120)
    found = fits(one, folds, ConceptResamples(60, 100, 0))
    error, null = 0.0, 0.0
    intercepts = (one.direction[:, None] == np.arange(2)).astype(float)
    columns = [one.predictors[name] for name in ("source_frequency", "target_frequency")]
    design = np.column_stack([intercepts, *columns])
    for number in range(5):
        held = folds[one.concept] == number
        for matrix, kind in ((design, "fit"), (intercepts, "null")):
            slopes = np.linalg.lstsq(matrix[~held], one.score[~held], rcond=None)[0]
            squares = float(((one.score[held] - matrix[held] @ slopes) ** 2).sum())
            error, null = (error + squares, null) if kind == "fit" else (error, null + squares)
    assert found["r2_new"]["frequencies"] == pytest.approx(1 - error / null)


def test_a_predictor_that_is_constant_leaves_its_models_out():
    one, folds = sample(0.6, n=120)
    predictors = {**one.predictors, "cooccurrence": np.zeros(120)}
    found = fits(one._replace(predictors=predictors), folds, ConceptResamples(60, 100, 0))
    assert found["constant"] == ["cooccurrence"]
    assert set(found["r2"]) == {"frequencies", "pivot path"}
    assert set(found["gains"]) == {"pivot path beyond frequencies"}
