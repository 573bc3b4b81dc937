"""Token frequencies by language, from token ids and segment languages.

One pass with a stamp array: a (token, language) cell holds the last document that touched it. So
document frequency costs one comparison a token, without a set of tokens for each document. An
occurrence is a whole word if no letter stands beside it in its segment.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.numeric.arrays import check_range, offsets_array, readonly
from pivotmine.numeric.jit import njit
from pivotmine.text.token_notation import BEGINS_WITH_LETTER, ENDS_WITH_LETTER

ALL_TOKENS = -1
"""`token_id` of the rows that count documents of a language."""

_BEGINS, _ENDS = BEGINS_WITH_LETTER, ENDS_WITH_LETTER


class Frequencies(NamedTuple):
    """Running totals over documents.

    The last column of the arrays by language is for text of any language.
    """

    document_frequency: NDArray[np.int64]
    """[vocab_size, n_languages + 1] documents that hold the token in a segment of the language."""

    token_count: NDArray[np.int64]
    """[vocab_size] occurrences."""

    whole_count: NDArray[np.int64]
    """[vocab_size] occurrences as a whole word."""

    n_docs: NDArray[np.int64]
    """[n_languages + 1] documents that hold a segment of the language; last, all documents."""

    stamp: NDArray[np.int64]
    """[vocab_size + 1, n_languages + 1] last document seen, plus 1; the last row is for n_docs."""


class HeldFrequencies(NamedTuple):
    """Totals that are not zero, as rows."""

    token_id: NDArray[np.int32]
    """[R] ascending; last come the rows of `ALL_TOKENS`, one for each language."""

    language: NDArray[np.int32]
    """[R] index of the language; n_languages means any language."""

    document_frequency: NDArray[np.int64]
    """[R]"""

    token_count: NDArray[np.int64]
    """[R] occurrences; only rows of any language carry them, others have 0."""

    whole_count: NDArray[np.int64]
    """[R] occurrences as a whole word, in the same rows."""


def held(totals: Frequencies) -> HeldFrequencies:
    """The (token, language) pairs that occur, and the number of documents of each language."""
    token, language = np.nonzero(totals.document_frequency)
    any_language = totals.n_docs.size - 1
    languages = np.arange(any_language + 1)

    def of_any(counts: NDArray[np.int64]) -> NDArray[np.int64]:
        here = np.where(language == any_language, counts[token], 0)
        return np.append(here, np.zeros(languages.size, np.int64))

    return HeldFrequencies(
        np.append(token, np.full(languages.size, ALL_TOKENS)).astype(np.int32),
        np.append(language, languages).astype(np.int32),
        np.append(totals.document_frequency[token, language], totals.n_docs),
        of_any(totals.token_count),
        of_any(totals.whole_count),
    )


def new_frequencies(vocab_size: int, n_languages: int) -> Frequencies:
    """Zero totals; about 16 bytes times vocab_size times (n_languages + 2)."""
    columns = n_languages + 1
    return Frequencies(
        np.zeros((vocab_size, columns), np.int64),
        np.zeros(vocab_size, np.int64),
        np.zeros(vocab_size, np.int64),
        np.zeros(columns, np.int64),
        np.zeros((vocab_size + 1, columns), np.int64),
    )


def add_frequencies(
    totals: Frequencies,
    token_ids: NDArray[np.int32],
    document_offsets: NDArray[np.int64],
    segment_ends: NDArray[np.int32],
    segment_offsets: NDArray[np.int64],
    segment_language: NDArray[np.int8],
    edges: NDArray[np.uint8],
    first_document: int,
) -> None:
    """Add a batch of documents to the totals, in place.

    Parameters
    ----------
    token_ids, document_offsets
        Flat ids [T] and where each of D documents begins and ends in them [D + 1].
    segment_ends, segment_offsets
        Flat ends [S], each relative to its document, and where each document's begin [D + 1].
    segment_language
        Index of each segment's language [S], -1 where it has none of them.
    edges
        Whether each token begins and ends with a letter [vocab_size]
        (`pivotmine.text.token_notation.letter_edges`).
    first_document
        Number of documents added to these totals before.

    Raises
    ------
    InputError
        Ids or languages out of range, or broken offsets.
    """
    vocab_size, columns = totals.document_frequency.shape
    check_range(token_ids, 0, vocab_size, "token_ids")
    check_range(segment_language, -1, columns - 1, "segment_language")
    _add(
        totals.document_frequency,
        totals.token_count,
        totals.whole_count,
        totals.n_docs,
        totals.stamp,
        readonly(token_ids, np.int32, "token_ids"),
        offsets_array(document_offsets, len(token_ids), "document_offsets"),
        readonly(segment_ends, np.int32, "segment_ends"),
        offsets_array(segment_offsets, len(segment_ends), "segment_offsets"),
        readonly(segment_language, np.int8, "segment_language"),
        readonly(edges, np.uint8, "edges"),
        first_document,
    )


@njit
def _add(  # type: ignore[no-untyped-def]
    document_frequency,
    token_count,
    whole_count,
    n_docs,
    stamp,
    token_ids,
    document_offsets,
    segment_ends,
    segment_offsets,
    segment_language,
    edges,
    first_document,
):
    any_language = n_docs.size - 1
    all_tokens = token_count.size
    for document in range(document_offsets.size - 1):
        mark = first_document + document + 1
        start = document_offsets[document]
        n_docs[any_language] += 1
        begin = start
        for segment in range(segment_offsets[document], segment_offsets[document + 1]):
            language = segment_language[segment]
            end = start + segment_ends[segment]
            if language >= 0 and end > begin and stamp[all_tokens, language] != mark:
                stamp[all_tokens, language] = mark
                n_docs[language] += 1
            for position in range(begin, end):
                token = token_ids[position]
                token_count[token] += 1
                joined = (
                    position > begin
                    and edges[token] & _BEGINS
                    and edges[token_ids[position - 1]] & _ENDS
                ) or (
                    position + 1 < end
                    and edges[token] & _ENDS
                    and edges[token_ids[position + 1]] & _BEGINS
                )
                whole_count[token] += not joined
                if stamp[token, any_language] != mark:
                    stamp[token, any_language] = mark
                    document_frequency[token, any_language] += 1
                if language >= 0 and stamp[token, language] != mark:
                    stamp[token, language] = mark
                    document_frequency[token, language] += 1
            begin = end
