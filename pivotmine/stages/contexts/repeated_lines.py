"""Lines of text that many documents hold: menus, banners, licences, templates.

Two words of a template meet in every page of its site, and no statistic of their meetings tells
them from a translation. But such pages are not independent evidence, so a line counts only in the
few documents whose ids hash lowest. Lines that always appear together keep the same documents
(coordinated, or bottom-k, samples: Cohen and Kaplan 2007, Summarizing data using bottom-k
sketches), so a menu in two languages is still seen whole.

A line is a segment of the tokenized text. Lines are compared by 64-bit hashes of their token ids
and of the languages of the document, so a headword counts again in a dictionary of other languages.
The probability that any two of a billion different lines share a hash is 0.03.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from blake3 import blake3
from numpy.typing import NDArray

from pivotmine.numeric.arrays import row_index
from pivotmine.numeric.arrow_batches import flat_list, language_indices, token_columns
from pivotmine.numeric.mix import mix64
from pivotmine.numeric.nodes import segment_lengths

Hashes = NDArray[np.uint64]

_32 = np.uint64(32)
_GATHERED_LINES = 2_000_000


class LineDocuments(NamedTuple):
    """Which lines are in which documents, each pair once, sorted by line and document."""

    lines: Hashes
    """[n]"""

    documents: Hashes
    """[n] keys."""


class RepeatedLines(NamedTuple):
    """Lines that are in more documents than may count; 16 B each."""

    lines: Hashes
    """[R] ascending."""

    last_documents: Hashes
    """[R] key of the last document in which the line counts."""


def document_keys(doc_ids: Iterable[str]) -> Hashes:
    """[D] keys by which documents are preferred, lowest first; hashes of their ids alone.

    They have 63 bits, so their order is that of signed numbers. Ids are hashed with a prefix, so
    that the order is independent of folds and other draws.
    """
    digests = (blake3(f"line {doc_id}".encode()).digest(8) for doc_id in doc_ids)
    return np.array([int.from_bytes(digest) >> 1 for digest in digests], np.uint64)


def line_hashes(
    token_ids: NDArray[np.int32], ends: NDArray[np.int64], language_sets: Hashes
) -> Hashes:
    """Hash of each line: of its token ids in order, and the languages of its document.

    It is a sum of one mixed word for each token and its place, so a batch is hashed at once (about
    17 ns a token).

    Parameters
    ----------
    token_ids
        [T] of all lines, one after another.
    ends
        [S] where each line ends in `token_ids`; a line may be empty.
    language_sets
        [S] a hash of the languages of the line's document.
    """
    lengths = np.diff(ends, prepend=0)
    starts = ends - lengths
    places = (np.arange(len(token_ids)) - np.repeat(starts, lengths)).astype(np.uint64)
    words = mix64((places << _32) | token_ids.astype(np.uint64))
    with np.errstate(over="ignore"):
        before = np.concatenate((np.zeros(1, np.uint64), np.cumsum(words, dtype=np.uint64)))
        sums = before[ends] - before[starts]
        return mix64(sums + mix64(language_sets))


def lowest_documents(lines: Hashes, documents: Hashes, n_lowest: int) -> LineDocuments:
    """The documents of each line with the lowest keys, at most `n_lowest`, each once.

    Applied to the joined results for parts of a corpus, it gives the result for the whole.
    """
    order = np.lexsort((documents, lines))
    lines, documents = lines[order], documents[order]
    again = (lines[1:] == lines[:-1]) & (documents[1:] == documents[:-1])
    fresh = np.concatenate((np.ones(min(len(lines), 1), np.bool_), ~again))
    lines, documents = lines[fresh], documents[fresh]
    starts = np.flatnonzero(np.concatenate((np.ones(min(len(lines), 1)), lines[1:] != lines[:-1])))
    sizes = np.diff(starts, append=len(lines))
    place = np.arange(len(lines)) - np.repeat(starts, sizes)
    lowest = place < n_lowest
    return LineDocuments(lines[lowest], documents[lowest])


def to_leave_out(lines: Hashes, documents: Hashes, repeated: RepeatedLines) -> NDArray[np.bool_]:
    """[S] which lines do not count, given the key of the document that each is in."""
    if not len(repeated.lines):
        return np.zeros(len(lines), np.bool_)
    place = np.minimum(np.searchsorted(repeated.lines, lines), len(repeated.lines) - 1)
    beyond: NDArray[np.bool_] = (repeated.lines[place] == lines) & (
        documents > repeated.last_documents[place]
    )
    return beyond


def lowest_documents_of_parts(
    parts: Iterable[LineDocuments], n_lowest: int
) -> Iterator[LineDocuments]:
    """What `lowest_documents` gives for a stream of parts, gathered 2 million lines at a time.

    A line that is on every page is passed on a few times, not millions of times. Memory: 200 MB.
    """
    gathered = LineDocuments(np.empty(0, np.uint64), np.empty(0, np.uint64))
    waiting = [gathered]
    n_waiting = 0
    for part in parts:
        waiting.append(part)
        n_waiting += len(part.lines)
        if n_waiting >= _GATHERED_LINES:
            gathered = _lowest(waiting, n_lowest)
            waiting, n_waiting = [gathered], len(gathered.lines)
            if n_waiting >= _GATHERED_LINES // 2:
                yield gathered
                waiting, n_waiting = [], 0
    if n_waiting:
        yield _lowest(waiting, n_lowest)


def _lowest(parts: Sequence[LineDocuments], n_lowest: int) -> LineDocuments:
    lines, documents = (np.concatenate(side) for side in zip(*parts, strict=True))
    return lowest_documents(lines, documents, n_lowest)


def holds_two_languages(batch: pa.RecordBatch, languages: Sequence[str]) -> NDArray[np.bool_]:
    """[D] whether each row of table `tokens` has segments of at least two of the languages."""
    language = language_indices(batch.column("segment_langs"), languages)
    _, offsets = flat_list(batch.column("segment_ends"))
    document = row_index(offsets)
    held = np.zeros((batch.num_rows, len(languages)), np.bool_)
    known = language >= 0
    held[document[known], language[known]] = True
    several: NDArray[np.bool_] = held.sum(axis=1) > 1
    return several


def lines_of(batch: pa.RecordBatch, languages: Sequence[str]) -> LineDocuments:
    """[S] every segment of some rows of table `tokens`: its hash, and the key of its document."""
    columns = token_columns(batch)
    lengths = segment_lengths(columns.segment_ends, columns.segment_offsets)
    document = row_index(columns.segment_offsets)
    keys = document_keys(batch.column("doc_id").to_pylist())
    sets = _language_sets(language_indices(batch.column("segment_langs"), languages), document)
    ends = np.cumsum(lengths)
    # Tokens after the last segment of a document belong to no line.
    starts_in_text = columns.document_offsets[:-1][document] + columns.segment_ends - lengths
    in_line = np.repeat(starts_in_text - (ends - lengths), lengths) + np.arange(lengths.sum())
    hashes = line_hashes(columns.token_ids[in_line], ends, sets[document])
    return LineDocuments(hashes, keys[document])


def hidden_lines(
    batch: pa.RecordBatch, languages: Sequence[str], repeated: RepeatedLines
) -> NDArray[np.bool_]:
    """[S] which segments of some rows of table `tokens` do not count."""
    if not len(repeated.lines):
        return np.zeros(len(batch.column("segment_langs").flatten()), np.bool_)
    return to_leave_out(*lines_of(batch, languages), repeated)


def _language_sets(language: NDArray[np.int8], document: NDArray[np.int64]) -> Hashes:
    """[D] a hash of the languages of each document."""
    n_documents = int(document[-1]) + 1 if len(document) else 0
    held = np.zeros((n_documents, 128), np.bool_)
    held[document, language] = True
    bits = np.packbits(held[:, :-1], axis=1).view(np.uint64)
    sets: Hashes = bits[:, 0] * np.uint64(0x9E3779B97F4A7C15) + bits[:, 1]
    return sets
