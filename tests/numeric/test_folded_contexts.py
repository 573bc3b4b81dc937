"""Contexts on their way: what is packed comes back, in one part or in several."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.errors import InputError
from pivotmine.numeric.folded_contexts import FoldedContexts, join, pack, unpack
from pivotmine.stages.contexts.cutting import document_folds
from tests.numeric.kernel_corpora import folded

ids = st.lists(st.integers(0, 2**31 - 1), max_size=6)
parts = st.lists(
    st.lists(st.tuples(ids, st.integers(0, 255)), max_size=5).map(
        lambda rows: folded([row for row, _ in rows], [fold for _, fold in rows])
    ),
    max_size=4,
)


def as_lists(contexts: FoldedContexts) -> tuple[list[int], list[int], list[int]]:
    assert [column.dtype for column in contexts] == [np.int64, np.int32, np.uint8]
    return tuple(column.tolist() for column in contexts)


@given(parts)
def test_packed_parts_come_back_joined(given_parts):
    whole = join(given_parts)
    assert len(whole.token_ids) == sum(len(part.token_ids) for part in given_parts)
    assert whole.folds.tolist() == [fold for part in given_parts for fold in part.folds]
    assert as_lists(unpack([pack(part) for part in given_parts])) == as_lists(whole)


def test_damaged_bytes_are_refused():
    packed = pack(folded([[1, 2], [3]], [0, 1]))
    for broken in (packed._replace(folds=b"\0"), packed._replace(sizes=packed.sizes[:4])):
        with pytest.raises(InputError, match="damaged"):
            unpack([broken])


@given(st.lists(st.text(), max_size=20), st.integers(1, 256))
def test_a_fold_depends_on_the_document_alone(doc_ids, n_folds):
    folds = document_folds(doc_ids, n_folds)
    assert folds.tolist() == [int(document_folds([doc_id], n_folds)[0]) for doc_id in doc_ids]
    assert all(fold < n_folds for fold in folds.tolist())


def test_folds_are_of_equal_size():
    sizes = np.bincount(document_folds(map(str, range(40_000)), 4))
    assert sizes == pytest.approx([10_000] * 4, rel=0.05)
