"""Greedy coverage: the documents that add most link value per token."""

from __future__ import annotations

from itertools import combinations, pairwise
from math import exp, log1p
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.errors import InputError
from pivotmine.stages.select.coverage_greedy import (
    CoverState,
    Pool,
    Worth,
    cover,
    coverage_value,
    levels,
)

N_LINKS = 6
MAX_REPEATS = 3


class Doc(NamedTuple):
    """A document as a test writes it."""

    links: set[int]
    cost: int
    charges: dict[int, int]
    """Tokens charged to each of two budgets."""


documents = st.builds(
    Doc,
    st.sets(st.integers(0, N_LINKS - 1)),
    st.integers(1, 9),
    st.dictionaries(st.integers(0, 1), st.integers(0, 9), min_size=1),
)
corpora = st.lists(documents, max_size=9)
budgets = st.tuples(st.integers(0, 20), st.integers(0, 20))
weights = st.lists(st.sampled_from([0.0, 0.5, 1.0, 3.0]), min_size=N_LINKS, max_size=N_LINKS)
tolerances = st.sampled_from([0.01, 0.05, 0.4])


def pool_of(corpus: list[Doc]) -> Pool:
    def offsets(sizes):
        return np.cumsum([0, *sizes])

    return Pool(
        np.array([link for doc in corpus for link in sorted(doc.links)], np.int32),
        offsets(len(doc.links) for doc in corpus),
        np.array([doc.cost for doc in corpus], np.int32),
        np.array([budget for doc in corpus for budget in doc.charges], np.int32),
        np.array([tokens for doc in corpus for tokens in doc.charges.values()], np.int32),
        offsets(len(doc.charges) for doc in corpus),
    )


def worth_of(weight: list[float], tolerance: float = 0.01, max_repeats: int = MAX_REPEATS) -> Worth:
    return Worth(np.array(weight), max_repeats, tolerance)


def fresh(*budget: int) -> CoverState:
    return CoverState(np.zeros(N_LINKS, np.int32), np.array(budget, np.int64))


def simple(links: set[int], cost: int) -> Doc:
    return Doc(links, cost, {0: cost})


def value(corpus: list[Doc], chosen, weight, max_repeats: int = MAX_REPEATS) -> float:
    held = [sum(link in corpus[d].links for d in chosen) for link in range(N_LINKS)]
    return sum(w * log1p(min(n, max_repeats)) for w, n in zip(weight, held, strict=True))


@given(corpora, budgets, weights, tolerances)
def test_every_document_taken_fits_and_lies_within_the_tolerance_of_the_best(
    corpus, budget, weight, tolerance
):
    found = cover(pool_of(corpus), worth_of(weight, tolerance), fresh(*budget))
    left, chosen = list(budget), []

    def open_documents() -> dict[int, float]:
        """What each document that still fits adds per token."""
        before = value(corpus, chosen, weight)
        return {
            d: (value(corpus, [*chosen, d], weight) - before) / doc.cost
            for d, doc in enumerate(corpus)
            if d not in chosen and all(n <= left[b] for b, n in doc.charges.items())
        }

    for d, gain in zip(found.document.tolist(), found.gain.tolist(), strict=True):
        density = open_documents()
        assert density[d] >= (1 - tolerance) * max(density.values()) - 1e-9
        assert gain == pytest.approx(density[d] * corpus[d].cost)
        chosen.append(d)
        for b, n in corpus[d].charges.items():
            left[b] -= n
    assert max(open_documents().values(), default=0.0) <= 1e-9
    assert found.state.left.tolist() == left
    links = [link for d in chosen for link in corpus[d].links]
    total = coverage_value(np.array(links, np.int32), np.array(weight), max_repeats=MAX_REPEATS)
    assert total == pytest.approx(found.gain.sum()) == value(corpus, chosen, weight)
    assert found.new_links.sum() == len(set(links))


@given(corpora, st.integers(0, 20), weights, tolerances)
def test_the_value_keeps_the_guarantee(corpus, budget, weight, tolerance):
    corpus = [simple(doc.links, doc.cost) for doc in corpus if doc.cost <= budget]
    chosen = cover(pool_of(corpus), worth_of(weight, tolerance), fresh(budget)).document.tolist()
    best = max(
        value(corpus, some, weight)
        for n in range(len(corpus) + 1)
        for some in combinations(range(len(corpus)), n)
        if sum(corpus[d].cost for d in some) <= budget
    )
    largest = max((doc.cost for doc in corpus), default=0) / max(budget, 1)
    assert (
        value(corpus, chosen, weight) >= (1 - exp(-(1 - tolerance) * (1 - largest))) * best - 1e-9
    )


@given(
    corpora,
    budgets,
    weights,
    tolerances,
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 9)), max_size=4),
)
def test_rounds_of_a_few_levels_take_what_one_round_would(corpus, budget, weight, tolerance, stops):
    """A round may end after a level, or after some documents of one."""
    worth = worth_of(weight, tolerance)
    whole = cover(pool_of(corpus), worth, fresh(*budget))
    state, remaining, taken = fresh(*budget), list(range(len(corpus))), []
    ends = [*sorted(set(stops)), (worth.n_levels, len(corpus))]
    for last, n_last in ends:
        at = levels(pool_of([corpus[d] for d in remaining]), worth, state)
        keys = zip(at.tolist(), remaining, strict=True)
        there = [d for level, d in keys if level < last or (level == last and d < n_last)]
        found = cover(
            pool_of([corpus[d] for d in there]),
            worth,
            state,
            last_level=last,
            n_last=sum(d < n_last for d in there),
        )
        taken += [there[d] for d in found.document.tolist()]
        state, remaining = found.state, [d for d in remaining if d not in taken]
    assert taken == whole.document.tolist()
    assert state.met.tolist() == whole.state.met.tolist()


def test_levels_are_a_tolerance_apart():
    floors = worth_of([2.0] * N_LINKS, 0.05).floors()
    ratios = [after / before for before, after in pairwise(floors[:-1].tolist())]
    assert ratios == pytest.approx([0.95] * len(ratios))


def test_equal_documents_go_by_their_order_and_useless_ones_are_left_out():
    corpus = [simple(set(), 1), *[simple({0}, 2)] * 5]
    found = cover(pool_of(corpus), worth_of([1.0] * N_LINKS), fresh(6))
    assert found.document.tolist() == [1, 2, 3]


def test_a_link_adds_nothing_after_max_repeats():
    corpus = [simple({0}, 1)] * 3 + [simple({1}, 4)]
    found = cover(pool_of(corpus), worth_of([1.0] * N_LINKS, max_repeats=2), fresh(7))
    assert found.document.tolist() == [0, 1, 3]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (simple({N_LINKS}, 1), r"links must lie in 0\.\.5"),
        (simple({0}, 0), "n_tokens must lie in"),
        (Doc({0}, 1, {2: 1}), r"budget must lie in 0\.\.1"),
    ],
)
def test_documents_out_of_range_are_refused(document, message):
    with pytest.raises(InputError, match=message):
        cover(pool_of([document]), worth_of([1.0] * N_LINKS), fresh(1, 1))
