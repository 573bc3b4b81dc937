"""Lines of text that many documents hold: menus, banners, licences, templates.

Two words of a template meet in every page of its site, and no statistic of their meetings tells
them from a translation: on planted corpora one page in twenty, from 20 sites, makes 60 % of all
significant pairs false. But such pages are not independent evidence. So a line counts in a few
documents only: those whose ids hash lowest. That is the same few for all lines that travel
together (coordinated, or bottom-k, samples: Cohen and Kaplan 2007, Summarizing data using bottom-k
sketches), so a menu in two languages is still seen whole, as often as a page that exists once.

Lines are compared by 64-bit hashes of their token ids, together with the languages of the document:
a headword counts afresh in a dictionary of other languages. Two different lines out of a billion
have the same hash with probability 0.03.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from blake3 import blake3
from numpy.typing import NDArray

from pivotmine.numeric.mix import mix64

__all__ = [
    "LineDocuments",
    "RepeatedLines",
    "document_keys",
    "line_hashes",
    "lowest_documents",
    "to_leave_out",
]

Hashes = NDArray[np.uint64]

_32 = np.uint64(32)


class LineDocuments(NamedTuple):
    """Which lines are in which documents, each pair once, sorted by line and document."""

    lines: Hashes
    """[n]"""

    documents: Hashes
    """[n] keys."""


class RepeatedLines(NamedTuple):
    """Lines with more documents than may count; 16 B each."""

    lines: Hashes
    """[R] ascending."""

    last_documents: Hashes
    """[R] key of the last document in which the line counts."""


def document_keys(doc_ids: Iterable[str]) -> Hashes:
    """[D] the order in which documents are preferred, by their ids alone; lowest first.

    63 bits, which are in the same order as signed numbers. Hashed with a word in front, so that the
    order is independent of folds and other draws.
    """
    digests = (blake3(f"line {doc_id}".encode()).digest(8) for doc_id in doc_ids)
    return np.array([int.from_bytes(digest) >> 1 for digest in digests], np.uint64)


def line_hashes(
    token_ids: NDArray[np.int32], ends: NDArray[np.int64], language_sets: Hashes
) -> Hashes:
    """Hash of each line: of its token ids in order, and the languages of its document.

    The sum of one mixed word for each token and its place, so that a batch is hashed at once
    (about 17 ns a token).

    Parameters
    ----------
    token_ids
        [T] of all lines, one after another.
    ends
        [S] where each line ends in `token_ids`; a line may be empty.
    language_sets
        [S] any number that stands for the languages of the line's document.
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

    Of the results for several parts of a corpus, joined, it gives that for the whole.
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
