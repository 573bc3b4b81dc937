"""Contests: the strongest links present are won first, each word once for each other language."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.errors import InputError
from pivotmine.numeric.folded_contexts import FoldedContexts
from pivotmine.stages.link.contest import contenders, contest

N_NODES = 12
LANGUAGE = np.array([0] * 4 + [1] * 4 + [2] * 4, np.int8)

nodes = st.integers(0, N_NODES - 1)
links = st.lists(
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


def won(rows: list[list[int]], pairs: list[tuple[int, int]]) -> list[int]:
    a, b = np.array(pairs, np.int32).reshape(-1, 2).T
    return contest(folded(rows), LANGUAGE, contenders(a, b, N_NODES)).tolist()


@given(contexts, links)
def test_contests_equal_those_of_a_plain_oracle(rows, pairs):
    by_hand = [0] * len(pairs)
    for row in rows:
        taken: set[tuple[int, int]] = set()
        for number, (a, b) in enumerate(pairs):
            places = {(a, int(LANGUAGE[b])), (b, int(LANGUAGE[a]))}
            if a in row and b in row and not places & taken:
                taken |= places
                by_hand[number] += 1
    assert won(rows, pairs) == by_hand


def test_a_neighbour_wins_only_where_the_translation_is_absent():
    dog, chien, noir = 0, 4, 5
    pairs = [(dog, chien), (dog, noir)]
    assert won([[dog, chien, noir]] * 3 + [[dog, noir]], pairs) == [3, 1]


def test_a_word_may_win_in_every_other_language():
    dog, chien, inu = 0, 4, 8
    assert won([[dog, chien, inu]], [(dog, chien), (dog, inu), (chien, inu)]) == [1, 1, 1]


def test_buffers_grow_with_more_links_than_they_hold_at_first():
    language = np.array([0] * 60 + [1] * 60, np.int8)
    a, b = (side.ravel().astype(np.int32) for side in np.mgrid[0:60, 60:120])
    of_all = contest(folded([list(range(120))]), language, contenders(a, b, 120))
    assert of_all.sum() == 60


def test_links_of_other_nodes_are_refused():
    with pytest.raises(InputError, match=r"b must lie in 0\.\.11; found 12\.\.12"):
        contenders(np.array([0], np.int32), np.array([12], np.int32), N_NODES)
    table = contenders(np.array([0], np.int32), np.array([4], np.int32), N_NODES)
    with pytest.raises(InputError, match="links are of 12 nodes, languages of 3"):
        contest(folded([[0]]), LANGUAGE[:3], table)
