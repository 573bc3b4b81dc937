"""Packed contexts are unpacked unchanged, in one part or in several."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.errors import InputError
from pivotmine.numeric.folded_contexts import FoldedContexts, join, pack, regrouped, unpack
from tests.numeric.kernel_corpora import folded

ids = st.lists(st.integers(0, 2**31 - 1), max_size=6)
parts = st.lists(
    st.lists(st.tuples(ids, st.integers(0, 255)), max_size=5).map(
        lambda rows: folded([row for row, _ in rows], [fold for _, fold in rows])
    ),
    max_size=4,
)


def as_lists(contexts: FoldedContexts) -> tuple[list[int], ...]:
    assert [column.dtype for column in contexts] == [np.int64, np.int32, np.uint8, np.uint32]
    return tuple(column.tolist() for column in contexts)


@given(parts)
def test_packed_parts_are_unpacked_as_one(given_parts):
    whole = join(given_parts)
    assert len(whole.token_ids) == sum(len(part.token_ids) for part in given_parts)
    assert whole.folds.tolist() == [fold for part in given_parts for fold in part.folds]
    assert as_lists(unpack([pack(part) for part in given_parts])) == as_lists(whole)


@given(parts, st.integers(1, 12))
def test_regrouped_parts_hold_the_same_contexts_and_are_full(given_parts, most):
    held = [part for part in given_parts if np.diff(part.offsets).all()]
    found = list(regrouped(iter(held), most))
    assert as_lists(join(found)) == as_lists(join(held))
    assert all(len(part.token_ids) <= most or len(part.folds) == 1 for part in found)
    for part, after in pairwise(found):
        assert len(part.token_ids) + int(np.diff(after.offsets)[0]) > most


def test_damaged_bytes_are_refused():
    packed = pack(folded([[1, 2], [3]], [0, 1]))
    cut = {"folds": b"\0", "sizes": packed.sizes[:4], "sources": packed.sources[:4]}
    for name, value in cut.items():
        broken = packed._replace(**{name: value})
        with pytest.raises(InputError, match="damaged"):
            unpack([broken])
