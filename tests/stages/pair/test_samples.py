"""Samples of weighted sets, and the keys under which documents meet."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.stages.pair.samples import NOTHING, sample_features, sample_keys

WEIGHTS = st.dictionaries(st.integers(0, 30), st.integers(0, 9), max_size=12)


def sampled(*sets: dict[int, float], n: int = 64) -> np.ndarray:
    features = np.array([feature for one in sets for feature in sorted(one)], np.int32)
    weights = np.array([one[feature] for one in sets for feature in sorted(one)], np.float32)
    offsets = np.concatenate(([0], np.cumsum([len(one) for one in sets]))).astype(np.int64)
    return sample_features(features, offsets, weights, n)


def test_equal_samples_are_as_many_as_the_weight_that_both_sets_share():
    n = 20_000
    one = {feature: 1.0 + feature % 5 for feature in range(60)}
    other = {feature: 1.0 + feature % 5 for feature in range(40, 140)}
    both = sum(one[feature] for feature in one.keys() & other.keys())
    share = both / (sum(one.values()) + sum(other.values()) - both)
    equal = np.mean(np.equal(*sampled(one, other, n=n)))
    assert abs(equal - share) < 5 * np.sqrt(share * (1 - share) / n)


def test_a_feature_is_sampled_in_proportion_to_its_weight():
    n = 20_000
    samples = sampled({1: 1.0, 2: 2.0, 3: 7.0}, n=n)
    for feature, share in ((1, 0.1), (2, 0.2), (3, 0.7)):
        assert abs(np.mean(samples == feature) - share) < 5 * np.sqrt(share * (1 - share) / n)


@given(WEIGHTS, WEIGHTS)
def test_samples_are_of_the_set_have_weight_and_agree_where_both_hold_the_winner(one, other):
    union = {**one, **{feature: one.get(feature, weight) for feature, weight in other.items()}}
    right = {feature: union[feature] for feature in other}
    samples = sampled(one, right, union)
    for row, weights in zip(samples, (one, right, union), strict=True):
        heavy = {feature for feature, weight in weights.items() if weight > 0}
        assert set(row.tolist()) <= (heavy or {NOTHING})
    # The winner of the union wins in every set that holds it, and only then do both agree.
    for left, second, winner in samples.T.tolist():
        assert (left == winner) == (winner in one or winner == left)
        assert (second == winner) == (winner in right or winner == second)
        assert left == second == winner or left != second or left == NOTHING


def test_sets_are_sampled_by_themselves():
    together = sampled({1: 2.0, 5: 1.0}, {}, {5: 1.0, 9: 3.0})
    assert (together[0] == sampled({1: 2.0, 5: 1.0})[0]).all()
    assert (together[2] == sampled({5: 1.0, 9: 3.0})[0]).all()


def test_keys_are_equal_where_samples_are_and_none_is_that_of_an_empty_set():
    samples = np.array([[1, 2, 3, 4], [1, 2, 9, 4], [2, 1, 3, 4], [NOTHING] * 4], np.int32)
    keys = sample_keys(samples)
    assert keys.shape == (4, 6)
    assert (keys[0] == keys[1]).tolist() == [True, True, False, True, True, False]
    assert (keys[0] == keys[2]).tolist() == [False, False, True, True, False, True]
    assert not keys[3].any()
    assert keys[:3].all()
    assert len(np.unique(keys[0])) == 6
