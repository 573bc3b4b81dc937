"""Runs: consecutive segments of one language."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import InputError
from pivotmine.numeric.arrays import check_range, offsets_array, readonly


class Runs(NamedTuple):
    """S segments and R runs of D documents, as places in their tokens, all ascending."""

    segment_start: NDArray[np.int64]
    """[S]"""

    segment_end: NDArray[np.int64]
    """[S] where the next one begins: segments tile the text."""

    segment_offsets: NDArray[np.int64]
    """[D + 1] first segment of each document; text after its last given segment is one more."""

    start: NDArray[np.int64]
    """[R]"""

    end: NDArray[np.int64]
    """[R]"""

    language: NDArray[np.int8]
    """[R] -1 in a document of no known language."""

    document: NDArray[np.int64]
    """[R]"""


def segment_runs(
    document_offsets: NDArray[np.int64],
    segment_ends: NDArray[np.int32],
    segment_offsets: NDArray[np.int64],
    segment_language: NDArray[np.int8],
    n_languages: int,
) -> Runs:
    """Join neighbouring segments of one language.

    Segments of no known language (a number, a short line) belong to the run before them, or, at the
    start of a document, to the one after. Runs tile the text, and none is empty. Parameters are as
    for `nodes_in_text`.

    Raises
    ------
    InputError
        Segment ends that do not rise within their document, or languages out of range.
    """
    n_tokens = int(document_offsets[-1])
    documents = offsets_array(document_offsets, n_tokens, "document_offsets")
    language = readonly(segment_language, np.int8, "segment_language")
    check_range(language, -1, n_languages, "segment_language")
    offsets = offsets_array(segment_offsets, len(language), "segment_offsets")
    owner = np.repeat(np.arange(len(documents) - 1), np.diff(offsets))
    ends = np.insert(documents[owner] + segment_ends, offsets[1:], documents[1:])
    language = np.insert(language, offsets[1:], np.int8(-1))
    offsets = offsets + np.arange(len(offsets))
    starts = np.concatenate(([0], ends))[:-1]
    if bool(np.any(ends < starts)):
        raise InputError("segment_ends must rise within each document, up to its token count")
    document = np.repeat(np.arange(len(documents) - 1), np.diff(offsets))

    held = np.flatnonzero(ends > starts)
    filled = _filled(language[held], document[held])
    begins = np.ones(len(held), np.bool_)
    begins[1:] = (filled[1:] != filled[:-1]) | (document[held][1:] != document[held][:-1])
    first = np.flatnonzero(begins)
    run_starts = starts[held[first]]
    run_ends = np.append(run_starts[1:], n_tokens)[: len(first)]
    return Runs(starts, ends, offsets, run_starts, run_ends, filled[first], document[held[first]])


def _filled(language: NDArray[np.int8], document: NDArray[np.int64]) -> NDArray[np.int8]:
    """Unknown languages replaced by the known one before, else after, in the same document."""
    n = len(language)
    if not n:
        return language
    place = np.arange(n)
    known = language >= 0
    before = np.maximum.accumulate(np.where(known, place, 0))
    after = np.minimum.accumulate(np.where(known, place, n - 1)[::-1])[::-1]
    result = np.full(n, -1, np.int8)
    for neighbour in (after, before):
        usable = known[neighbour] & (document[neighbour] == document)
        result[usable] = language[neighbour[usable]]
    return result
