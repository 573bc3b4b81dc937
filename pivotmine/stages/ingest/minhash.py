"""MinHash signatures of many sets at once, and the bands by which candidate pairs are found.

Signatures are those of datasketch 2 (`MinHash(scheme="affine32")`, its default) for the same 32-bit
hashes, so indexes made with either can be compared: the input is mixed by the finalizer of
MurmurHash3, and permutation k of h is `a[k] * h + b[k]` modulo 2**32, a odd (Broder 1997 for the
estimate).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pivotmine.numeric.jit import njit

SEED = 1
"""datasketch's default."""

CANDIDATE_CHANCE = 0.99
"""Chance that a pair exactly at the wanted similarity shares a band."""


def permutations(n: int) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Factors and addends of `n` permutations, uint32[n] each."""
    draw = np.random.RandomState(SEED)
    factors = draw.randint(0, 1 << 31, n, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return factors, draw.randint(0, 1 << 32, n, dtype=np.uint32)


def sign(hashes: NDArray[np.uint32], ends: NDArray[np.int64], n: int) -> NDArray[np.uint32]:
    """uint32[N, n]: signatures of N sets, given end to end; all bits are set for an empty one."""
    mixed = _mix32(hashes)
    factors, addends = permutations(n)
    signatures = np.full((len(ends), n), np.iinfo(np.uint32).max, np.uint32)
    _sign(mixed, ends, factors, addends, signatures)
    return signatures


def choose_bands(n: int, similarity: float) -> tuple[int, int]:
    """Number of bands, and of rows in each: the most rows with which a pair of this similarity
    shares a band by `CANDIDATE_CHANCE` (1 - (1 - s**rows)**bands, Leskovec et al., ch. 3)."""
    for rows in range(n, 1, -1):
        if 1 - (1 - similarity**rows) ** (n // rows) >= CANDIDATE_CHANCE:
            return n // rows, rows
    return n, 1


def band_keys(signatures: NDArray[np.uint32], bands: int, rows: int) -> NDArray[np.int64]:
    """int64[N, bands]: equal where two signatures agree in all rows of a band."""
    parts = signatures[:, : bands * rows].reshape(len(signatures), bands, rows).astype(np.uint64)
    seeds = np.arange(1, bands + 1, dtype=np.uint64) * np.uint64(0xD6E8FEB86659FD93)
    key = np.broadcast_to(seeds, parts.shape[:2])
    for row in range(rows):
        key = (key ^ parts[:, :, row]) * np.uint64(0x9E3779B97F4A7C15)
        key = key ^ (key >> np.uint64(29))
    return key.view(np.int64)


def similarities(left: NDArray[np.uint32], right: NDArray[np.uint32]) -> NDArray[np.float64]:
    """float64[N]: estimated Jaccard similarity of N pairs; standard error sqrt(s (1 - s) / n)."""
    agree: NDArray[np.float64] = (left == right).mean(axis=1)
    return agree


@njit
def _sign(
    mixed: NDArray[np.uint32],
    ends: NDArray[np.int64],
    factors: NDArray[np.uint32],
    addends: NDArray[np.uint32],
    signatures: NDArray[np.uint32],
) -> None:
    start = 0
    for row in range(len(ends)):
        smallest = signatures[row]
        for at in range(start, ends[row]):
            value = mixed[at]
            for k in range(len(factors)):
                smallest[k] = min(smallest[k], np.uint32(factors[k] * value + addends[k]))
        start = ends[row]


def _mix32(values: NDArray[np.uint32]) -> NDArray[np.uint32]:
    values = values ^ (values >> np.uint32(16))
    values = values * np.uint32(0x85EBCA6B)
    values = values ^ (values >> np.uint32(13))
    values = values * np.uint32(0xC2B2AE35)
    return values ^ (values >> np.uint32(16))
