"""The features of many texts under a fastText model, summed.

The same as the library's on lower-cased text with blanks between words. Two differences save nine
tenths of its time:

* Rows of a word's subwords are summed once a word, and the sums of recent words are kept. A word is
  added to a text as a whole, so a result does not depend on what was kept.
* Texts are code points, so nothing is made in Python for a text or a word.

`fasttext_labels.py` makes probabilities of the sums.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pivotmine.numeric.jit import count_ones, njit
from pivotmine.text.fasttext_file import (
    FNV_BASIS,
    Dictionary,
    fnv_step,
)

_BLANK, _DOTTED_I = -1, -2
_PLANES = 0x20000  # code points above have no lower case

# Sums of recent words: slots, and bytes of the longest word that is kept.
_KEPT_WORDS = 8192
_KEPT_BYTES = 30

_OPEN, _CLOSE = 0x3C, 0x3E
"""Marks of the beginning and the end of a word."""
_SMALL_I, _DOT_ABOVE = np.int64(0x69), np.int64(0x307)
_END_OF_LINE = np.frombuffer(b"</s>", np.uint8)
"""What fastText puts at the end of a line."""
_LABEL_PREFIX = np.frombuffer(b"__label__", np.uint8)
_NGRAM_FACTOR = np.uint64(116049371)


Integer: TypeAlias = int | np.int64


@lru_cache(maxsize=1)
def simple_lower_case() -> NDArray[np.int32]:
    """int32[0x20000]: lower case of each code point; -1 for blanks, -2 for a capital I with a dot.

    That one becomes two characters. The lower case of capital sigma depends on its neighbours, so
    the caller writes it. A lone surrogate becomes a question mark, as in Python's UTF-8.
    """
    points = [point for point in range(_PLANES) if point not in (0x3A3, 0x130)]
    table = np.arange(_PLANES, dtype=np.int32)
    lower = "".join(map(chr, points)).lower().encode("utf-32-le", "surrogatepass")
    table[points] = np.frombuffer(lower, np.dtype("<i4"))
    table[[point for point in range(0x3001) if chr(point).isspace() or not point]] = _BLANK
    table[0x130] = _DOTTED_I
    table[0xD800:0xE000] = ord("?")
    return table


class Room(NamedTuple):
    """Room for the words of the texts of a call. D dimensions."""

    word: NDArray[np.uint8]
    """UTF-8 of a word, behind the mark of its beginning."""
    hashes: NDArray[np.int32]
    """Of the words of a text."""
    features: NDArray[np.int64]
    """Rows of a word."""
    kept_words: NDArray[np.uint8]
    """uint8[_KEPT_WORDS, _KEPT_BYTES]: recent words."""
    kept_sizes: NDArray[np.int64]
    kept_features: NDArray[np.int64]
    """Numbers of their rows, -1 for a label."""
    kept_sums: NDArray[np.float32]
    """float32[_KEPT_WORDS, D]: sums of their rows."""


def hidden_states(
    points: NDArray[np.uint32],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    dictionary: Dictionary,
    rows: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """float32[S, D] mean row of the features of each text, int64[S] how many they are.

    Parameters
    ----------
    points
        Code points of all texts.
    starts, ends
        int64[S]
    """
    longest = int((ends - starts).max(initial=0))
    n_dimensions = rows.shape[1]
    # A word with its marks has `longest` + 2 characters, twice as many if all are a capital I with
    # a dot, and begins a subword of each length at each.
    n_lengths = max(1, min(dictionary.max_chars, 2 * longest + 6))
    n_most = 2 * (longest + 3) * n_lengths + max(0, min(dictionary.word_ngrams, longest + 2))
    room = Room(
        word=np.full(4 * longest + 8, _OPEN, np.uint8),
        hashes=np.empty(longest + 2, np.int32),
        features=np.empty(n_most, np.int64),
        kept_words=np.empty((_KEPT_WORDS, _KEPT_BYTES), np.uint8),
        kept_sizes=np.zeros(_KEPT_WORDS, np.int64),
        kept_features=np.empty(_KEPT_WORDS, np.int64),
        kept_sums=np.empty((_KEPT_WORDS, n_dimensions), np.float32),
    )
    hidden = np.zeros((len(starts), n_dimensions), np.float32)
    n_features = np.zeros(len(starts), np.int64)
    lower_case = simple_lower_case()
    sum_texts(points, starts, ends, lower_case, dictionary, rows, room, hidden, n_features)
    return hidden, n_features


@njit
def sum_texts(
    points: NDArray[np.uint32],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    lower_case: NDArray[np.int32],
    dictionary: Dictionary,
    rows: NDArray[np.float32],
    room: Room,
    hidden: NDArray[np.float32],
    n_features: NDArray[np.int64],
) -> None:
    """See `hidden_states`; writes to the last two arrays. `lower_case`: see `simple_lower_case`."""
    for text in range(len(starts)):
        n_hashes = np.int64(0)
        total = np.int64(0)
        at, end = starts[text], ends[text]
        size: Integer = np.int64(1)
        state = FNV_BASIS
        is_open = True
        while is_open:
            if at < end:
                point = np.int64(points[at])
                at += 1
                letter = np.int64(lower_case[point]) if point < _PLANES else point
                if letter == _DOTTED_I:
                    size, state = append_letter(room.word, size, state, _SMALL_I)
                    letter = _DOT_ABOVE
                if letter >= 0:
                    size, state = append_letter(room.word, size, state, letter)
                    continue
                if size == 1:
                    continue
            elif size == 1:
                for byte in _END_OF_LINE:
                    size, state = append_letter(room.word, size, state, np.int64(byte))
            # Also a word in the text that equals the end of a line ends the text.
            is_open = not starts_with(room.word, size, _END_OF_LINE, len(_END_OF_LINE) + 1)
            slot = find_word(size, state, not is_open, dictionary, rows, room)
            if room.kept_features[slot] >= 0:
                total += room.kept_features[slot]
                for column in range(rows.shape[1]):
                    hidden[text, column] += room.kept_sums[slot, column]
                room.hashes[n_hashes] = np.int32(state)
                n_hashes += 1
            size = np.int64(1)
            state = FNV_BASIS
        if dictionary.word_ngrams > 1 and dictionary.has_buckets:
            for first in range(n_hashes):
                n = list_word_ngrams(room.hashes, first, n_hashes, dictionary, room.features)
                sum_rows(room.features, n, rows, hidden, text)
                total += n
        n_features[text] = total
        for column in range(rows.shape[1]):
            hidden[text, column] *= np.float32(1.0 / (total if total else 1))


@njit
def find_word(
    size: Integer,
    state: np.uint32,
    ends_line: bool,
    dictionary: Dictionary,
    rows: NDArray[np.float32],
    room: Room,
) -> Integer:
    """Slot of `room.word[1:size]` among the recent words; sums its rows if it is not there."""
    slot = np.int64(state & np.uint32(_KEPT_WORDS - 1))
    if room.kept_sizes[slot] == size:
        at = 1
        while at < size and room.kept_words[slot, at] == room.word[at]:
            at += 1
        if at == size:
            return slot
    n = list_features(room.word, size, state, ends_line, dictionary, room.features)
    for column in range(rows.shape[1]):
        room.kept_sums[slot, column] = 0
    sum_rows(room.features, n, rows, room.kept_sums, slot)
    room.kept_features[slot] = n
    room.kept_sizes[slot] = 0
    if size <= _KEPT_BYTES:
        room.kept_sizes[slot] = size
        for at in range(1, size):
            room.kept_words[slot, at] = room.word[at]
    return slot


@njit
def starts_with(
    word: NDArray[np.uint8], size: Integer, name: NDArray[np.uint8], most: Integer
) -> bool:
    """Whether `word[1:size]` begins with a name, and `size` is at most `most`."""
    if size <= len(name) or size > most:
        return False
    at = 0
    while at < len(name) and word[1 + at] == name[at]:
        at += 1
    return at == len(name)


@njit
def append_letter(
    word: NDArray[np.uint8], size: Integer, state: np.uint32, letter: Integer
) -> tuple[Integer, np.uint32]:
    """Write the UTF-8 of a code point to `word[size:]`; returns the new size and hash."""
    if letter < 0x80:
        word[size] = letter
        return size + 1, fnv_step(state, word[size])
    if letter < 0x800:
        word[size] = 0xC0 | (letter >> 6)
        n_more = 1
    elif letter < 0x10000:
        word[size] = 0xE0 | (letter >> 12)
        n_more = 2
    else:
        word[size] = 0xF0 | (letter >> 18)
        n_more = 3
    state = fnv_step(state, word[size])
    size += 1
    for left in range(n_more - 1, -1, -1):
        word[size] = 0x80 | ((letter >> (6 * left)) & 0x3F)
        state = fnv_step(state, word[size])
        size += 1
    return size, state


@njit
def find_entry(
    word: NDArray[np.uint8], size: Integer, state: np.uint32, dictionary: Dictionary
) -> Integer:
    """Entry of the dictionary with the name `word[1:size]` and that hash, or -1."""
    mask = np.uint32(len(dictionary.slots) - 1)
    slot = state & mask
    while dictionary.slots[slot] >= 0:
        entry = np.int64(dictionary.slots[slot])
        start = dictionary.word_starts[entry]
        if dictionary.word_ends[entry] - start == size - 1:
            same = True
            for at in range(size - 1):
                if dictionary.letters[start + at] != word[1 + at]:
                    same = False
                    break
            if same:
                return entry
        slot = (slot + np.uint32(1)) & mask
    return np.int64(-1)


@njit
def list_features(
    word: NDArray[np.uint8],
    size: Integer,
    state: np.uint32,
    ends_line: bool,
    dictionary: Dictionary,
    features: NDArray[np.int64],
) -> Integer:
    """Write the rows of a word and of its subwords to `features`; returns their number.

    -1 stands for a label, which is no word of a text. `word[0]` marks the beginning of the word.
    """
    entry = find_entry(word, size, state, dictionary)
    if entry >= dictionary.n_words:
        return np.int64(-1)
    if entry < 0 and starts_with(word, size, _LABEL_PREFIX, size):
        return np.int64(-1)
    n_whole = np.int64(0)
    if entry >= 0:
        features[0] = entry
        n_whole += 1
    if ends_line or dictionary.max_chars <= 0 or not dictionary.has_buckets:
        return n_whole
    word[size] = _CLOSE
    size += 1
    n_buckets = np.uint64(dictionary.n_buckets)
    inverse = np.uint64(2**32) // n_buckets
    n = n_whole
    for start in range(size):
        if word[start] & 0xC0 == 0x80:
            continue
        at = start
        subword = FNV_BASIS
        for n_chars in range(1, dictionary.max_chars + 1):
            if at >= size:
                break
            subword = fnv_step(subword, word[at])
            at += 1
            while at < size and word[at] & 0xC0 == 0x80:
                subword = fnv_step(subword, word[at])
                at += 1
            is_mark = n_chars == 1 and (start == 0 or at == size)
            if n_chars >= dictionary.min_chars and not is_mark:
                # The remainder by a multiplication, which takes a fifth of a division's time.
                bucket = np.uint64(subword)
                bucket -= ((bucket * inverse) >> np.uint64(32)) * n_buckets
                while bucket >= n_buckets:
                    bucket -= n_buckets
                features[n] = bucket
                n += 1
    return keep_rows(features, n_whole, n, dictionary)


@njit
def keep_rows(
    features: NDArray[np.int64], first: Integer, last: Integer, dictionary: Dictionary
) -> Integer:
    """Turn buckets `features[first:last]` into rows without the pruned ones; returns the end."""
    if not len(dictionary.kept_buckets):
        for at in range(first, last):
            features[at] += dictionary.n_words
        return last
    kept = first
    for at in range(first, last):
        bucket = np.uint64(features[at])
        block = bucket >> np.uint64(6)
        bits = dictionary.kept_buckets[block, 0] >> (bucket & np.uint64(63))
        # The rank among the kept buckets: those before the block, and those before it in the block.
        after = count_ones(bits)
        features[kept] = dictionary.n_words + dictionary.kept_buckets[block, 1] - after
        kept += np.int64(bits & np.uint64(1))
    return kept


@njit
def sum_rows(
    features: NDArray[np.int64],
    n: Integer,
    rows: NDArray[np.float32],
    totals: NDArray[np.float32],
    place: Integer,
) -> None:
    """Add the rows that the first n features name to `totals[place]`."""
    for feature in range(n):
        row = features[feature]
        for column in range(rows.shape[1]):
            totals[place, column] += rows[row, column]


@njit
def list_word_ngrams(
    hashes: NDArray[np.int32],
    first: Integer,
    n_hashes: Integer,
    dictionary: Dictionary,
    features: NDArray[np.int64],
) -> Integer:
    """Write the rows of runs of words from one on; returns their number."""
    # fastText extends hashes with their sign.
    state = np.uint64(np.int64(hashes[first]))
    n = np.int64(0)
    end = n_hashes if first + dictionary.word_ngrams > n_hashes else first + dictionary.word_ngrams
    for last in range(first + 1, end):
        state = state * _NGRAM_FACTOR + np.uint64(np.int64(hashes[last]))
        features[n] = state % np.uint64(dictionary.n_buckets)
        n += 1
    return keep_rows(features, np.int64(0), n, dictionary)
