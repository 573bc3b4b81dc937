"""Runs of pairs on their way to be summed: dealt into buckets, and packed.

A chunk's pairs leave the counting kernel already aggregated, so what is left is to add up chunks.
Done row by row in the JVM that was nine tenths of the counting stage; here thousands of pairs are
one row of three byte strings that Spark only carries to its bucket, where `pair_sums` adds them.

A bucket bounds the memory of a sum. It holds the pairs of a node with a block of 4,096 partners
that hash to it: by the node alone, the partners of a hot token would all go to one bucket and make
a straggler of it.

Nine pairs of ten were met in a few contexts only, so counts travel as bytes where they fit: a
pair costs 12 bytes with four folds before Spark compresses it, half of what int32 would take.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.kernels.arrays import readonly
from pivotmine.kernels.jit import njit

__all__ = ["Dealt", "PairRun", "bytes_per_pair", "deal"]

_BLOCK_BITS = 12
_NARROW = 255


class PairRun(NamedTuple):
    """Counts of pairs, each once."""

    a: NDArray[np.int32]
    """[P] negative values are codes of the caller; they are hashed like the others."""

    b: NDArray[np.int32]
    """[P]"""

    fold_counts: NDArray[np.integer]
    """[P, n_folds]"""


class Dealt(NamedTuple):
    """A run cut into its buckets, one after another; in each the pairs are still in order."""

    bucket: NDArray[np.int32]
    """[K] buckets that got a pair, ascending."""

    ends: NDArray[np.int64]
    """[K] where the pairs of each end."""

    run: PairRun
    """The pairs, in the order of buckets; counts are uint8 or int32."""


def bytes_per_pair(n_folds: int) -> int:
    """Bytes of a pair on its way to its bucket, where its counts fit in bytes."""
    return 8 + n_folds


def deal(run: PairRun, n_buckets: int) -> Iterator[Dealt]:
    """Cut a run into buckets: first the pairs whose counts fit in bytes, then the others.

    Memory: a copy of the run, and 4 B a pair.
    """
    a, b = readonly(run.a, np.int32, "a"), readonly(run.b, np.int32, "b")
    counts = np.asarray(run.fold_counts, np.int32)
    key, sizes = _bucket_keys(a, b, counts, n_buckets)
    starts = np.concatenate(([0], np.cumsum(sizes)))
    n_narrow = int(starts[n_buckets])
    dealt_a, dealt_b = np.empty_like(a), np.empty_like(b)
    narrow = np.empty((n_narrow, counts.shape[1]), np.uint8)
    wide = np.empty((len(a) - n_narrow, counts.shape[1]), np.int32)
    _scatter(key, starts[:-1].copy(), a, b, counts, dealt_a, dealt_b, narrow, wide)
    for first, columns in ((0, narrow), (n_buckets, wide)):
        start, end = starts[first], starts[first + n_buckets]
        taken = np.flatnonzero(sizes[first : first + n_buckets]).astype(np.int32)
        if len(taken):
            ends = starts[first + 1 + taken] - start
            yield Dealt(taken, ends, PairRun(dealt_a[start:end], dealt_b[start:end], columns))


@njit
def _bucket_keys(
    a: NDArray[np.int32], b: NDArray[np.int32], counts: NDArray[np.int32], n_buckets: int
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Bucket of each pair, plus `n_buckets` where a count needs more than a byte; sizes of each."""
    key = np.empty(len(a), np.uint32)
    sizes = np.zeros(2 * n_buckets, np.int64)
    for i in range(len(a)):
        # Odd constants of splitmix64's finaliser; the high half of a product is well mixed.
        mixed = np.uint64(np.int64(a[i])) * np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= np.uint64(np.int64(b[i] >> _BLOCK_BITS)) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
        mixed *= np.uint64(0x9E3779B97F4A7C15)
        bucket = ((mixed >> np.uint64(32)) * np.uint64(n_buckets)) >> np.uint64(32)
        largest = 0
        for f in range(counts.shape[1]):
            largest = max(largest, counts[i, f])
        key[i] = bucket if largest <= _NARROW else bucket + np.uint64(n_buckets)
        sizes[key[i]] += 1
    return key, sizes


@njit
def _scatter(
    key: NDArray[np.uint32],
    cursor: NDArray[np.int64],
    a: NDArray[np.int32],
    b: NDArray[np.int32],
    counts: NDArray[np.int32],
    dealt_a: NDArray[np.int32],
    dealt_b: NDArray[np.int32],
    narrow: NDArray[np.uint8],
    wide: NDArray[np.int32],
) -> None:
    n_narrow = len(narrow)
    for i in range(len(a)):
        to = cursor[key[i]]
        cursor[key[i]] += 1
        dealt_a[to] = a[i]
        dealt_b[to] = b[i]
        if to < n_narrow:
            for f in range(counts.shape[1]):
                narrow[to, f] = counts[i, f]
        else:
            for f in range(counts.shape[1]):
                wide[to - n_narrow, f] = counts[i, f]
