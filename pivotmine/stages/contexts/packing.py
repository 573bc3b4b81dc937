"""Packing of contexts into the rows of their table, in one way whatever tasks cut them.

A row of table `contexts` holds the contexts of many documents. Which ones must not depend on the
files and tasks that the documents were in. So documents are dealt to buckets by a hash of their
ids, and those of a bucket are packed in the order of their ids. How many buckets there are depends
on the corpus alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.numeric.folded_contexts import FoldedContexts, PackedContexts, regrouped, unpack

BUCKET_TOKENS = 2**24
"""Tokens of text whose contexts share a bucket, on average; some 7 % of them are in contexts."""

DOCUMENT_CONTEXTS = pa.schema(
    [
        ("doc_id", pa.string()),
        ("n_tokens", pa.int64()),
        ("sizes", pa.binary()),
        ("folds", pa.binary()),
        ("sources", pa.binary()),
        ("steps", pa.binary()),
    ]
)
"""The contexts of a document; columns as in table `contexts`."""


def n_buckets(n_tokens: int) -> int:
    """Buckets for a corpus of so many tokens."""
    return max(1, -(-n_tokens // BUCKET_TOKENS))


def document_rows(
    doc_ids: Sequence[str], contexts: FoldedContexts, document: NDArray[np.int32]
) -> pa.RecordBatch:
    """Rows of `DOCUMENT_CONTEXTS`, one for each document that has contexts.

    Parameters
    ----------
    contexts
        Those of all documents, in the order of the documents.
    document
        [C] index in `doc_ids` of the document of each context; ascending.
    """
    first = np.flatnonzero(np.diff(document, prepend=-1))
    context_ends = np.append(first, len(document))
    token_ends = contexts.offsets[context_ends]
    steps = np.diff(contexts.token_ids, prepend=np.int32(0))
    starts = token_ends[:-1][np.diff(token_ends) > 0]
    steps[starts] = contexts.token_ids[starts]  # the first node of each document stands for itself
    sizes = np.diff(contexts.offsets).astype(np.int32)
    columns = [
        pa.array([doc_ids[number] for number in document[first]], pa.string()),
        pa.array(np.diff(token_ends)),
        _slices(sizes, context_ends),
        _slices(contexts.folds, context_ends),
        _slices(contexts.sources, context_ends),
        _slices(steps, token_ends),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=DOCUMENT_CONTEXTS)


def packed_rows(batches: Iterable[pa.RecordBatch], max_tokens: int) -> Iterator[FoldedContexts]:
    """The contexts of each bucket, in parts of `max_tokens` at most, or of one longer context.

    Memory: a batch and a part.

    Parameters
    ----------
    batches
        `DOCUMENT_CONTEXTS` with `bucket`, sorted by it and by `doc_id`.
    """
    runs = (run for batch in batches for run in _runs(batch))
    for _, of_bucket in groupby(runs, key=lambda run: run[0]):
        yield from regrouped((unpack(rows) for _, rows in of_bucket), max_tokens)


def _runs(batch: pa.RecordBatch) -> Iterator[tuple[int, list[PackedContexts]]]:
    """Buckets of a batch, with their rows."""
    rows = map(PackedContexts, *(batch.column(name).to_pylist() for name in PackedContexts._fields))
    together = zip(batch.column("bucket").to_pylist(), rows, strict=True)
    for bucket, found in groupby(together, key=lambda item: item[0]):
        yield bucket, [row for _, row in found]


def _slices(values: NDArray[np.generic], ends: NDArray[np.int64]) -> pa.Array:
    """Bytes of values[ends[i]:ends[i + 1]] as binary strings, without copying each."""
    offsets = pa.py_buffer((ends * values.itemsize).astype(np.int32))
    data = pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(pa.binary(), len(ends) - 1, [None, offsets, data])
