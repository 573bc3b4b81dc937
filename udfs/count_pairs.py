"""Rows of table `tokens` to exact co-occurrence counts: counting chunks, and summing chunks.

`bind_count` gathers documents up to a number of tokens, counts them with the sparse kernel, and
emits runs of pairs as byte strings, one row for each bucket they belong to. `bind_sum` merges the
runs of a bucket. Three kinds of pairs share this road:

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
from itertools import groupby

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.kernels.contexts import Contexts, build_contexts
from pivotmine.kernels.nodes import NodeTable
from pivotmine.kernels.pair_counts import count_margins, count_pairs
from pivotmine.kernels.pair_runs import PairRun, merge_runs, split_by_bucket
from udfs.arrow_lists import node_columns

Batches = Iterator[pa.RecordBatch]

RUN_SCHEMA = pa.schema(
    [("bucket", pa.int32()), ("a", pa.binary()), ("b", pa.binary()), ("counts", pa.binary())]
)
"""Runs on their way to their bucket: int32 ids, and int32 counts by fold."""


def sum_schema(n_folds: int) -> pa.Schema:
    """Columns `a`, `b` and a count for each fold."""
    folds = [(name, pa.int64()) for name in fold_columns(n_folds)]
    return pa.schema([("a", pa.int32()), ("b", pa.int32()), *folds])


def fold_columns(n_folds: int) -> list[str]:
    """Names of the count columns."""
    return [f"fold_{fold}" for fold in range(n_folds)]


def bind_count(
    languages: Sequence[str],
    nodes: NodeTable,
    window_tokens: int | None,
    min_language_share: float,
    n_folds: int,
    chunk_tokens: int,
    n_buckets: int,
) -> Callable[[Batches], Batches]:
    """Batches of table `tokens` with a column `fold` to rows of `RUN_SCHEMA`.

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

    def count(batches: Batches) -> Batches:
        for chunk in _chunks(batches, chunk_tokens):
            columns = node_columns(chunk, languages, nodes, window_tokens, min_language_share)
            contexts = build_contexts(*columns, nodes.language, len(languages), window_tokens)
            folds = chunk.column("fold").to_numpy().astype(np.uint8)[contexts.document]
            for run in _runs(contexts, folds, nodes.language, len(languages), n_folds):
                parts = list(split_by_bucket(run, n_buckets))
                yield pa.RecordBatch.from_arrays(
                    [
                        pa.array([bucket for bucket, _ in parts], pa.int32()),
                        pa.array([part.a.tobytes() for _, part in parts], pa.binary()),
                        pa.array([part.b.tobytes() for _, part in parts], pa.binary()),
                        pa.array([part.fold_counts.tobytes() for _, part in parts], pa.binary()),
                    ],
                    schema=RUN_SCHEMA,
                )

    return count


def bind_sum(n_folds: int, min_count: int) -> Callable[[Batches], Batches]:
    """Batches of `RUN_SCHEMA`, sorted by bucket, to rows of `sum_schema(n_folds)`.

    A partition must hold whole buckets. Pairs below `min_count` are dropped; rows that hold a
    language in place of a node are all kept.
    """
    output = sum_schema(n_folds)

    def add_up(batches: Batches) -> Batches:
        rows = (row for batch in batches for row in zip(*batch.to_pydict().values(), strict=True))
        for _, runs in groupby(rows, key=lambda row: row[0]):
            a, b, counts = merge_runs([_decode(row, n_folds) for row in runs])
            kept = (b < 0) | (counts.sum(axis=0) >= min_count)
            columns = [a[kept], b[kept], *counts[:, kept]]
            yield pa.RecordBatch.from_arrays([pa.array(c) for c in columns], schema=output)

    return add_up


def _decode(row: tuple[int, bytes, bytes, bytes], n_folds: int) -> PairRun:
    _, a, b, counts = row
    folds = np.frombuffer(counts, np.int32).reshape(n_folds, -1)
    return PairRun(np.frombuffer(a, np.int32), np.frombuffer(b, np.int32), folds)


def _runs(
    contexts: Contexts,
    folds: NDArray[np.uint8],
    language: NDArray[np.int8],
    n_languages: int,
    n_folds: int,
) -> Iterator[PairRun]:
    for pairs in count_pairs(contexts, folds, language, n_languages, n_folds):
        yield PairRun(pairs.a, pairs.b, pairs.fold_counts.T)
    margins = count_margins(contexts, folds, language, n_languages, n_folds)
    yield PairRun(
        margins.token_id, -1 - margins.other_language.astype(np.int32), margins.fold_counts.T
    )
    first, second = np.triu_indices(n_languages, k=1)
    mixed = margins.n_contexts[first, second].astype(np.int32).T
    yield PairRun((-1 - first).astype(np.int32), (-1 - second).astype(np.int32), mixed)


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
