"""Greedy coverage: the documents that add most links per token, link by link for less."""

from __future__ import annotations

from itertools import combinations
from math import exp, log1p

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.errors import InputError
from pivotmine.kernels.coverage_greedy import coverage_value, greedy_coverage

N_LINKS = 6
document = st.tuples(st.sets(st.integers(0, N_LINKS - 1)), st.integers(1, 9), st.integers(0, 1))
corpora = st.lists(document, max_size=9)
weights = st.lists(st.sampled_from([0.0, 0.5, 1.0, 3.0]), min_size=N_LINKS, max_size=N_LINKS)


def take(corpus, budgets, weight, max_repeats=3, **more):
    links = [link for held, _, _ in corpus for link in sorted(held)]
    return greedy_coverage(
        np.array(links, np.int32),
        np.cumsum([0, *(len(held) for held, _, _ in corpus)]),
        np.array([cost for _, cost, _ in corpus], np.int32),
        np.array([group for _, _, group in corpus], np.int32),
        np.array(budgets, np.int64),
        np.array(weight, np.float64),
        max_repeats=max_repeats,
        **{"tolerance": 0.0, **more},
    )


def value(corpus, chosen, weight, max_repeats=3) -> float:
    held = [sum(link in corpus[d][0] for d in chosen) for link in range(N_LINKS)]
    return sum(w * log1p(min(n, max_repeats)) for w, n in zip(weight, held, strict=True))


@given(corpora, st.tuples(st.integers(0, 20), st.integers(0, 20)), weights)
def test_each_step_takes_what_adds_most_per_token_and_fits(corpus, budgets, weight):
    found = take(corpus, budgets, weight)
    left, chosen = list(budgets), []
    for d, gain in zip(found.document.tolist(), found.gain.tolist(), strict=True):

        def density(other: int) -> float:
            added = value(corpus, [*chosen, other], weight) - value(corpus, chosen, weight)
            return added / corpus[other][1]

        fits = [
            other for other in range(len(corpus))
            if other not in chosen and corpus[other][1] <= left[corpus[other][2]]
        ]  # fmt: skip
        assert d in fits
        assert density(d) >= max(map(density, fits)) - 1e-9
        assert gain == pytest.approx(density(d) * corpus[d][1])
        chosen.append(d)
        left[corpus[d][2]] -= corpus[d][1]
    assert not [
        d for d in range(len(corpus)) if d not in chosen and corpus[d][1] <= left[corpus[d][2]]
    ]
    links = [link for d in chosen for link in corpus[d][0]]
    total = coverage_value(np.array(links, np.int32), np.array(weight), max_repeats=3)
    assert total == pytest.approx(found.gain.sum()) == value(corpus, chosen, weight)
    assert found.new_links.sum() == len(set(links))


@given(corpora, st.integers(0, 20), weights, st.sampled_from([0.0, 0.3]))
def test_the_promise_is_kept(corpus, budget, weight, tolerance):
    corpus = [(held, cost, 0) for held, cost, _ in corpus if cost <= budget]
    chosen = take(corpus, [budget], weight, tolerance=tolerance).document.tolist()
    best = max(
        value(corpus, some, weight)
        for n in range(len(corpus) + 1)
        for some in combinations(range(len(corpus)), n)
        if sum(corpus[d][1] for d in some) <= budget
    )
    largest = max((cost for _, cost, _ in corpus), default=0) / max(budget, 1)
    assert (
        value(corpus, chosen, weight) >= (1 - exp(-(1 - tolerance) * (1 - largest))) * best - 1e-9
    )


def test_equal_documents_go_by_their_order():
    assert take([({0}, 2, 0)] * 5, [6], [1.0] * N_LINKS).document.tolist() == [0, 1, 2]


def test_what_is_met_often_enough_is_worth_nothing_more():
    found = take([({0}, 1, 0)] * 3 + [({1}, 4, 0)], [7], [1.0] * N_LINKS, max_repeats=2)
    assert found.document.tolist() == [0, 1, 3, 2]
    assert found.gain[-1] == 0.0


def test_a_bucket_counts_itself_as_often_as_there_are_buckets():
    found = take([({0}, 1, 0)] * 2, [2], [1.0] * N_LINKS, max_repeats=8, n_buckets=4)
    assert found.gain.tolist() == pytest.approx([log1p(4), log1p(8) - log1p(4)])


def test_links_without_a_weight_are_refused():
    with pytest.raises(InputError, match=r"links must lie in 0\.\.5"):
        take([({N_LINKS}, 1, 0)], [1], [1.0] * N_LINKS)
