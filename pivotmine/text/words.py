"""Where the words of a text begin and end, as arrays, for measures that count.

Words are separated by blanks; in scripts without spaces, every character counts as a word.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.text.repeated_ngrams import Grams, number_spans
from pivotmine.text.scripts import UNSPACED_RANGES

_BLANK, _UNSPACED, _OTHER, _KIND, _LETTER = 0, 1, 2, 3, 4
_N_POINTS = 0x110000
_LAST_LETTER = 0x33480  # beyond it, Unicode 17 has no letters


class Words(NamedTuple):
    """The W words of a text in order."""

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    """int64[W]: where each begins and ends, characters."""
    n_letters: NDArray[np.int64]
    """int64[W]: its characters for which `str.isalpha` holds."""
    is_unspaced: NDArray[np.bool_]
    """bool[W]: whether it is a character of a script without spaces."""
    grams: Grams
    """Equal words have equal numbers."""


def find_words(text: str) -> Words:
    """The words of a text; memory is some 20 bytes a character and 80 a word."""
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.dtype("<u4"))
    flags = _flags()[points]
    kinds = flags & _KIND
    breaks = np.empty(len(kinds) + 1, np.bool_)  # between two characters that share no word
    breaks[0] = breaks[-1] = True
    breaks[1:-1] = (kinds[1:] != kinds[:-1]) | (kinds[1:] == _UNSPACED)
    edges = np.flatnonzero(breaks)
    in_word = kinds[edges[:-1]] != _BLANK
    starts, ends = edges[:-1][in_word], edges[1:][in_word]
    letters = np.zeros(len(points) + 1, np.int64)
    np.cumsum(flags >> 2, out=letters[1:])
    return Words(
        starts,
        ends,
        letters[ends] - letters[starts],
        kinds[starts] == _UNSPACED,
        number_spans(points, starts, ends),
    )


@lru_cache(maxsize=1)
def _flags() -> NDArray[np.uint8]:
    """uint8[0x110000]: kind of each code point, and whether it is a letter."""
    flags = np.full(_N_POINTS, _OTHER, np.uint8)
    for first, last in UNSPACED_RANGES:
        flags[first : last + 1] = _UNSPACED
    points = range(_LAST_LETTER)
    flags[: len(points)][[chr(point).isspace() for point in points]] = _BLANK
    flags[: len(points)][[chr(point).isalpha() for point in points]] |= _LETTER
    return flags
