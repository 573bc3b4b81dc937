"""Rows of table `tokens` to counts of the words and pairs of a lexicon, and their sums.

Every task counts into one flat array of its own (`TermTotals`) and sends what is not zero, once, as
byte strings in buckets of neighbouring entries; a bucket is summed in a dense array. So a task
sends at most 8 bytes a count of the lexicon however much text it has read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.stages.contexts.windows import context_bounds
from pivotmine.stages.terms.term_counts import Spans, add_term_counts
from pivotmine.stages.terms.term_layout import DOCUMENTS, TermPairs, TermTotals, new_totals
from pivotmine.stages.terms.term_matching import TermTrie, find_terms
from pivotmine.stages.terms.token_text import PieceTexts, rebuild_text
from pivotmine.udfs.arrow_lists import TokenColumns, language_indices, token_columns

Batches = Iterator[pa.RecordBatch]
T = TypeVar("T", covariant=True)

BUCKET_ENTRIES = 2**18
"""Counts in a bucket: 2 MB where it is summed."""

CHUNK_TOKENS = 2**18
"""Tokens whose text is spelled out at once, or those of one longer document. Takes about 60 bytes a
token; larger chunks leave the cache."""

COLUMNS = ("token_ids", "segment_ends", "segment_langs")
"""What is read of table `tokens`."""

SUM_SCHEMA = pa.schema([("bucket", pa.int32()), ("entries", pa.binary()), ("counts", pa.binary())])
"""Counts that are not zero: int32 places in the bucket, and int64 counts."""


class Shared(Protocol[T]):
    """What Spark brings to every worker process once: a broadcast variable."""

    @property
    def value(self) -> T: ...


class TermSearch(NamedTuple):
    """All that is needed to count terms in tokens."""

    pieces: PieceTexts
    trie: TermTrie
    terms: TermPairs
    languages: tuple[str, ...]
    """Names of the language indices in `terms`."""

    window_tokens: int
    min_language_share: float


def bind_count(search: Shared[TermSearch]) -> Callable[[Batches], Batches]:
    """Batches of table `tokens` to rows of `SUM_SCHEMA`, once a task.

    Memory of a task: 4 bytes a count of the lexicon, and what `CHUNK_TOKENS` says.
    """

    def count(batches: Batches) -> Batches:
        totals = new_totals(search.value.terms)
        for batch in batches:
            for chunk in _slices(batch):
                count_batch(chunk, search.value, totals)
        if totals.contexts[DOCUMENTS]:
            yield _buckets(totals.flat)

    return count


def count_batch(batch: pa.RecordBatch, search: TermSearch, totals: TermTotals) -> None:
    """Add the documents of a batch to `totals`."""
    columns = token_columns(batch)
    text = rebuild_text(columns.token_ids, columns.document_offsets, search.pieces)
    matches = find_terms(text.points, search.trie)
    spans = _spans(columns, language_indices(batch.column("segment_langs"), search.languages))
    windows, _ = context_bounds(
        columns.document_offsets,
        columns.segment_ends,
        columns.segment_offsets,
        len(columns.token_ids),
        search.window_tokens,
    )
    add_term_counts(
        totals,
        columns.document_offsets,
        windows,
        matches,
        text.token_starts,
        spans,
        search.terms,
        search.min_language_share,
    )


def bind_sum() -> Callable[[Batches], Batches]:
    """Rows of `SUM_SCHEMA`, sorted by bucket, to one row a bucket. A partition holds whole ones."""

    def add_up(batches: Batches) -> Batches:
        rows = (row for batch in batches for row in zip(*batch.to_pydict().values(), strict=True))
        for bucket, parts in groupby(rows, key=lambda row: row[0]):
            total = np.zeros(BUCKET_ENTRIES, np.int64)
            for _, entries, counts in parts:
                total[np.frombuffer(entries, np.int32)] += np.frombuffer(counts, np.int64)
            yield _bucket_rows([(bucket, total)])

    return add_up


def totals_of(sums: pa.Table, terms: TermPairs) -> TermTotals:
    """Totals from rows of `SUM_SCHEMA`, one a bucket."""
    totals = new_totals(terms, np.int64)
    for row in sums.to_pylist():
        entries = np.frombuffer(row["entries"], np.int32).astype(np.int64)
        first = row["bucket"] * BUCKET_ENTRIES
        totals.flat[first + entries] = np.frombuffer(row["counts"], np.int64)
    return totals


def n_buckets(terms: TermPairs) -> int:
    """Most rows that `bind_sum` makes of all tasks."""
    return -(-len(new_totals(terms).flat) // BUCKET_ENTRIES)


def _slices(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    offsets = token_columns(batch).document_offsets
    start = 0
    while start < batch.num_rows:
        stop = int(np.searchsorted(offsets, offsets[start] + CHUNK_TOKENS, side="right")) - 1
        stop = max(stop, start + 1)
        yield batch.slice(start, stop - start)
        start = stop


def _spans(columns: TokenColumns, segment_language: NDArray[np.int8]) -> Spans:
    """Segments of all documents, and what each document holds after its last one."""
    n_segments = np.diff(columns.segment_offsets)
    ends = columns.segment_ends + np.repeat(columns.document_offsets[:-1], n_segments)
    last = columns.segment_offsets[1:]
    return Spans(
        np.insert(ends, last, columns.document_offsets[1:]),
        np.insert(segment_language.astype(np.int16), last, -1),
    )


def _buckets(flat: NDArray[np.integer]) -> pa.RecordBatch:
    starts = range(0, len(flat), BUCKET_ENTRIES)
    parts = ((i, flat[start : start + BUCKET_ENTRIES]) for i, start in enumerate(starts))
    return _bucket_rows([(bucket, counts) for bucket, counts in parts if counts.any()])


def _bucket_rows(parts: list[tuple[int, NDArray[np.integer]]]) -> pa.RecordBatch:
    held = [np.flatnonzero(counts).astype(np.int32) for _, counts in parts]
    counts = [part[entries] for (_, part), entries in zip(parts, held, strict=True)]
    return pa.RecordBatch.from_arrays(
        [
            pa.array([bucket for bucket, _ in parts], pa.int32()),
            pa.array([entries.tobytes() for entries in held], pa.binary()),
            pa.array([values.astype(np.int64).tobytes() for values in counts], pa.binary()),
        ],
        schema=SUM_SCHEMA,
    )
