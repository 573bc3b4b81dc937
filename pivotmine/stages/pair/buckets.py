"""Documents that share a key, as pairs: across the two languages, and never of crowded keys."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.numeric.jit import njit


class Met(NamedTuple):
    """Pairs of rows under one key, M in number."""

    a: NDArray[np.int64]
    """[M] rows of side 0."""

    b: NDArray[np.int64]
    """[M] rows of side 1."""


def pairs_in_buckets(key: NDArray[np.int64], side: NDArray[np.int8], most: int) -> Met:
    """Each row of side 0 with each of side 1 of the same key.

    Memory: 16 B a pair; at most `most` times the rows.

    Parameters
    ----------
    key, side
        [N] rows in the order of key and side; all rows of a key are here.
    most
        Most rows of a side; keys of more are left out.
    """
    return Met(*_pairs(key, side, most))


def uncrowded(key: NDArray[np.int64], side: NDArray[np.int8], most: int) -> NDArray[np.bool_]:
    """[N] the first `most` + 1 rows of each key and side, enough to see which keys are crowded.

    Rows are in the order of key and side, so a key of any number of rows can be read in pieces.
    """
    changes = (key[1:] != key[:-1]) | (side[1:] != side[:-1])
    starts = np.flatnonzero(np.append(True, changes)[: len(key)])
    place = np.arange(len(key)) - np.repeat(starts, np.diff(starts, append=len(key)))
    return place <= most


@njit
def _pairs(
    key: NDArray[np.int64], side: NDArray[np.int8], most: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    n_pairs = 0
    a, b = np.empty(0, np.int64), np.empty(0, np.int64)
    for fill in range(2):  # first the number of pairs
        if fill == 1:
            a, b = np.empty(n_pairs, np.int64), np.empty(n_pairs, np.int64)
            n_pairs = 0
        start = 0
        while start < len(key):
            end, split = start, start
            while end < len(key) and key[end] == key[start]:
                if side[end] == 0:
                    split = end + 1
                end += 1
            if split - start <= most and end - split <= most:
                if fill == 1:
                    for i in range(start, split):
                        for j in range(split, end):
                            a[n_pairs], b[n_pairs] = i, j
                            n_pairs += 1
                else:
                    n_pairs += (split - start) * (end - split)
            start = end
    return a, b
