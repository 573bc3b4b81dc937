"""Rows of table `tokens` to exact co-occurrence counts of chunks, ready to be summed.

A task gathers documents up to a number of tokens, counts them with the sparse kernel, and emits
rows that are already aggregated over the chunk. Three kinds of rows share one schema, so that one
shuffle sums them all:

=============  =====================  =====================================================
a              b                      what the counts are
=============  =====================  =====================================================
node           node                   contexts that hold both
node           -1 - other language    mixed contexts of the two languages that hold the node
-1 - language  -1 - other language    mixed contexts of the two languages
=============  =====================  =====================================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.kernels.contexts import build_contexts
from pivotmine.kernels.nodes import NodeTable
from pivotmine.kernels.pair_counts import count_margins, count_pairs
from udfs.arrow_lists import node_columns


def schema(n_folds: int) -> pa.Schema:
    """Columns `a`, `b` and a count for each fold."""
    folds = [(name, pa.int64()) for name in fold_columns(n_folds)]
    return pa.schema([("a", pa.int32()), ("b", pa.int32()), *folds])


def fold_columns(n_folds: int) -> list[str]:
    """Names of the count columns."""
    return [f"fold_{fold}" for fold in range(n_folds)]


def bind(
    languages: Sequence[str],
    nodes: NodeTable,
    window_tokens: int | None,
    min_language_share: float,
    n_folds: int,
    chunk_tokens: int,
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Batches of table `tokens` with a column `fold` to rows of `schema(n_folds)`.

    Parameters
    ----------
    languages, nodes
        Languages in the order of their indices, and the nodes that are counted.
    window_tokens
        Longest window; None makes the whole document one context.
    min_language_share
        Share of a context's tokens that a language must hold to take part in it.
    chunk_tokens
        Tokens counted at once; bounds the memory of a task.
    """
    output = schema(n_folds)
    language, n_languages = nodes.language, len(languages)

    def count(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for chunk in _chunks(batches, chunk_tokens):
            columns = node_columns(chunk, languages, nodes, window_tokens, min_language_share)
            contexts = build_contexts(*columns, language, n_languages, window_tokens)
            folds = chunk.column("fold").to_numpy().astype(np.uint8)[contexts.document]
            for pairs in count_pairs(contexts, folds, language, n_languages, n_folds):
                yield _rows(pairs.a, pairs.b, pairs.fold_counts, output)
            margins = count_margins(contexts, folds, language, n_languages, n_folds)
            other = -1 - margins.other_language.astype(np.int32)
            yield _rows(margins.token_id, other, margins.fold_counts, output)
            first, second = np.triu_indices(n_languages, k=1)
            yield _rows(-1 - first, -1 - second, margins.n_contexts[first, second], output)

    return count


def _chunks(batches: Iterator[pa.RecordBatch], chunk_tokens: int) -> Iterator[pa.RecordBatch]:
    """Batches joined until they hold `chunk_tokens`; a chunk exceeds it by less than one batch."""
    gathered: list[pa.RecordBatch] = []
    n_tokens = 0
    for batch in batches:
        gathered.append(batch)
        n_tokens += len(batch.column("token_ids").flatten())
        if n_tokens >= chunk_tokens:
            yield pa.concat_batches(gathered)
            gathered, n_tokens = [], 0
    if gathered:
        yield pa.concat_batches(gathered)


def _rows(
    a: NDArray[np.integer],
    b: NDArray[np.integer],
    fold_counts: NDArray[np.integer],
    output: pa.Schema,
) -> pa.RecordBatch:
    counts = [pa.array(fold.astype(np.int64)) for fold in fold_counts.T]
    ids = [pa.array(ids.astype(np.int32)) for ids in (a, b)]
    return pa.RecordBatch.from_arrays([*ids, *counts], schema=output)
