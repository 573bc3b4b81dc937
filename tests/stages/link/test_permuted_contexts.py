"""Permuted contexts: the same margins, and no text beside its translation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.errors import InputError
from pivotmine.numeric.folded_contexts import FoldedContexts
from pivotmine.stages.count.margins import MarginCounts, count_margins
from pivotmine.stages.link.permuted_contexts import permuted_contexts

FIRST_NODE = np.array([0, 5, 9, 12], np.int64)
contexts = st.lists(st.sets(st.integers(0, 11)).map(sorted), max_size=12)


def folded(rows: list[list[int]]) -> FoldedContexts:
    offsets = np.cumsum([0, *map(len, rows)]).astype(np.int64)
    flat = np.array([node for row in rows for node in row], np.int32)
    return FoldedContexts(offsets, flat, (np.arange(len(rows)) % 4).astype(np.uint8))


def rows_of(found: FoldedContexts) -> list[list[int]]:
    return [part.tolist() for part in np.split(found.token_ids, found.offsets[1:-1])]


def dictionary(margins: MarginCounts) -> dict[tuple[int, int], int]:
    keys = zip(margins.token_id.tolist(), margins.other_language.tolist(), strict=True)
    return dict(zip(keys, margins.n.tolist(), strict=True))


@given(contexts)
def test_a_permutation_keeps_the_margins(rows):
    before, after = (
        count_margins(found, FIRST_NODE)
        for found in (folded(rows), permuted_contexts(folded(rows), FIRST_NODE))
    )
    np.testing.assert_array_equal(before.n_contexts, after.n_contexts)
    assert dictionary(before) == dictionary(after)


@given(contexts, st.randoms(use_true_random=False))
def test_the_order_of_contexts_does_not_matter(rows, draw):
    mixed = list(rows)
    draw.shuffle(mixed)
    found, again = (permuted_contexts(folded(order), FIRST_NODE) for order in (rows, mixed))
    assert sorted(rows_of(found)) == sorted(rows_of(again))


def test_no_text_keeps_its_translation():
    pages = [[word, 5 + word] for word in range(4)]
    found = rows_of(permuted_contexts(folded(pages), FIRST_NODE))
    assert sorted(row[0] for row in found) == [0, 1, 2, 3]
    assert sorted(row[1] for row in found) == [5, 6, 7, 8]
    assert not any(row in pages for row in found)


def test_a_text_moves_to_a_context_of_similar_size():
    small, large = [[i, 5] for i in range(3)], [[i, 5, 6, 7, 8] for i in range(3)]
    found = rows_of(permuted_contexts(folded(small + large), FIRST_NODE))
    assert sorted(map(len, found)) == [2, 2, 2, 5, 5, 5]


def test_nodes_outside_the_languages_are_refused():
    with pytest.raises(InputError, match=r"nodes 12\.\.12, languages have 12"):
        permuted_contexts(folded([[12]]), FIRST_NODE)
