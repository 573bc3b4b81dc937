"""Pairs that the models are asked about, and proof that their lines are nowhere in the pool."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bench.gain.draws import shuffled
from bench.gain.layouts import SEPARATORS
from bench.gain.texts import Message, normal_line

NEAR = 0.7
"""Jaccard similarity of the character trigrams from which lines count as near-duplicates."""

_MOST_OF_A_SOURCE = 0.5
_BATCH = 500


def hold_out(
    messages: Mapping[str, Sequence[Message]], n: int, seed: int
) -> dict[str, list[Message]]:
    """`n` messages of each pair, at most half of them of one source.

    A line is held out for one pair only, so that no pair knows the English of another.
    """
    found: dict[str, list[Message]] = {}
    seen: set[str] = set()
    for pair, given in messages.items():
        taken: list[Message] = []
        sources: dict[str, int] = {}
        for one in shuffled(((one.key, one) for one in given), seed, f"heldout {pair}"):
            lines = {normal_line(one.english), normal_line(one.other)}
            if lines & seen or sources.get(one.source, 0) >= _MOST_OF_A_SOURCE * n:
                continue
            taken.append(one)
            seen |= lines
            sources[one.source] = sources.get(one.source, 0) + 1
            if len(taken) == n:
                break
        found[pair] = taken
    return found


def lines_of(pairs: Mapping[str, Sequence[Message]]) -> set[str]:
    """All held-out lines, in normal form."""
    return {normal_line(line) for given in pairs.values() for one in given for line in one[-2:]}


def without_lines(text: str, lines: Set[str]) -> str:
    """A text without the lines that are in `lines`, or hold such a cell, in normal form."""
    kept = [
        line
        for line in text.split("\n")
        if not any(normal_line(cell) in lines for cell in cells(line))
    ]
    return "\n".join(kept)


def usable(messages: Iterable[Message], lines: Set[str]) -> Iterator[Message]:
    """The messages neither side of which is held out."""
    for one in messages:
        if not {normal_line(one.english), normal_line(one.other)} & lines:
            yield one


def leaks(texts: Iterable[str], pairs: Mapping[str, Sequence[Message]]) -> dict[str, int]:
    """Lines of the texts, and cells of their tables, that are held out: exactly, and normalised."""
    exact = {line for given in pairs.values() for one in given for line in one[-2:]}
    normal = lines_of(pairs)
    found = {"exact": 0, "normalised": 0}
    for text in texts:
        for cell in cells(text):
            found["exact"] += cell in exact
            found["normalised"] += normal_line(cell) in normal
    return found


def cells(text: str) -> Iterator[str]:
    """Lines, and the parts of lines that are rows of a table."""
    for line in text.split("\n"):
        yield line
        for mark in SEPARATORS:
            if mark in line:
                yield from line.split(mark)


def near_duplicates(texts: Iterable[str], pairs: Mapping[str, Sequence[Message]]) -> dict[str, int]:
    """Pairs with a near-duplicate on either side, and on both sides on one page.

    Only pages of two languages need this check: a translation can be learnt only where both sides
    stand. Memory: the trigrams of these pages, 16 bytes each.
    """
    given = [one for of in pairs.values() for one in of]
    pages = [(number, cell) for number, text in enumerate(texts) for cell in set(cells(text))]
    pages = [(number, cell) for number, cell in pages if len(cell) >= 5]
    if not pages or not given:
        return {"either side": 0, "both sides on a page": 0}
    page_of = np.array([number for number, _ in pages])
    known = [_trigrams(cell) for _, cell in pages]
    vocabulary: dict[str, int] = {}
    for grams in known:
        for gram in sorted(grams):
            vocabulary.setdefault(gram, len(vocabulary))
    pool = _matrix(known, vocabulary)
    either = both = 0
    for start in range(0, len(given), _BATCH):
        part = given[start : start + _BATCH]
        english = _near(part, 0, pool, known, vocabulary)
        other = _near(part, 1, pool, known, vocabulary)
        for one, two in zip(english, other, strict=True):
            either += bool(len(one) or len(two))
            both += bool(set(page_of[one].tolist()) & set(page_of[two].tolist()))
    return {"either side": either, "both sides on a page": both}


def _near(
    part: Sequence[Message],
    side: int,
    pool: sparse.csr_matrix,
    known: Sequence[set[str]],
    vocabulary: Mapping[str, int],
) -> list[NDArray[np.int64]]:
    """Places of the near-duplicates of each message's English (0) or translation (1)."""
    grams = [_trigrams(one[-2 + side]) for one in part]
    shared: Any = (_matrix(grams, vocabulary) @ pool.T).tocsr()
    sizes = np.array([len(one) for one in known])
    found = []
    for row, own in enumerate(grams):
        of = shared[row]
        jaccard = of.data / (len(own) + sizes[of.indices] - of.data)
        found.append(of.indices[jaccard >= NEAR].astype(np.int64))
    return found


def _trigrams(text: str) -> set[str]:
    line = f"  {normal_line(text)} "
    return {line[n : n + 3] for n in range(len(line) - 2)}


def _matrix(grams: Sequence[set[str]], vocabulary: Mapping[str, int]) -> sparse.csr_matrix:
    """1 where text [row] has trigram [column]."""
    columns = [[vocabulary[gram] for gram in sorted(of) if gram in vocabulary] for of in grams]
    ends = np.cumsum([0, *(len(of) for of in columns)])
    indices = np.array([place for of in columns for place in of], np.int64)
    shape = (len(grams), len(vocabulary))
    return sparse.csr_matrix((np.ones(len(indices), np.float32), indices, ends), shape)
