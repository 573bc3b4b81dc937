"""Scores, ranks and intervals against plain arithmetic."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pivotmine.model.scoring.bootstrap import estimates, strata
from pivotmine.model.scoring.metrics import Answers, by_draw, by_word, he2025, ranks

LOGS = st.floats(-30.0, -0.01)


def answers(source, n_tokens=2, target=None) -> Answers:
    source = np.asarray(source, dtype=float)
    return Answers(source, np.full(source.shape, float(n_tokens)), target)


@given(arrays.arrays(np.float64, (3, 2, 10), elements=LOGS))
def test_he2025_is_the_published_sum(logs: np.ndarray):
    expected = []
    for word in range(2):
        probabilities = [
            math.exp(sum(logs[draw, word, candidate] / 2 for draw in range(3)) / 3)
            for candidate in range(10)
        ]
        expected.append(probabilities[0] - sum(probabilities[1:]) / 9)
    assert he2025(answers(logs)) == pytest.approx(expected)


@given(arrays.arrays(np.float64, (2, 3, 10), elements=LOGS))
def test_contrast_is_the_log_ratio_to_the_mean_of_the_distractors(logs: np.ndarray):
    contrast = by_draw(answers(logs))["contrast"]
    expected = [
        [logs[d, w, 0] - math.log(sum(math.exp(x) for x in logs[d, w, 1:]) / 9) for w in range(3)]
        for d in range(2)
    ]
    assert contrast == pytest.approx(np.array(expected), abs=1e-9)


def test_contrast_stays_finite_where_probabilities_underflow():
    assert by_draw(answers([[[-2000.0] + [-3000.0] * 9]]))["contrast"][0, 0] == pytest.approx(1000)


@given(st.lists(st.integers(0, 3), min_size=2, max_size=10))
def test_tied_candidates_share_rank_and_credit(values: list[int]):
    accuracy, reciprocal = ranks(np.array(values, dtype=float))
    better = sum(value > values[0] for value in values)
    tied = values.count(values[0])
    assert accuracy == pytest.approx(0.0 if better else 1 / tied)
    assert reciprocal == pytest.approx(
        sum(1 / rank for rank in range(better + 1, better + tied + 1)) / tied
    )


def test_random_guessing_has_the_chance_level_of_ten_candidates():
    logs = np.random.default_rng(0).normal(size=(5, 4000, 10))
    found = by_word(answers(logs))
    assert found["accuracy_source"].mean() == pytest.approx(0.1, abs=0.01)
    assert found["mrr_source"].mean() == pytest.approx(0.293, abs=0.01)


def test_target_scores_are_there_only_if_targets_were_asked():
    logs = np.zeros((1, 2, 10))
    assert "accuracy_target" not in by_word(answers(logs))
    assert "accuracy_target" in by_word(answers(logs, target=logs))


def simulated(n_draws: int, n_words: int, seed: int, draw_effect: float = 0.0) -> Answers:
    generator = np.random.default_rng(seed)
    logs = generator.normal(-4.0, 1.0, (n_draws, n_words, 10))
    logs[..., 0] += 1.0 + draw_effect * generator.normal(size=(n_draws, 1))
    return answers(np.minimum(logs, -0.01))


def test_intervals_have_about_their_nominal_coverage():
    truth = estimates(simulated(5, 20_000, 1), 10, 0)["contrast"].mean
    hits = 0
    for seed in range(40):
        found = estimates(simulated(5, 60, 100 + seed), 200, seed)["contrast"]
        hits += found.low <= truth <= found.high
    assert 33 <= hits <= 40  # 38 expected; the bootstrap of five draws is no exact one


def test_draws_that_differ_widen_the_interval():
    alike = estimates(simulated(5, 200, 3), 500, 0)["contrast"]
    unlike = estimates(simulated(5, 200, 3, draw_effect=1.0), 500, 0)["contrast"]
    assert unlike.high - unlike.low > 2 * (alike.high - alike.low)


def test_the_same_seed_gives_the_same_interval():
    found = [estimates(simulated(3, 50, 2), 200, 7) for _ in range(2)]
    assert found[0] == found[1]


def test_every_estimate_lies_in_its_interval():
    for name, value in estimates(simulated(5, 100, 4), 500, 0).items():
        assert value.low <= value.mean <= value.high, name


def test_strata_part_the_words():
    source = simulated(2, 30, 5)
    groups = ["copy"] * 10 + ["other"] * 20
    found = strata({"form": groups}, source, 50, 0)["form"]
    assert {group: value["contrast"].n_words for group, value in found.items()} == {
        "copy": 10,
        "other": 20,
    }
    whole = by_word(source)["contrast"]
    assert found["copy"]["contrast"].mean == pytest.approx(whole[:10].mean())
