"""Intervals by bootstrap over words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pivotmine.numeric.bootstrap import UNKNOWN, Resamples, percentile_interval, wilson


def ratio(words: list[int], hits: list[int], **more: int) -> tuple[float, ...]:
    n_words = max(words, default=0) + 1
    ones = np.ones(len(words))
    return tuple(Resamples(n_words, **more).ratio(np.array(words), np.array(hits, float), ones))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 1)), min_size=1))
def test_the_estimate_is_the_plain_share_and_intervals_stay_within_bounds(rows):
    words, hits = map(list, zip(*rows, strict=True))
    value, low, high = ratio(words, hits)
    assert value == pytest.approx(np.mean(hits))
    if not np.isnan(low):
        assert 0 <= low <= high <= 1


def test_a_share_without_spread_has_no_width():
    assert ratio(list(range(50)), [1] * 50) == (1.0, 1.0, 1.0)


def test_intervals_narrow_with_the_number_of_words():
    few, many = (ratio(list(range(n)), [place % 2 for place in range(n)]) for n in (40, 4000))
    width = [found[2] - found[1] for found in (few, many)]
    assert width[1] == pytest.approx(width[0] / 10, rel=0.3)
    assert width[1] == pytest.approx(2 * 1.96 * 0.5 / np.sqrt(4000), rel=0.2)


def test_rows_of_one_word_are_drawn_together():
    words = [place // 50 for place in range(1000)]
    hits = [word % 2 for word in words]
    clustered = ratio(words, hits)
    independent = ratio(list(range(1000)), hits)
    assert clustered[2] - clustered[1] > 4 * (independent[2] - independent[1])


def test_the_same_seed_gives_the_same_interval():
    rows = list(range(30)), [place % 3 == 0 for place in range(30)]
    assert ratio(*rows, seed=1) == ratio(*rows, seed=1) != ratio(*rows, seed=2)


def test_a_ratio_of_nothing_is_unknown():
    assert np.isnan(ratio([], [])).all() and not UNKNOWN.is_known


def test_the_interval_of_a_share_is_that_of_wilson():
    # Newcombe 1998, Two-sided confidence intervals for the single proportion, table I: 81 of 263.
    assert wilson(81, 263)[1:] == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0, 20)[1:] == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert np.isnan(wilson(0, 0)).all()


def test_ends_are_percentiles_of_the_known_resamples():
    resampled = np.append(np.arange(101.0), np.nan)
    assert percentile_interval(50.0, resampled) == pytest.approx((50.0, 2.5, 97.5))
    assert not percentile_interval(50.0, resampled[:0]).is_known
