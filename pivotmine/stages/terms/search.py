"""One pass over documents: spell their text, find terms in it, count them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.numeric.arrow_batches import TokenColumns, language_indices, token_columns
from pivotmine.numeric.windows import context_bounds
from pivotmine.stages.terms.counts import Spans, add_term_counts
from pivotmine.stages.terms.layout import TermPairs, TermTotals
from pivotmine.stages.terms.matching import TermTrie, find_terms
from pivotmine.stages.terms.token_text import PieceTexts, rebuild_text


class TermSearch(NamedTuple):
    """What a task needs to count terms in tokens."""

    pieces: PieceTexts
    trie: TermTrie
    terms: TermPairs
    languages: tuple[str, ...]
    """Names of the language indices in `terms`."""

    window_tokens: int
    min_language_share: float


def count_batch(batch: pa.RecordBatch, search: TermSearch, totals: TermTotals) -> None:
    """Add some rows of table `tokens` to `totals`."""
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


def _spans(columns: TokenColumns, segment_language: NDArray[np.int8]) -> Spans:
    """Segments of all documents, and what each document holds after its last one."""
    n_segments = np.diff(columns.segment_offsets)
    ends = columns.segment_ends + np.repeat(columns.document_offsets[:-1], n_segments)
    last = columns.segment_offsets[1:]
    return Spans(
        np.insert(ends, last, columns.document_offsets[1:]),
        np.insert(segment_language.astype(np.int16), last, -1),
    )
