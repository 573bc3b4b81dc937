"""All occurrences of all terms of a lexicon in a text, with boundaries where a script has them.

A match must end at a boundary: where a term begins or ends with a letter or digit of a script that
puts spaces between words, no such character may stand beyond that end. Each end is checked by
itself, so `T恤` is found after a Chinese word but not after a Latin one, and terms of Chinese,
Japanese or Thai are found anywhere. Terms inside terms count, as in a search for each term alone.

A match may begin only at a boundary, so a trie is walked from there. An automaton (Aho-Corasick)
looks at every character once, but finds `a` in every word and leaves the boundaries to be checked
afterwards; it took three to four times as long (docs/results/terms.md).

The trie is cut where only one term is left; the rest of that term is compared with the text. That
leaves 1.5 nodes a term instead of 6. A term takes 71 bytes, and the alphabet 4.5 MB.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import InputError
from pivotmine.numeric.arrays import check_range, readonly
from pivotmine.numeric.jit import njit
from pivotmine.stages.terms.token_text import END_OF_DOCUMENT

_LETTER = 1 << 30
_SYMBOL = _LETTER - 1
_FEW_CHILDREN = 8


class TermTrie(NamedTuple):
    """S distinct strings over an alphabet of A code points, as a trie of N nodes.

    Nodes are numbered level by level, siblings together and in the order of their symbols.
    """

    symbol_of: NDArray[np.int32]
    """[code points] symbol 1..A, 0 for code points in no string; `_LETTER` is set for letters."""

    top: NDArray[np.int32]
    """[A + 1] node of each symbol with which a string begins, else -1."""

    symbols: NDArray[np.int32]
    """[N] the symbol that leads to a node."""

    first_child: NDArray[np.int32]
    """[N + 1] node n's children are first_child[n] to first_child[n + 1] - 1; a leaf has none."""

    strings: NDArray[np.int32]
    """[N] the string that ends at a node, or at a leaf the string that goes on there; else -1."""

    characters: NDArray[np.int32]
    """Symbols of all strings."""

    offsets: NDArray[np.int64]
    """[S + 1] where each string begins in `characters`."""


class Matches(NamedTuple):
    """M occurrences in the order of position; at one position the shorter comes first."""

    string: NDArray[np.int32]
    """[M]"""

    position: NDArray[np.int64]
    """[M] index of its first code point."""


def build_trie(strings: Sequence[str], letters: NDArray[np.bool_]) -> TermTrie:
    """The trie of strings in ascending order.

    Parameters
    ----------
    strings
        Folded, each once, none empty, sorted as Python sorts them.
    letters
        [code points] letters of scripts with spaces, see `folding.spaced_letters`.

    Raises
    ------
    InputError
        Strings empty, repeated or out of order, or holding U+0000.
    """
    lengths = np.fromiter(map(len, strings), np.int64, len(strings))
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    points = np.frombuffer("".join(strings).encode("utf-32-le"), "<u4").astype(np.int32)
    alphabet = np.unique(points)
    if len(alphabet) and alphabet[0] == END_OF_DOCUMENT:
        raise InputError("a term holds U+0000, which ends documents; fold terms first")
    symbol_of = np.where(letters, np.int32(_LETTER), np.int32(0))
    symbol_of[alphabet] += np.arange(1, len(alphabet) + 1, dtype=np.int32)
    characters = symbol_of[points] & _SYMBOL
    if lengths.min(initial=1) == 0:
        raise InputError("a term is empty")
    shared = _shared_prefixes(characters, offsets)
    # A string needs nodes below the prefix it shares with the one before it, down to the first
    # character that no neighbour shares.
    deepest = np.minimum(lengths, np.maximum(shared[:-1], shared[1:]) + 1)
    n_nodes = deepest - shared[:-1]
    owner = np.repeat(np.arange(len(strings)), n_nodes)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(n_nodes) - n_nodes, n_nodes)
    depth = within + shared[:-1][owner] + 1
    level_order = np.argsort(depth, kind="stable")
    owner, depth = owner[level_order], depth[level_order]
    symbols = characters[offsets[owner] + depth - 1]
    first_child = np.full(len(owner) + 1, len(owner), np.int32)
    levels = np.searchsorted(depth, np.arange(1, int(depth.max(initial=0)) + 2))
    for start, end in zip(levels[:-1].tolist(), levels[1:].tolist(), strict=True):
        after = end + int(np.searchsorted(depth[end:], depth[start] + 1, side="right"))
        first_child[start:end] = end + np.searchsorted(owner[end:after], owner[start:end])
    top = np.full(len(alphabet) + 1, -1, np.int32)
    n_top = int(levels[1]) if len(levels) > 1 else 0
    top[symbols[:n_top]] = np.arange(n_top)
    ends_here = depth == deepest[owner]
    return TermTrie(
        symbol_of,
        top,
        symbols,
        first_child,
        np.where(ends_here, owner, -1).astype(np.int32),
        characters,
        offsets,
    )


def find_terms(points: NDArray[np.int32], trie: TermTrie) -> Matches:
    """Every occurrence of every string of the trie.

    Memory: 12 B a match.

    Parameters
    ----------
    points
        [P] folded text; each document ends with `END_OF_DOCUMENT`, as `rebuild_text` gives it.

    Raises
    ------
    InputError
        Values that are no code points, or a text that does not end with `END_OF_DOCUMENT`.
    """
    text = readonly(points, np.int32, "points")
    check_range(text, 0, len(trie.symbol_of), "points")
    if len(text) and text[-1] != END_OF_DOCUMENT:
        raise InputError("points must end with END_OF_DOCUMENT, as rebuild_text gives them")
    return Matches(*_find(text, *trie))


def _shared_prefixes(
    characters: NDArray[np.int32], offsets: NDArray[np.int64]
) -> NDArray[np.int64]:
    """[S + 1] characters that string i shares with i - 1; 0 at both ends.

    Raises `InputError` unless every string is greater than the one before it.
    """
    shared = np.zeros(len(offsets), np.int64)
    ends = np.append(offsets[1:], offsets[-1])
    alike = np.arange(1, len(offsets) - 1)
    while len(alike):
        n = shared[alike[0]]
        before, this = offsets[alike - 1] + n, offsets[alike] + n
        over = this >= ends[alike]
        if over.any():
            raise InputError("terms must be in ascending order, each once, and none empty")
        going = before < offsets[alike]
        alike, before, this = alike[going], before[going], this[going]
        if (characters[before] > characters[this]).any():
            raise InputError("terms must be in ascending order, each once, and none empty")
        alike = alike[characters[before] == characters[this]]
        shared[alike] += 1
    return shared


@njit
def _child(symbols: NDArray[np.int32], child: int, end: int, symbol: int) -> int:
    """The node among child to end - 1 that a symbol leads to; -1 for none."""
    while end - child > _FEW_CHILDREN:
        middle = (child + end) >> 1
        if symbols[middle] <= symbol:
            child = middle
        else:
            end = middle
    while child < end and symbols[child] < symbol:
        child += 1
    return child if child < end and symbols[child] == symbol else -1


@njit
def _find(
    text: NDArray[np.int32],
    symbol_of: NDArray[np.int32],
    top: NDArray[np.int32],
    symbols: NDArray[np.int32],
    first_child: NDArray[np.int32],
    strings: NDArray[np.int32],
    characters: NDArray[np.int32],
    offsets: NDArray[np.int64],
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    string = np.empty(len(text) // 4 + 16, np.int32)
    position = np.empty(len(string), np.int64)
    n = 0
    before = 0
    for start in range(len(text)):
        entry = symbol_of[text[start]]
        inside_word = before & entry & _LETTER
        before = entry
        if inside_word or entry & _SYMBOL == 0:
            continue
        node = top[entry & _SYMBOL]
        if node < 0:
            continue
        at = start + 1
        last = entry
        while True:
            entry = symbol_of[text[at]]
            found = strings[node]
            child, end = first_child[node], first_child[node + 1]
            if child == end:
                # A leaf: one string is left, compare what remains of it.
                i, stop = offsets[found] + at - start, offsets[found + 1]
                while i < stop and characters[i] == entry & _SYMBOL:
                    last = entry
                    i += 1
                    at += 1
                    entry = symbol_of[text[at]]
                if i < stop:
                    break
            if found >= 0 and last & entry & _LETTER == 0:
                if n == len(string):
                    string = np.concatenate((string, np.empty_like(string)))
                    position = np.concatenate((position, np.empty_like(position)))
                string[n] = found
                position[n] = start
                n += 1
            symbol = entry & _SYMBOL
            if child == end or symbol == 0:
                break
            node = _child(symbols, child, end, symbol)
            if node < 0:
                break
            last = entry
            at += 1
    return string[:n].copy(), position[:n].copy()
