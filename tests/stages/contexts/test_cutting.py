"""Folds of documents."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.stages.contexts.cutting import document_folds


@given(st.lists(st.text(), max_size=20), st.integers(1, 256))
def test_a_fold_depends_on_the_document_alone(doc_ids, n_folds):
    folds = document_folds(doc_ids, n_folds)
    assert folds.tolist() == [int(document_folds([doc_id], n_folds)[0]) for doc_id in doc_ids]
    assert all(fold < n_folds for fold in folds.tolist())


def test_folds_are_of_equal_size():
    sizes = np.bincount(document_folds(map(str, range(40_000)), 4))
    assert sizes == pytest.approx([10_000] * 4, rel=0.05)
