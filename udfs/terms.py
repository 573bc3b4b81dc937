"""Rows of table `tokens` to counts of words and pairs of a lexicon, and to `term_counts`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Generic, Protocol, TypeVar

import pyarrow as pa

from pivotmine.engine.numbered_tasks import numbers
from pivotmine.numeric.arrow_batches import slice_by_values
from pivotmine.stages.terms.buckets import buckets_of, sum_bucket
from pivotmine.stages.terms.layout import DOCUMENTS, new_totals
from pivotmine.stages.terms.rows import TermResult, piece_rows
from pivotmine.stages.terms.search import TermSearch, count_batch

Batches = Iterator[pa.RecordBatch]
T = TypeVar("T", covariant=True)

COLUMNS = ("token_ids", "segment_ends", "segment_langs")
"""Columns of table `tokens` that are read."""

_CHUNK_TOKENS = 2**18
"""Tokens decoded to text at once, unless one document has more. Takes about 60 bytes a token;
larger chunks leave the cache."""


class Shared(Protocol[T]):
    """A broadcast variable: Spark brings it to every worker process once."""

    @property
    def value(self) -> T: ...


@dataclass(frozen=True)
class Held(Generic[T]):
    """What tasks in this process share."""

    value: T


def bind_count(search: Shared[TermSearch]) -> Callable[[Batches], Batches]:
    """Batches of table `tokens` to rows of `buckets.BUCKETS`, once a task.

    Memory of a task: 4 bytes a count of the lexicon, and 60 a token of a chunk.
    """

    def count(batches: Batches) -> Batches:
        totals = new_totals(search.value.terms)
        for batch in batches:
            for chunk in slice_by_values(batch, "token_ids", _CHUNK_TOKENS):
                count_batch(chunk, search.value, totals)
        if totals.contexts[DOCUMENTS]:
            yield buckets_of(totals)

    return count


def sum_buckets(batches: Batches) -> Batches:
    """Rows of `buckets.BUCKETS`, sorted by bucket, to one row a bucket.

    A partition must hold whole buckets.
    """
    rows = (row for batch in batches for row in zip(*batch.to_pydict().values(), strict=True))
    for bucket, parts in groupby(rows, key=lambda row: row[0]):
        yield sum_bucket(bucket, ((entries, counts) for _, entries, counts in parts))


def bind_rows(result: Shared[TermResult]) -> Callable[[Batches], Batches]:
    """Numbers of pieces to rows of table `term_counts`."""

    def rows(batches: Batches) -> Batches:
        return (piece_rows(result.value, piece) for piece in numbers(batches))

    return rows
