"""Texts as sets of shingles (runs of consecutive words), for finding near-duplicates.

A word is a run of letters and digits. In scripts without spaces each character is a word, so that
Chinese, Japanese and Thai need no segmenter. Case, punctuation and white space do not count. Hashes
are polynomial sums, so that a batch of texts is a few passes of numpy over its code points.

A line that very many documents have (a menu, a licence) says nothing about any of them. `shingle`
leaves such lines out, unless hardly anything else remains: pages that are all boilerplate are
copies of each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple
from unicodedata import category

import numpy as np
from numpy.typing import NDArray

from pivotmine.text.scripts import UNSPACED_RANGES

MAX_CHARS = 1_000_000
"""Longer texts are compared by their beginning. Memory: about 100 B a character of a batch."""

_SEPARATOR, _LETTER, _WORD = 0, 1, 2
_NEWLINE = ord("\n")
_ASTRAL = 0x10000
_IN_WORD = np.uint64(0x9E3779B97F4A7C15)
_IN_LINE = np.uint64(0xC2B2AE3D27D4EB4F)
_IN_SHINGLE = np.uint64(0x165667B19E3779F9)


class HashedWords(NamedTuple):
    """Hashed words of N texts in L lines with W words; lines without a word are left out."""

    hashes: NDArray[np.uint64]
    """uint64[W]"""
    line_ends: NDArray[np.int64]
    """int64[L]: where each line ends, in words."""
    text_ends: NDArray[np.int64]
    """int64[N]: where each text ends, in lines."""


def find_words(texts: Sequence[str]) -> HashedWords:
    """The words of texts, lower case, of at most `MAX_CHARS` characters each."""
    folded = [text[:MAX_CHARS].lower() + "\n" for text in texts]
    encoded = "".join(folded).encode("utf-32-le", "surrogatepass")
    points = np.frombuffer(encoded, np.dtype("<u4"))
    classes = _classes()[np.where(points < _ASTRAL, points, _ASTRAL + (points >= 0x20000))]
    inside = np.flatnonzero(classes)
    owned = classes[inside]
    starts = np.empty(len(inside), bool)
    starts[:1] = True
    starts[1:] = (np.diff(inside) > 1) | (owned[1:] == _WORD) | (owned[:-1] == _WORD)
    first = np.flatnonzero(starts)
    hashes = _polynomial(murmur64(points[inside].astype(np.uint64)), first, _IN_WORD)

    newlines = np.flatnonzero(points == _NEWLINE)
    words_before = np.searchsorted(inside[first], newlines)  # at every line end
    filled = np.diff(words_before, prepend=0) > 0
    bounds = np.cumsum(np.fromiter(map(len, folded), np.int64, len(folded)))
    lines_before = np.searchsorted(newlines, bounds)
    text_ends = np.concatenate(([0], np.cumsum(filled)))[lines_before]
    return HashedWords(hashes, words_before[filled].astype(np.int64), text_ends.astype(np.int64))


def hash_lines(words: HashedWords) -> NDArray[np.uint64]:
    """uint64[L]: hash of the words of each line."""
    if not len(words.line_ends):
        return np.zeros(0, np.uint64)
    first = np.concatenate(([0], words.line_ends[:-1]))
    return murmur64(_polynomial(words.hashes, first, _IN_LINE))


def distinct_lines(words: HashedWords) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Hashes of the lines of each text, each once, sorted; and where each text ends among them."""
    n_texts = len(words.text_ends)
    owner = np.repeat(np.arange(n_texts), np.diff(words.text_ends, prepend=0))
    hashes = hash_lines(words)
    order = np.lexsort((hashes, owner))
    hashes, owner = hashes[order], owner[order]
    first = np.ones(len(hashes), bool)
    first[1:] = (hashes[1:] != hashes[:-1]) | (owner[1:] != owner[:-1])
    counts = np.bincount(owner[first], minlength=n_texts)
    return hashes[first], np.cumsum(counts).astype(np.int64)


def lines_left_out(
    lines: NDArray[np.uint64], ends: NDArray[np.int64], common_lines: NDArray[np.uint64]
) -> NDArray[np.uint64]:
    """uint64[N]: one hash of the common lines of each text of `distinct_lines`.

    It is the sum of their mixed hashes: 0 if no line is common, and equal for equal sets. Two
    different sets collide with a chance of 2**-64.
    """
    found = murmur64(lines) * _is_in(lines, common_lines)
    before = np.concatenate((np.zeros(1, np.uint64), np.cumsum(found, dtype=np.uint64)))
    sums: NDArray[np.uint64] = before[ends] - before[np.concatenate(([0], ends[:-1]))]
    return sums


def shingle(
    words: HashedWords, common_lines: NDArray[np.uint64], n_words: int, min_shingles: int
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Hashes of all runs of `n_words` words of each text, and where each text ends among them.

    Runs cross line ends. A text shorter than a run has none.

    Parameters
    ----------
    common_lines
        uint64, sorted: hashes of lines to leave out, if the text has `min_shingles` without them.
    """
    n_texts = len(words.text_ends)
    line_sizes = np.diff(words.line_ends, prepend=0)
    line_owner = np.repeat(np.arange(n_texts), np.diff(words.text_ends, prepend=0))
    kept = ~_is_in(hash_lines(words), common_lines)
    remaining = np.bincount(line_owner, weights=line_sizes * kept, minlength=n_texts)
    kept |= (remaining - n_words + 1 < min_shingles)[line_owner]
    chosen = np.repeat(kept, line_sizes)
    hashes = words.hashes[chosen]
    owner = np.repeat(line_owner, line_sizes)[chosen]
    n_runs = max(len(hashes) - n_words + 1, 0)
    whole = owner[:n_runs] == owner[n_words - 1 :] if n_runs else np.zeros(0, bool)
    total = np.zeros(n_runs, np.uint64)
    factors = np.full(n_words, _IN_SHINGLE).cumprod()
    for i in range(n_words):
        total += hashes[i : i + n_runs] * factors[i]
    shingles = (murmur64(total[whole]) >> np.uint64(32)).astype(np.uint32)
    ends = np.cumsum(np.bincount(owner[:n_runs][whole], minlength=n_texts))
    return shingles, ends.astype(np.int64)


def murmur64(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finalizer of MurmurHash3, 64 bit: every input bit moves every output bit."""
    values = values ^ (values >> np.uint64(33))
    values = values * np.uint64(0xFF51AFD7ED558CCD)
    values = values ^ (values >> np.uint64(33))
    values = values * np.uint64(0xC4CEB9FE1A85EC53)
    return values ^ (values >> np.uint64(33))


def _polynomial(
    values: NDArray[np.uint64], first: NDArray[np.int64], base: np.uint64
) -> NDArray[np.uint64]:
    """For each group of values that begins at `first`: the sum of values times powers of `base`."""
    if not len(first):
        return np.zeros(0, np.uint64)
    sizes = np.diff(first, append=len(values))
    powers = np.full(sizes.max(), base, np.uint64).cumprod()
    place = np.arange(len(values)) - np.repeat(first, sizes)
    sums: NDArray[np.uint64] = np.add.reduceat(values * powers[place], first)
    return sums


def _is_in(values: NDArray[np.uint64], sorted_set: NDArray[np.uint64]) -> NDArray[np.bool_]:
    if not len(sorted_set):
        return np.zeros(len(values), bool)
    at = np.minimum(np.searchsorted(sorted_set, values), len(sorted_set) - 1)
    found: NDArray[np.bool_] = sorted_set[at] == values
    return found


@lru_cache(maxsize=1)
def _classes() -> NDArray[np.uint8]:
    """uint8[0x10000 + 2]: class of each code point; the last two are for those above."""
    table = np.fromiter(
        (_LETTER if category(chr(point))[0] in "LMN" else _SEPARATOR for point in range(_ASTRAL)),
        np.uint8,
        _ASTRAL,
    )
    for first, last in UNSPACED_RANGES:
        block = table[first : last + 1]
        block[block == _LETTER] = _WORD
    return np.append(table, np.array([_SEPARATOR, _WORD], np.uint8))
