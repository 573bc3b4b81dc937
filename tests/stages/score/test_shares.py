"""Share of pivot tokens, entropy of languages, and rows of table `scores`."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine import plugins
from pivotmine.errors import InputError
from pivotmine.stages.score.documents import Documents
from pivotmine.stages.score.entropy import language_entropy
from pivotmine.stages.score.he2025 import share_in_set
from pivotmine.stages.score.rows import score_rows
from tests.numeric.kernel_corpora import VOCAB_SIZE, corpora

BATCH = pa.RecordBatch.from_pydict(
    {"doc_id": ["one", "two"], "n_tokens": pa.array([3, 5], pa.int32())}
)


@given(corpus=corpora(), members=st.sets(st.integers(0, VOCAB_SIZE - 1)))
def test_share_in_set_counts_occurrences(corpus, members):
    token_ids, document_offsets, _, _ = corpus.buffers
    member = np.isin(np.arange(VOCAB_SIZE), list(members))
    counts = share_in_set(token_ids, document_offsets, member)
    assert counts.tolist() == [
        sum(t in members for segment in document for t in segment) for document in corpus.documents
    ]


@pytest.mark.parametrize(
    ("tokens", "bits"),
    [([8, 0, 0], 0.0), ([0, 0, 0], 0.0), ([4, 4, 0], 1.0), ([2, 1, 1], 1.5)],
    ids=["one language", "no language", "two halves", "a half and two quarters"],
)
def test_entropy_is_in_bits(tokens, bits):
    [entropy] = language_entropy(np.array([tokens]))
    assert entropy == pytest.approx(bits)
    assert not np.signbit(entropy)


def test_a_score_becomes_a_row_for_each_document():
    documents = Documents(BATCH, None)
    rows = score_rows(documents, "mine", plugins.Scored([0.5, 0], {"digits": [1, 0]})).to_pylist()
    assert [(row["doc_id"], row["method"], row["score"], row["evidence"]) for row in rows] == [
        ("one", "mine", 0.5, [("digits", 1.0)]),
        ("two", "mine", 0.0, []),
    ]


@pytest.mark.parametrize(
    ("scored", "message"),
    [
        (plugins.Scored([0.5]), r"score mine: score has shape \(1,\), documents are 2"),
        (plugins.Scored([0.5, 1], {"n": [1]}), "score mine: n has shape"),
        (plugins.Scored([0.5, float("nan")]), "score mine of document two is nan"),
        (plugins.Scored([-1.0, 0]), "score mine of document one is -1.0"),
    ],
    ids=["too few", "too little evidence", "not a number", "negative"],
)
def test_a_score_that_is_not_one_number_a_document_is_refused(scored, message):
    with pytest.raises(InputError, match=message):
        score_rows(Documents(BATCH, None), "mine", scored)
