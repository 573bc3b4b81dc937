"""Input and output of the product of rows, and its rows cut into blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.stages.count.language_pairs import LanguagePair

NARROW_CONTEXTS = 2**16
"""Fewest contexts of a row that 16 bits cannot count."""


class PairWork(NamedTuple):
    """Rows to count for one pair of languages."""

    tokens: NDArray[np.int32]
    pair: LanguagePair
    folds: NDArray[np.uint8]
    """[M] of the pair's contexts."""

    rows: range
    partners: range
    n_folds: int
    min_count: int


class PairBlock(NamedTuple):
    """Contexts that hold both a and b, for a block of pairs of two languages."""

    n_met: int
    """All pairs that met; the rows leave out those below `min_count`."""

    a: NDArray[np.int32]
    """[P] token of the first language; rows are sorted by (a, b)."""

    b: NDArray[np.int32]
    """[P] token of the second language."""

    fold_counts: NDArray[np.int32]
    """[P, n_folds]"""


def row_blocks(
    offsets: NDArray[np.int64], events: NDArray[np.int64], n_partners: int, block_pairs: int
) -> Iterator[tuple[int, int, int, int]]:
    """Cut rows into (start, end, pairs at most, lanes of a word).

    Lanes are 4, or 2 for rows of `NARROW_CONTEXTS` contexts or more, which are in blocks of their
    own. Each block has at most `block_pairs` pairs or is a single row.
    """
    limits = np.minimum(events, n_partners)
    before = np.concatenate(([0], np.cumsum(limits)))
    is_wide = np.diff(offsets) >= NARROW_CONTEXTS
    changes = np.flatnonzero(np.append(is_wide[1:] != is_wide[:-1], True)) + 1
    start = 0
    for stop in changes.tolist():
        lanes = 2 if is_wide[start] else 4
        while start < stop:
            fits = int(np.searchsorted(before, before[start] + block_pairs, side="right")) - 1
            end = min(max(fits, start + 1), stop)
            limit = int(before[end] - before[start])
            if limit:
                yield start, end, limit, lanes
            start = end
