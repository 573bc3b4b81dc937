"""How much of a text looks like words: code, keys, hex dumps and keyboard mash do not.

A language model names a language for any string of letters. Whether there are words at all is told
by their shapes alone, so it needs no list of words.
"""

from __future__ import annotations

from functools import lru_cache
from unicodedata import category, name, normalize

import numpy as np
from numpy.typing import NDArray

from pivotmine.numeric.jit import njit
from pivotmine.text.scripts import UNSPACED_RANGES

_OTHER, _BLANK, _LETTER, _JOINER = range(4)
_KIND_MASK = 3
_UNSPACED = _BLANK | 4  # a letter of a script without blanks between words
_UPPER, _LOWER, _LATIN, _VOWEL, _DIGIT, _CODE = 4, 8, 16, 32, 64, 128
_BASIC_PLANE = 0x10000
_SPACE, _SLASH = 0x20, 0x2F
_JOINERS = "'’-‐‑·\u00ad\u200c\u200d"
_CODE_SIGNS = "{}[]()<>=_+*/\\|&^%$#@~`;"
_VOWELS = "aeiouyæœøıəɛɔ"

_MOST_LETTERS = 30
_MOST_CONSONANTS = 4
_LEAST_LETTERS_WITH_VOWEL = 4
_MANY_OTHERS = 16


@lru_cache(maxsize=1)
def shape_table() -> NDArray[np.uint8]:
    """uint8[0x10000]: what each code point can be in a word; kind in the two lowest bits."""
    table = np.zeros(_BASIC_PLANE, np.uint8)
    for point in range(_BASIC_PLANE):
        char = chr(point)
        kind = category(char)
        if kind[0] in "LM":
            table[point] = _LETTER | (kind in ("Lu", "Lt")) * _UPPER | (kind == "Ll") * _LOWER
            if point < 0x250 or 0x1E00 <= point < 0x1F00:
                is_latin = name(char, "").startswith("LATIN")
                is_vowel = normalize("NFD", char)[0].lower() in _VOWELS
                table[point] |= is_latin * _LATIN | (is_latin and is_vowel) * _VOWEL
        elif char.isspace() or not point:
            table[point] = _BLANK
        elif kind == "Nd":
            table[point] = _DIGIT
    for char in _JOINERS:
        table[ord(char)] = _JOINER
    for char in _CODE_SIGNS:
        table[ord(char)] = _CODE
    # Strings end at what has no blanks around it, letters and punctuation alike.
    for first, last in UNSPACED_RANGES:
        table[first : last + 1] = np.where(
            table[first : last + 1] & _KIND_MASK == _LETTER, _UNSPACED, _BLANK
        )
    return table


def words_only(
    points: NDArray[np.uint32], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> tuple[NDArray[np.uint32], NDArray[np.float64]]:
    """The code points with blanks for all that does not look like words, and float64[S]: the share
    of each text that does, of its letters and of the signs that are common in code.

    A string between blanks is a word if, without the punctuation around it, it has letters, marks,
    apostrophes, hyphens and one slash only, no capital after a small letter, and no more than 30
    letters where letters have cases. In Latin letters it also needs a vowel and has no run of more
    than four consonants; short strings and strings in capitals need neither. Letters of scripts
    without blanks are words. A text without any word stays as it is. A few letters do not tell
    much: with less than 16 other than in words, the share is moved towards 1.
    """
    in_words = np.zeros(len(starts), np.int64)
    others = np.zeros(len(starts), np.int64)
    words = points.copy()
    blank_others(points, starts, ends, shape_table(), words, in_words, others)
    share_of_others = others / np.maximum(in_words + others, 1)
    shares: NDArray[np.float64] = 1 - share_of_others * np.minimum(others / _MANY_OTHERS, 1)
    return words, shares


@njit
def blank_others(
    points: NDArray[np.uint32],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    table: NDArray[np.uint8],
    words: NDArray[np.uint32],
    in_words: NDArray[np.int64],
    others: NDArray[np.int64],
) -> None:
    """See `words_only`; writes to `words`, and counts letters in words, and other letters and signs
    of code, of each text."""
    for text in range(len(starts)):
        at = starts[text]
        while at < ends[text]:
            first = at
            n_letters = np.int64(0)
            while at < ends[text] and shape(points[at], table) & _KIND_MASK != _BLANK:
                found = shape(points[at], table)
                n_letters += found & _KIND_MASK == _LETTER
                others[text] += found & _CODE != 0
                at += 1
            if n_letters and looks_like_word(points, first, at, n_letters, table):
                in_words[text] += n_letters
            elif n_letters:
                others[text] += n_letters
                for place in range(first, at):
                    words[place] = _SPACE
            if at < ends[text] and shape(points[at], table) == _UNSPACED:
                in_words[text] += 1
            at += 1
        if not in_words[text]:
            for place in range(starts[text], ends[text]):
                words[place] = points[place]


@njit
def shape(point: np.uint32, table: NDArray[np.uint8]) -> np.uint8:
    """The row of a code point; those above the basic plane count as letters."""
    return table[point] if point < _BASIC_PLANE else np.uint8(_LETTER)


@njit
def looks_like_word(
    points: NDArray[np.uint32],
    first: np.int64,
    last: np.int64,
    n_letters: np.int64,
    table: NDArray[np.uint8],
) -> bool:
    """Whether the string `points[first:last]`, which has letters, is a word."""
    while shape(points[first], table) & (_KIND_MASK | _DIGIT) in (_OTHER, _JOINER):
        first += 1
    while shape(points[last - 1], table) & (_KIND_MASK | _DIGIT) in (_OTHER, _JOINER):
        last -= 1
    n_latin = n_upper = n_cased = n_vowels = run = longest_run = n_slashes = 0
    after_lower = False
    for place in range(first, last):
        found = shape(points[place], table)
        if points[place] == _SLASH and n_slashes == 0:
            n_slashes, run, after_lower = 1, 0, False
            continue
        if found & _KIND_MASK == _OTHER or (after_lower and found & _UPPER):
            return False
        after_lower = found & _LOWER != 0
        n_upper += found & _UPPER != 0
        n_cased += found & (_UPPER | _LOWER) != 0
        n_latin += found & _LATIN != 0
        n_vowels += found & _VOWEL != 0
        run = run + 1 if found & (_LATIN | _VOWEL) == _LATIN else 0
        longest_run = max(longest_run, run)
    if n_cased and n_letters > _MOST_LETTERS:
        return False
    if n_latin < n_letters or n_upper == n_letters or n_letters < _LEAST_LETTERS_WITH_VOWEL:
        return True
    return n_vowels > 0 and longest_run <= _MOST_CONSONANTS
