"""On planted contexts of several sources, the true rate of links is about the nominal one."""

from __future__ import annotations

import numpy as np
import pytest

from bench.link_rates.__main__ import TrueRate, true_rates
from bench.link_rates.planted_contexts import Shape

SMALL = Shape(contexts=(1800, 900, 600, 300), n_words=2000)
NOMINAL = 0.05


@pytest.fixture(scope="module")
def within_strata() -> list[dict[str, TrueRate]]:
    return [true_rates(SMALL, seed, (NOMINAL,))[0] for seed in (7, 8, 9)]


def test_as_many_links_are_false_as_the_nominal_rate_says(within_strata):
    links = [rates["links"] for rates in within_strata]
    assert min(rate.n for rate in links) > 500
    assert min(rate.recall for rate in links) > 0.7
    # False links come in clusters around frequent words, so seeds differ by some two points.
    assert np.mean([rate.false for rate in links]) == pytest.approx(NOMINAL, abs=0.025)


def test_links_that_prevail_are_false_at_most_at_the_nominal_rate(within_strata):
    for rates in within_strata:
        assert rates["prevails"].false < NOMINAL
        assert rates["prevails"].recall > 0.7


def test_the_measured_rate_is_the_nominal_one_without_any_truth(within_strata):
    for rates in within_strata:
        for rate in rates.values():
            assert rate.measured == pytest.approx(NOMINAL, abs=0.01)
            assert rate.standard_error < 0.01


def test_without_strata_most_links_are_words_that_share_a_source():
    assert true_rates(SMALL, 7, (NOMINAL,), ())[0]["links"].false > 0.5
