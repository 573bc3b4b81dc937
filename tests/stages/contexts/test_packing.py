"""Contexts are packed in one way, whatever tasks cut them and in whatever batches they come."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.numeric.folded_contexts import FoldedContexts, join, pack
from pivotmine.stages.contexts.packing import (
    BUCKET_TOKENS,
    DOCUMENT_CONTEXTS,
    document_rows,
    n_buckets,
    packed_rows,
)
from tests.numeric.kernel_corpora import folded

contexts_of_a_document = st.lists(
    st.tuples(st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=5), st.integers(0, 255)),
    max_size=4,
)
documents = st.dictionaries(st.text(max_size=3), contexts_of_a_document, max_size=8)


def rows_of(given_documents: dict[str, list[tuple[list[int], int]]]) -> pa.RecordBatch:
    found = [(number, row) for number, rows in enumerate(given_documents.values()) for row in rows]
    contexts = folded([ids for _, (ids, _) in found], [fold for _, (_, fold) in found])
    number = np.array([number for number, _ in found], np.int32)
    return document_rows(list(given_documents), contexts, number)


def shuffled(rows: pa.Table, batch_rows: int) -> list[pa.RecordBatch]:
    """As Spark gives them: with their buckets, sorted, in batches."""
    bucket = [len(doc_id) % 2 for doc_id in rows["doc_id"].to_pylist()]
    rows = rows.append_column("bucket", pa.array(bucket, pa.int64()))
    rows = rows.sort_by([("bucket", "ascending"), ("doc_id", "ascending")]).combine_chunks()
    return rows.to_batches(max_chunksize=batch_rows)


def packed(given_documents, cut_at: int, batch_rows: int, most: int) -> list[tuple]:
    """Rows of table `contexts` if two tasks cut the documents."""
    items = list(given_documents.items())
    parts = [rows_of(dict(part)) for part in (items[cut_at:], items[:cut_at])]
    rows = pa.Table.from_batches(parts, DOCUMENT_CONTEXTS)
    return [tuple(pack(part)) for part in packed_rows(shuffled(rows, batch_rows), most)]


@given(documents, st.integers(0, 8), st.integers(1, 9), st.integers(1, 12))
def test_rows_do_not_depend_on_tasks_and_batches(given_documents, cut_at, batch_rows, most):
    assert packed(given_documents, cut_at, batch_rows, most) == packed(
        given_documents, 0, 100, most
    )


@given(documents, st.integers(1, 12))
def test_no_context_is_lost_or_changed(given_documents, most):
    rows = pa.Table.from_batches([rows_of(given_documents)], DOCUMENT_CONTEXTS)
    found = join(list(packed_rows(shuffled(rows, 3), most)))
    assert sorted(as_rows(found)) == sorted(
        (fold, ids) for rows in given_documents.values() for ids, fold in rows
    )


def as_rows(contexts: FoldedContexts) -> list[tuple[int, list[int]]]:
    nodes = np.split(contexts.token_ids, contexts.offsets[1:-1]) if len(contexts.folds) else []
    return [(int(fold), ids.tolist()) for fold, ids in zip(contexts.folds, nodes, strict=True)]


def test_buckets_follow_from_the_size_of_the_corpus():
    assert [n_buckets(n) for n in (0, 1, BUCKET_TOKENS, BUCKET_TOKENS + 1)] == [1, 1, 1, 2]
