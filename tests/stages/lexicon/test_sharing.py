"""Contexts are shared out among candidates, against the rule in plain Python."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.errors import InputError
from pivotmine.numeric.folded_contexts import FoldedContexts
from pivotmine.stages.lexicon.sharing import (
    DISCOUNT,
    NOBODY,
    UNIT,
    Weights,
    pair_weights,
    share_out_contexts,
)
from pivotmine.stages.link.contest import contenders

N_NODES = 12
LANGUAGE = np.array([0] * 4 + [1] * 4 + [2] * 4, np.int8)
Pairs = list[tuple[int, int]]

nodes = st.integers(0, N_NODES - 1)
pair_lists = st.lists(
    st.tuples(nodes, nodes).filter(lambda pair: LANGUAGE[pair[0]] < LANGUAGE[pair[1]]),
    unique=True,
    max_size=30,
)
contexts = st.lists(st.sets(nodes).map(sorted), max_size=8)


def folded(rows: list[list[int]]) -> FoldedContexts:
    offsets = np.cumsum([0, *map(len, rows)]).astype(np.int64)
    flat = np.array([node for row in rows for node in row], np.int32)
    return FoldedContexts(
        offsets, flat, np.zeros(len(rows), np.uint8), np.zeros(len(rows), np.uint32)
    )


def links_of(pairs: Pairs):
    a, b = np.array(pairs, np.int32).reshape(-1, 2).T
    return contenders(a, b, N_NODES)


def shared(rows: list[list[int]], pairs: Pairs, shares: list[int], rounds: int = 1) -> list[int]:
    links, found = links_of(pairs), np.array(shares, np.int64)
    for _ in range(rounds):
        weights = pair_weights(links, LANGUAGE, found)
        found = share_out_contexts(folded(rows), LANGUAGE, links, weights)
    return found.tolist()


def by_hand(rows: list[list[int]], pairs: Pairs, weights: Weights) -> list[float]:
    found = [0.0] * len(pairs)
    for row in rows:
        present = [i for i, pair in enumerate(pairs) if set(pair) <= set(row)]
        for i in present:
            a, b = pairs[i]
            of_b = of_a = NOBODY
            for j in present:
                x, y = pairs[j]
                of_b += weights.of_b[j] if y == b and LANGUAGE[x] == LANGUAGE[a] else 0
                of_a += weights.of_a[j] if x == a and LANGUAGE[y] == LANGUAGE[b] else 0
            of_b, of_a = weights.of_b[i] / of_b, weights.of_a[i] / of_a
            found[i] += sqrt(of_a * of_b) * UNIT
    return found


@given(contexts, pair_lists, st.data())
def test_shares_are_those_of_the_rule(rows, pairs, data):
    shares = [data.draw(st.integers(0, 5 * UNIT)) for _ in pairs]
    weights = pair_weights(links_of(pairs), LANGUAGE, np.array(shares, np.int64))
    assert shared(rows, pairs, shares) == pytest.approx(
        by_hand(rows, pairs, weights), abs=len(rows)
    )


@given(contexts, pair_lists, st.integers(0, 8))
def test_sums_of_parts_are_the_sum_of_the_whole(rows, pairs, cut):
    links = links_of(pairs)
    weights = pair_weights(links, LANGUAGE, np.full(len(pairs), UNIT))
    whole, first, second = (
        share_out_contexts(folded(part), LANGUAGE, links, weights)
        for part in (rows, rows[:cut], rows[cut:])
    )
    assert (first + second).tolist() == whole.tolist()


@given(pair_lists, st.data())
def test_weights_of_a_word_in_a_language_sum_to_less_than_one(pairs, data):
    shares = np.array([data.draw(st.integers(0, 5 * UNIT)) for _ in pairs], np.int64)
    weights = pair_weights(links_of(pairs), LANGUAGE, shares)
    for side, of_side in enumerate(weights):
        sums: dict[tuple[int, int], float] = {}
        for pair, weight in zip(pairs, of_side.tolist(), strict=True):
            key = pair[side], int(LANGUAGE[pair[1 - side]])
            sums[key] = sums.get(key, 0.0) + weight
        assert all(0 < total < 1 for total in sums.values())


def test_what_the_translation_explains_is_taken_from_its_neighbours():
    # 0 and 4 are translations, as are 1 and 5; half of the contexts hold all four.
    rows = [[0, 4]] * 5 + [[0, 1, 4, 5]] * 5
    pairs = [(0, 4), (0, 5), (1, 4), (1, 5)]
    first, *neighbours, second = shared(rows, pairs, [10 * UNIT, *[5 * UNIT] * 3], rounds=5)
    assert first > 9 * UNIT
    assert second > 4 * UNIT
    assert max(neighbours) < UNIT


def test_a_single_meeting_counts_where_nothing_else_explains_it():
    # 3 and 7 meet once, beside a pair that is well known.
    rows = [[0, 4]] * 9 + [[0, 3, 4, 7]]
    pairs = [(0, 4), (0, 7), (3, 4), (3, 7)]
    _, wrong, wrong_too, once = shared(rows, pairs, [10 * UNIT, UNIT, UNIT, UNIT], rounds=5)
    assert once > UNIT / 2
    assert max(wrong, wrong_too) < UNIT / 4


def test_small_sums_are_taken_off_between_rounds():
    few, none = (
        pair_weights(links_of([(0, 4), (1, 4)]), LANGUAGE, np.array([2 * UNIT, rest]))
        for rest in (DISCOUNT, 0)
    )
    assert few.of_a.tolist() == none.of_a.tolist()


def test_contexts_and_weights_that_do_not_fit_are_refused():
    links = links_of([(0, 4)])
    weights = pair_weights(links, LANGUAGE, np.array([UNIT]))
    with pytest.raises(InputError):
        share_out_contexts(folded([[N_NODES]]), LANGUAGE, links, weights)
    with pytest.raises(InputError):
        share_out_contexts(folded([[0]]), LANGUAGE, links, Weights(np.ones(2), np.ones(2)))
