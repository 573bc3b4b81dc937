"""Rows of table `tokens` to the lines of their documents, and which of them do not count.

Only documents with two languages are looked at: no other text is in a mixed context. A line is a
segment, which is how text is cut when it is tokenised.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.numeric.arrays import row_index
from pivotmine.numeric.nodes import segment_lengths
from pivotmine.stages.contexts.repeated_lines import (
    Hashes,
    LineDocuments,
    RepeatedLines,
    document_keys,
    line_hashes,
    lowest_documents,
    to_leave_out,
)
from pivotmine.udfs.arrow_lists import flat_list, language_indices, token_columns

Batches = Iterator[pa.RecordBatch]

SCHEMA = pa.schema([("line", pa.int64()), ("document", pa.int64())])
"""A line, as the bits of its hash, and the key of a document that holds it."""

_GATHERED_LINES = 2_000_000


def bind_find(languages: Sequence[str], n_lowest: int) -> Callable[[Batches], Batches]:
    """Batches of table `tokens` to rows of `SCHEMA`: for each line its first `n_lowest` documents.

    The first of those that a task has at hand, 2 million lines at a time: so a line that is on
    every page is sent a few times by a task, not millions of times. Memory: 200 MB.
    """

    def find(batches: Batches) -> Batches:
        gathered = LineDocuments(np.empty(0, np.uint64), np.empty(0, np.uint64))
        waiting: list[LineDocuments] = [gathered]
        n_waiting = 0
        for batch in batches:
            mixed = batch.filter(pa.array(holds_two_languages(batch, languages)))
            waiting.append(lines_of(mixed, languages))
            n_waiting += len(waiting[-1].lines)
            if n_waiting >= _GATHERED_LINES:
                gathered = _lowest(waiting, n_lowest)
                waiting, n_waiting = [gathered], len(gathered.lines)
                if n_waiting >= _GATHERED_LINES // 2:
                    yield _rows(gathered)
                    waiting, n_waiting = [], 0
        if n_waiting:
            yield _rows(_lowest(waiting, n_lowest))

    return find


def lines_of(batch: pa.RecordBatch, languages: Sequence[str]) -> LineDocuments:
    """[S] every segment of some documents: its hash, and the key of its document."""
    columns = token_columns(batch)
    lengths = segment_lengths(columns.segment_ends, columns.segment_offsets)
    document = row_index(columns.segment_offsets)
    keys = document_keys(batch.column("doc_id").to_pylist())
    sets = _language_sets(language_indices(batch.column("segment_langs"), languages), document)
    ends = np.cumsum(lengths)
    # What follows a document's last segment belongs to no line.
    starts_in_text = columns.document_offsets[:-1][document] + columns.segment_ends - lengths
    in_line = np.repeat(starts_in_text - (ends - lengths), lengths) + np.arange(lengths.sum())
    hashes = line_hashes(columns.token_ids[in_line], ends, sets[document])
    return LineDocuments(hashes, keys[document])


def hidden_lines(
    batch: pa.RecordBatch, languages: Sequence[str], repeated: RepeatedLines
) -> NDArray[np.bool_]:
    """[S] which segments of some documents do not count."""
    if not len(repeated.lines):
        return np.zeros(len(batch.column("segment_langs").flatten()), np.bool_)
    return to_leave_out(*lines_of(batch, languages), repeated)


def holds_two_languages(batch: pa.RecordBatch, languages: Sequence[str]) -> NDArray[np.bool_]:
    """[D] whether a document has segments of at least two of the languages."""
    column = batch.column("segment_langs")
    language = language_indices(column, languages)
    _, offsets = flat_list(batch.column("segment_ends"))
    document = row_index(offsets)
    held = np.zeros((batch.num_rows, len(languages)), np.bool_)
    known = language >= 0
    held[document[known], language[known]] = True
    several: NDArray[np.bool_] = held.sum(axis=1) > 1
    return several


def _language_sets(language: NDArray[np.int8], document: NDArray[np.int64]) -> Hashes:
    """[D] a number for the languages of each document: the sum of one random power for each."""
    n_documents = int(document[-1]) + 1 if len(document) else 0
    held = np.zeros((n_documents, 128), np.bool_)
    held[document, language] = True
    bits = np.packbits(held[:, :-1], axis=1).view(np.uint64)
    sets: Hashes = bits[:, 0] * np.uint64(0x9E3779B97F4A7C15) + bits[:, 1]
    return sets


def _lowest(parts: Sequence[LineDocuments], n_lowest: int) -> LineDocuments:
    lines, documents = (np.concatenate(side) for side in zip(*parts, strict=True))
    return lowest_documents(lines, documents, n_lowest)


def _rows(found: LineDocuments) -> pa.RecordBatch:
    columns = [pa.array(values.view(np.int64)) for values in found]
    return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)
