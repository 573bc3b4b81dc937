"""Folded text made from token ids, so that words are found without reading the texts again.

The pieces of a document in table `tokens`, end to end, are its text. Reading it from there saves a
join of two copies of the corpus, and gives the token of every character, hence its segment, its
language and its window.

A piece is folded once, not at each occurrence. Some pieces cannot be folded by themselves, and
are spelled out: bytes of a divided character, as in byte-level BPE and byte fallback, and pieces
that begin with a mark which joins the letter before it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.numeric.arrays import check_range, offsets_array, readonly
from pivotmine.numeric.jit import njit

END_OF_DOCUMENT = 0
"""Code point that follows each document. No term holds it, so no match crosses it."""

_SPACE = 0x20
_UNKNOWN = 0xFFFD
_MOST_POINTS_A_BYTE = 6  # U+FDFA folds to 18 code points and takes 3 bytes


class PieceTexts(NamedTuple):
    """The text of every token id, as `piece_texts.py` makes it."""

    offsets: NDArray[np.int64]
    """[V + 1]"""

    points: NDArray[np.int32]
    """Folded code points of each piece; of one that is `spelled`, its bytes."""

    spelled: NDArray[np.bool_]
    """[V]"""

    folded: NDArray[np.int32]
    sequence_offsets: NDArray[np.int32]
    sequences: NDArray[np.int32]
    pairs: NDArray[np.int64]
    composed: NDArray[np.int32]
    composes: NDArray[np.bool_]
    """These six: `pivotmine.text.folding.FoldingTables`."""


class TokenText(NamedTuple):
    """Folded text of a batch of documents, each followed by `END_OF_DOCUMENT`."""

    points: NDArray[np.int32]
    """[P] code points."""

    token_starts: NDArray[np.int64]
    """[T + 1] where the code points of each token begin; some tokens have none."""


def rebuild_text(
    token_ids: NDArray[np.int32], document_offsets: NDArray[np.integer], texts: PieceTexts
) -> TokenText:
    """The folded text of documents, and where each token begins in it.

    Space at the beginning of a document is dropped. Bytes that form no character, and characters
    that the tokenizer does not know, become U+FFFD. Memory: 4 B a code point and 8 B a token.

    Parameters
    ----------
    token_ids, document_offsets
        [T] ids of all documents one after another, and [D + 1] where each begins and ends; the
        first begins at 0 and the last ends at T.

    Raises
    ------
    InputError
        Ids outside the vocabulary, broken offsets.
    """
    tokens = readonly(token_ids, np.int32, "token_ids")
    documents = offsets_array(document_offsets, len(tokens), "document_offsets")
    check_range(tokens, 0, len(texts.spelled), "token_ids")
    most = np.diff(texts.offsets) * np.where(texts.spelled, _MOST_POINTS_A_BYTE, 1)
    capacity = int(most[tokens].sum()) + len(documents)
    return TokenText(*_rebuild(tokens, documents, texts, capacity))


@njit
def _append_folded(
    points: NDArray[np.int32], n: int, start: int, point: int, texts: PieceTexts
) -> int:
    """Fold a code point and append it to the `n` so far of a document that begins at `start`.

    Returns the new number. A mark that composes with the last code point changes that one.
    """
    single = texts.folded[point]
    first, last = 0, 1
    if single < 0:
        first, last = texts.sequence_offsets[-1 - single], texts.sequence_offsets[-single]
    for i in range(first, last):
        folded = single if single >= 0 else texts.sequences[i]
        if folded == _SPACE and (n == start or points[n - 1] == _SPACE):
            continue
        if texts.composes[folded] and n > start:
            pair = np.int64(points[n - 1]) * len(texts.folded) + folded
            low, high = 0, len(texts.pairs)
            while low < high:
                middle = (low + high) >> 1
                if texts.pairs[middle] < pair:
                    low = middle + 1
                else:
                    high = middle
            if low < len(texts.pairs) and texts.pairs[low] == pair:
                points[n - 1] = texts.composed[low]
                continue
        points[n] = folded
        n += 1
    return n


@njit
def _rebuild(
    token_ids: NDArray[np.int32], documents: NDArray[np.int64], texts: PieceTexts, capacity: int
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    points = np.empty(capacity, np.int32)
    starts = np.empty(len(token_ids) + 1, np.int64)
    offsets, pieces, spelled = texts.offsets, texts.points, texts.spelled
    n = int(np.int64(0))  # a literal 0 would have `_append_folded` compiled once more
    for d in range(len(documents) - 1):
        start = n
        missing = 0  # bytes that the character begun still needs
        value = 0
        for t in range(documents[d], documents[d + 1]):
            starts[t] = n
            token = token_ids[t]
            first, last = offsets[token], offsets[token + 1]
            if not spelled[token]:
                if missing > 0:
                    points[n] = _UNKNOWN
                    n += 1
                    missing = 0
                if first < last and pieces[first] == _SPACE:
                    if n > start and points[n - 1] != _SPACE:
                        points[n] = _SPACE
                        n += 1
                    first += 1
                for i in range(first, last):
                    points[n] = pieces[i]
                    n += 1
                continue
            for i in range(first, last):
                byte = pieces[i]
                goes_on = byte & 0xC0 == 0x80
                if goes_on and missing > 0:
                    value = value << 6 | byte & 0x3F
                    missing -= 1
                else:
                    if missing > 0 or goes_on or byte >= 0xF8:
                        points[n] = _UNKNOWN
                        n += 1
                        missing = 0
                        if goes_on or byte >= 0xF8:
                            continue
                    if byte >= 0xC0:
                        missing = 1 + (byte >= 0xE0) + (byte >= 0xF0)
                    value = byte & (0x7F if missing == 0 else 0x3F >> missing)
                if missing == 0:
                    point = value if value < len(texts.folded) else _UNKNOWN
                    n = _append_folded(points, n, start, point, texts)
        if documents[d] < documents[d + 1]:
            points[n] = END_OF_DOCUMENT
            n += 1
    starts[len(token_ids)] = n
    return points[:n], starts
