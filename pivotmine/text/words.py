"""Words and n-grams of a text as arrays, for measures that count.

Words are separated by blanks; in scripts without spaces, every character counts as a word. An
n-gram is a pair of shorter ones, so numbering pairs numbers n-grams of any length, exactly and
without building a tuple: 7 ns a pair where a `Counter` of tuples takes 250.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.numeric.jit import njit
from pivotmine.text.scripts import UNSPACED_RANGES

_BLANK, _UNSPACED, _OTHER, _KIND, _LETTER = 0, 1, 2, 3, 4
_N_POINTS = 0x110000
_LAST_LETTER = 0x33480  # beyond it, Unicode 17 has no letters

_1, _32 = np.uint64(1), np.uint64(32)
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # Fibonacci hashing (Knuth, TAOCP 3, 6.4)


class Grams(NamedTuple):
    """The n-grams at G places of a sequence, numbered by first occurrence."""

    ids: NDArray[np.int64]
    """int64[G]: number of the n-gram that starts at each place, 0 to K - 1."""
    first: NDArray[np.int64]
    """int64[K]: where each occurs first."""
    counts: NDArray[np.int64]
    """int64[K]: how often."""


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


def number_spans(
    points: NDArray[np.uint32], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> Grams:
    """The 1-grams of W spans of a text (code points): equal ones have equal numbers."""
    return Grams(*_span_kernel(points, starts, ends, _table(len(starts))))


def join(left: Grams, right: Grams, shift: int) -> Grams:
    """N-grams from a shorter one at each place and another `shift` places further on."""
    n = max(min(len(left.ids), len(right.ids) - shift), 0)
    one, other = left.ids[:n].astype(np.uint64), right.ids[shift : shift + n].astype(np.uint64)
    keys = one << _32 | other
    return Grams(*_pair_kernel(keys, _table(len(keys))))


def covered_by_repeats(grams: Grams, n: int, n_words: int) -> NDArray[np.bool_]:
    """bool[n_words]: words inside an n-gram that occurs earlier too."""
    edges = np.zeros(n_words + 1, np.int64)
    repeats = np.flatnonzero(grams.first[grams.ids] != np.arange(len(grams.ids)))
    edges[repeats] += 1
    edges[repeats + n] -= 1
    covered: NDArray[np.bool_] = np.cumsum(edges[:-1]) > 0
    return covered


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


def _table(n: int) -> NDArray[np.int64]:
    """Number of the gram in each slot, -1 where there is none; at most half will be full."""
    return np.full(1 << max(2 * n - 1, 1).bit_length(), -1, np.int64)


@njit
def _enter(
    table: NDArray[np.int64],
    slot: np.int64,
    place: int,
    ids: NDArray[np.int64],
    first: NDArray[np.int64],
    counts: NDArray[np.int64],
    n_distinct: int,
) -> int:
    """Number and count the gram at a place, whose slot is found; how many are distinct now."""
    if table[slot] < 0:
        table[slot] = n_distinct
        first[n_distinct] = place
        n_distinct += 1
    ids[place] = table[slot]
    counts[table[slot]] += 1
    return n_distinct


@njit
def _pair_kernel(
    keys: NDArray[np.uint64], table: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    ids = np.empty(len(keys), np.int64)
    first = np.empty(len(keys), np.int64)
    counts = np.zeros(len(keys), np.int64)
    mask = len(table) - 1
    n_distinct = 0
    for place in range(len(keys)):
        slot = np.int64((keys[place] * _MULTIPLIER) >> _32) & mask
        while table[slot] >= 0 and keys[first[table[slot]]] != keys[place]:
            slot = (slot + 1) & mask
        n_distinct = _enter(table, slot, place, ids, first, counts, n_distinct)
    return ids, first[:n_distinct].copy(), counts[:n_distinct].copy()


@njit
def _span_kernel(
    points: NDArray[np.uint32],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    table: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    ids = np.empty(len(starts), np.int64)
    first = np.empty(len(starts), np.int64)
    counts = np.zeros(len(starts), np.int64)
    mask = len(table) - 1
    n_distinct = 0
    for place in range(len(starts)):
        start, n = starts[place], ends[place] - starts[place]
        hashed = np.uint64(n)
        for at in range(start, start + n):
            hashed = (hashed ^ np.uint64(points[at])) * _MULTIPLIER
            hashed ^= hashed >> _32
        slot = np.int64(hashed >> _1) & mask
        while table[slot] >= 0:
            other = first[table[slot]]
            at = 0
            if ends[other] - starts[other] == n:
                while at < n and points[start + at] == points[starts[other] + at]:
                    at += 1
                if at == n:
                    break
            slot = (slot + 1) & mask
        n_distinct = _enter(table, slot, place, ids, first, counts, n_distinct)
    return ids, first[:n_distinct].copy(), counts[:n_distinct].copy()
