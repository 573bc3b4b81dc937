"""First fit: documents in order, each taken if it fits all of its budgets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.errors import InputError
from pivotmine.stages.select.first_fit import first_fit

charges = st.dictionaries(st.integers(0, 2), st.integers(0, 9), min_size=1)
corpora = st.lists(charges, max_size=12)


def fit(corpus: list[dict[int, int]], left: np.ndarray) -> list[bool]:
    return first_fit(
        np.array([budget for doc in corpus for budget in doc], np.int32),
        np.array([tokens for doc in corpus for tokens in doc.values()], np.int32),
        np.cumsum([0, *map(len, corpus)]),
        left,
    ).tolist()


@given(corpora, st.lists(st.integers(0, 20), min_size=3, max_size=3), st.integers(0, 12))
def test_a_document_is_taken_if_it_fits_all_its_budgets_in_any_batches(corpus, limits, cut):
    left, expected = list(limits), []
    for doc in corpus:
        expected.append(all(tokens <= left[budget] for budget, tokens in doc.items()))
        for budget, tokens in doc.items() if expected[-1] else ():
            left[budget] -= tokens
    used_up = np.array(limits)
    assert fit(corpus[:cut], used_up) + fit(corpus[cut:], used_up) == expected
    assert used_up.tolist() == left


def test_a_budget_that_does_not_exist_is_refused():
    with pytest.raises(InputError, match=r"budget must lie in 0\.\.2"):
        fit([{3: 1}], np.array([1, 1, 1]))
