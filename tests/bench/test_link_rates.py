"""On planted contexts of several sources, the true rate of links is about the nominal one."""

from __future__ import annotations

import pytest

from bench.link_rates.__main__ import true_rates
from bench.link_rates.planted_contexts import Shape

SMALL = Shape(contexts=(1800, 900, 600, 300), n_words=2000)
NOMINAL = 0.05


@pytest.fixture(scope="module")
def within_strata():
    return true_rates(SMALL, 7, NOMINAL)


def test_as_many_links_are_false_as_the_nominal_rate_says(within_strata):
    links = within_strata["links"]
    assert links.n > 500
    assert links.recall > 0.7
    # 500 links at 5 %: three standard errors are 3 points.
    assert 0.02 < links.false < 0.08


def test_links_that_prevail_are_false_at_most_at_the_nominal_rate(within_strata):
    assert within_strata["prevails"].false < NOMINAL
    assert within_strata["prevails"].recall > 0.7


def test_the_measured_rate_is_the_nominal_one_without_any_truth(within_strata):
    for rate in within_strata.values():
        assert rate.measured == pytest.approx(NOMINAL, abs=0.01)
        assert rate.standard_error < 0.01


def test_without_strata_most_links_are_words_that_share_a_source():
    assert true_rates(SMALL, 7, NOMINAL, ())["links"].false > 0.5
