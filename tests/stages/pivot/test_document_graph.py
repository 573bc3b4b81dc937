"""The graph of documents, beside the definition written out."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.stages.pivot.document_graph import hubs

LANGUAGES = np.array([0, 0, 1, 1, -1, 2], np.int8)

DOCUMENTS = st.lists(st.sets(st.integers(0, 5)), min_size=1, max_size=20)


def packed(documents: list[set[int]]) -> tuple[np.ndarray, np.ndarray]:
    ids = [token for held in documents for token in sorted(held)]
    return np.array(ids, np.int32), np.cumsum([0, *map(len, documents)])


@given(DOCUMENTS, st.integers(1, 4), st.sampled_from([0.0, 0.1, 0.4]), st.integers(1, 3))
def test_edges_go_to_tokens_that_are_more_frequent_in_documents_with_the_token(
    documents: list[set[int]], min_documents: int, min_increase: float, max_edges: int
):
    degree = np.zeros(6, int)
    reached = np.zeros((6, 3), bool)
    for token in range(6):
        own = [held for held in documents if token in held]
        if len(own) < min_documents:
            continue
        increase = {
            other: sum(other in held for held in own) / len(own)
            - sum(other in held for held in documents) / len(documents)
            for other in range(6)
            if other != token and any(other in held for held in own)
        }
        drawn = [other for other in increase if increase[other] >= min_increase]
        for other in sorted(drawn, key=lambda other: (-increase[other], other))[:max_edges]:
            degree[other] += 1
            if LANGUAGES[token] >= 0:
                reached[other, LANGUAGES[token]] = True
    found = hubs(*packed(documents), LANGUAGES, min_documents, min_increase, max_edges)
    assert found.degree.tolist() == degree.tolist()
    assert found.reached_from.tolist() == reached.tolist()
