"""Folded text made from token ids, so that words are found without reading the texts again.

The pieces of a document in table `tokens`, end to end, are its text. Reading it from there saves a
join of two copies of the corpus, and gives the token of every character, hence its segment, its
language and its window.

A piece is folded once, not at each occurrence. Some pieces cannot be folded by themselves, and
are spelled out: bytes of a divided character, as in byte-level BPE and byte fallback, and pieces
that begin with a mark which joins the letter before it.

The marks of a letter are appended as they come. When the next letter comes they are sorted by their
combining classes and composed with their letter, as Unicode's canonical ordering and composition
have it (UAX 15, section 1.3). So text without marks costs nothing more, and a letter with a million
of them takes the time that sorting takes.
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
_FEW_MARKS = 16
_MOST_PARTS = 4  # a letter with three marks, as U+1F82


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
    classes: NDArray[np.uint8]
    marked: NDArray[np.int32]
    letters: NDArray[np.int32]
    marks: NDArray[np.int32]
    """These ten: `pivotmine.text.folding.FoldingTables`."""


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
    capacity = int(most[tokens].sum()) + len(documents) + _MOST_PARTS
    return TokenText(*_rebuild(tokens, documents, texts, capacity))


@njit
def _find(sorted_values: NDArray[np.integer], value: int) -> int:
    """Index of a value in ascending ones; -1 if it is not there."""
    low, high = 0, len(sorted_values)
    while low < high:
        middle = (low + high) >> 1
        if sorted_values[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low if low < len(sorted_values) and sorted_values[low] == value else -1


@njit
def _composed(texts: PieceTexts, first: int, second: int) -> int:
    """What two code points compose to; -1 if they do not."""
    pair = _find(texts.pairs, first * len(texts.folded) + second)
    return texts.composed[pair] if pair >= 0 else -1


@njit
def _sort_by_class(marks: NDArray[np.int32], classes: NDArray[np.uint8]) -> None:
    """Sort marks in place; those of one class stay in their order."""
    if len(marks) <= _FEW_MARKS:
        for i in range(1, len(marks)):
            mark, at = marks[i], i
            while at > 0 and classes[marks[at - 1]] > classes[mark]:
                marks[at] = marks[at - 1]
                at -= 1
            marks[at] = mark
        return
    places = np.zeros(257, np.int64)
    for mark in marks:
        places[classes[mark] + 1] += 1
    places = np.cumsum(places)
    given = marks.copy()
    for mark in given:
        marks[places[classes[mark]]] = mark
        places[classes[mark]] += 1


@njit
def _close_letter(points: NDArray[np.int32], letter: int, n: int, texts: PieceTexts) -> int:
    """Sort the marks of the letter at `points[letter]`, and compose; returns the new `n`.

    Without a letter, at the start of a document, `points[letter]` is the first mark.
    """
    begin = letter if texts.classes[points[letter]] else letter + 1
    while begin > letter:  # marks that are composed with the letter
        split = _find(texts.marked, points[letter])
        if split < 0:
            break
        points[letter + 2 : n + 1] = points[letter + 1 : n].copy()
        points[letter], points[letter + 1] = texts.letters[split], texts.marks[split]
        n += 1
    _sort_by_class(points[begin:n], texts.classes)
    end, n = n, begin
    last_class = 0
    for at in range(begin, end):
        mark = points[at]
        its_class = texts.classes[mark]
        if begin > letter and last_class < its_class:
            whole = _composed(texts, points[letter], mark)
            if whole >= 0:
                points[letter] = whole
                continue
        points[n] = mark
        n += 1
        last_class = its_class
    return n


@njit
def _append_folded(
    points: NDArray[np.int32], n: int, start: int, letter: int, point: int, texts: PieceTexts
) -> tuple[int, int]:
    """Fold a code point and append it to the `n` so far of a document that begins at `start`.

    `letter` is where the letter stands whose marks come now, -1 for none. Returns the new `n` and
    `letter`.
    """
    single = texts.folded[point]
    first, last = 0, 1
    if single < 0:
        first, last = texts.sequence_offsets[-1 - single], texts.sequence_offsets[-single]
    for i in range(first, last):
        folded = single if single >= 0 else texts.sequences[i]
        if texts.classes[folded]:
            if letter < 0:
                letter = n
                while letter > start and (letter == n or texts.classes[points[letter]]):
                    letter -= 1
        else:
            if letter >= 0:
                n = _close_letter(points, letter, n, texts)
                letter = -1
            if folded == _SPACE and (n == start or points[n - 1] == _SPACE):
                continue
            if texts.composes[folded] and n > start:
                whole = _composed(texts, points[n - 1], folded)
                if whole >= 0:
                    points[n - 1] = whole
                    continue
        points[n] = folded
        n += 1
    return n, letter


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
        letter = int(np.int64(-1))
        missing = 0  # bytes that the character begun still needs
        value = 0
        for t in range(documents[d], documents[d + 1]):
            starts[t] = n
            token = token_ids[t]
            first, last = offsets[token], offsets[token + 1]
            if not spelled[token]:
                if missing > 0:
                    n, letter = _append_folded(points, n, start, letter, _UNKNOWN, texts)
                    missing = 0
                if letter >= 0 and first < last:
                    n = _close_letter(points, letter, n, texts)
                    letter = -1
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
                        n, letter = _append_folded(points, n, start, letter, _UNKNOWN, texts)
                        missing = 0
                        if goes_on or byte >= 0xF8:
                            continue
                    if byte >= 0xC0:
                        missing = 1 + (byte >= 0xE0) + (byte >= 0xF0)
                    value = byte & (0x7F if missing == 0 else 0x3F >> missing)
                if missing == 0:
                    point = value if value < len(texts.folded) else _UNKNOWN
                    n, letter = _append_folded(points, n, start, letter, point, texts)
        if letter >= 0:
            n = _close_letter(points, letter, n, texts)
        if documents[d] < documents[d + 1]:
            points[n] = END_OF_DOCUMENT
            n += 1
    starts[len(token_ids)] = n
    for t in range(len(token_ids) - 1, -1, -1):  # where marks were composed, text is shorter
        starts[t] = min(starts[t], starts[t + 1])
    return points[:n], starts
