"""Copies: words, names and numbers that a page and its translation spell alike.

A word is a run of letters and digits of scripts with spaces, in folded text. Characters of scripts
without spaces separate words, so `Debian` is found in the middle of a Japanese sentence. Words are
read from the text that the tokens spell, so no text is read again and every word has its segment.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple
from unicodedata import category

import numpy as np
from numpy.typing import NDArray

from pivotmine.numeric.jit import njit
from pivotmine.text.scripts import UNSPACED_RANGES

MIN_WORD_CHARS = 2
"""Shorter words are no evidence: letters of lists, and digits."""

_TABLE_SIZE = 0x20000


class Words(NamedTuple):
    """Words of a batch of documents."""

    hashes: NDArray[np.uint64]
    """[W] hash of the folded word."""

    tokens: NDArray[np.int64]
    """[W] token that the word begins in, ascending."""


def find_words(points: NDArray[np.int32], token_starts: NDArray[np.int64]) -> Words:
    """The words of at least `MIN_WORD_CHARS` characters in folded text.

    Parameters
    ----------
    points
        [P] code points; every document ends with a separator.
    token_starts
        [T + 1] where the code points of each token begin.
    """
    return Words(*_find(points, token_starts, _in_words()))


@njit
def _find(
    points: NDArray[np.int32], token_starts: NDArray[np.int64], in_words: NDArray[np.bool_]
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    most = len(points) // (MIN_WORD_CHARS + 1) + 1
    hashes = np.empty(most, np.uint64)
    tokens = np.empty(most, np.int64)
    n, token, length = 0, 0, 0
    value = np.uint64(0)
    start = 0
    for p in range(len(points) + 1):
        if p < len(points) and points[p] < len(in_words) and in_words[points[p]]:
            if length == 0:
                start, value = p, np.uint64(0xCBF29CE484222325)
            # FNV-1a (Fowler, Noll and Vo), a code point at a time.
            value = (value ^ np.uint64(points[p])) * np.uint64(0x100000001B3)
            length += 1
            continue
        if length >= MIN_WORD_CHARS:
            while token + 1 < len(token_starts) - 1 and token_starts[token + 1] <= start:
                token += 1
            hashes[n], tokens[n] = value, token
            n += 1
        length = 0
    return hashes[:n].copy(), tokens[:n].copy()


@lru_cache(maxsize=1)
def _in_words() -> NDArray[np.bool_]:
    """[code point] whether it is a letter, a mark or a digit of a script with spaces."""
    table = np.fromiter(
        (category(chr(point))[0] in "LMN" for point in range(_TABLE_SIZE)), np.bool_, _TABLE_SIZE
    )
    for first, last in UNSPACED_RANGES:
        table[first : last + 1] = False
    return table
