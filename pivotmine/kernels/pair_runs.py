"""Summing the counts of many chunks: sorted runs of pairs, split by bucket and merged.

A chunk's pairs come sorted and already aggregated, so what is left is a merge. Done row by row in
the JVM that merge was nine tenths of the counting stage; here a run of thousands of pairs is one
row with three byte strings, Spark only carries it to its bucket, and numpy merges: a stable sort of
concatenated sorted runs finds the runs by itself (timsort), and sums are exact integers.

A bucket holds all runs of the nodes a that hash to it; it bounds the memory of a merge, at about 60
bytes a row with four folds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["PairRun", "merge_runs", "split_by_bucket"]

_MULTIPLIER = np.uint32(2_654_435_761)  # Knuth's multiplicative hash, 2**32 / golden ratio


class PairRun(NamedTuple):
    """Counts of pairs, sorted by (a, b)."""

    a: NDArray[np.int32]
    """[P] negative values are codes of the caller; they are hashed and sorted like the others."""

    b: NDArray[np.int32]
    """[P]"""

    fold_counts: NDArray[np.integer]
    """[n_folds, P]"""


def split_by_bucket(run: PairRun, n_buckets: int) -> Iterator[tuple[int, PairRun]]:
    """The parts of a run that belong to each bucket, still sorted; empty parts are left out."""
    hashed = run.a.astype(np.uint32) * _MULTIPLIER
    bucket = ((hashed >> np.uint32(16)) % np.uint32(n_buckets)).astype(np.uint16)
    # 16-bit keys are sorted by radix, in linear time and keeping the order inside a bucket.
    order = np.argsort(bucket, kind="stable")
    ends = np.cumsum(np.bincount(bucket, minlength=n_buckets))
    start = 0
    for number, end in enumerate(ends.tolist()):
        if end > start:
            rows = order[start:end]
            yield number, PairRun(run.a[rows], run.b[rows], run.fold_counts[:, rows])
        start = end


def merge_runs(runs: Sequence[PairRun]) -> PairRun:
    """One run with each pair once and its counts summed, as int64."""
    a = np.concatenate([run.a for run in runs])
    b = np.concatenate([run.b for run in runs])
    counts = np.concatenate([run.fold_counts for run in runs], axis=1)
    key = (a.astype(np.int64) << 32) + b
    order = np.argsort(key, kind="stable")
    key = key[order]
    first = np.flatnonzero(np.append(True, key[1:] != key[:-1])[: key.size])
    summed = (
        np.add.reduceat(counts[:, order], first, axis=1, dtype=np.int64)
        if first.size
        else counts.astype(np.int64)
    )
    kept = order[first]
    return PairRun(a[kept], b[kept], summed)
