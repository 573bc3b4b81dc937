"""Runs of pairs on their way to be summed: dealt into buckets, and packed.

The counting kernel has already aggregated the pairs of a chunk, so only chunks remain to be added
up. Adding row by row in Spark would take most of the stage's time. Here thousands of pairs are one
row of packed bytes, which Spark only carries to its bucket, where `pair_sums` adds them.

A bucket bounds the memory of a sum. A node's pairs are dealt by blocks of 4,096 partners. If the
node alone decided, all partners of a frequent token would go to one bucket, and its task would end
last.

Carrying a byte from Python through the JVM and the disk to another worker is slow. So counts travel
as bytes where they fit, which is the case for nine pairs of ten, and ids as steps from pair to pair
under zstd. On real text with four folds this takes 2.2 bytes a pair, instead of 24 in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.numeric.arrays import readonly
from pivotmine.numeric.jit import njit

PACKED_BYTES_PER_PAIR = 4
"""Approximate bytes of a packed pair, for estimates. Every run measures the true figure."""

RUNS = pa.schema(
    [
        ("bucket", pa.int32()),
        ("wide", pa.bool_()),
        ("n_pairs", pa.int32()),
        ("pairs", pa.binary()),
    ]
)
"""Runs on their way to their bucket, each packed by `pack`."""

_ZSTD = pa.Codec("zstd", compression_level=1)
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

    def parts(self) -> Iterator[tuple[int, PairRun]]:
        """Each bucket and its pairs."""
        start = 0
        a, b, counts = self.run
        for bucket, end in zip(self.bucket.tolist(), self.ends.tolist(), strict=True):
            yield bucket, PairRun(a[start:end], b[start:end], counts[start:end])
            start = end


def pack(run: PairRun) -> bytes:
    """A run whose counts are uint8 or int32, as bytes: steps of a, steps of b, counts; zstd.

    In a bucket a seldom changes and b rises by little, so most bytes of their steps are zero.
    """
    parts = [_steps(run.a), _steps(run.b), np.ascontiguousarray(run.fold_counts)]
    packed: bytes = _ZSTD.compress(b"".join(part.data for part in parts), asbytes=True)
    return packed


def unpack(data: bytes | pa.Buffer, n_pairs: int, n_folds: int, wide: bool) -> PairRun:
    """The run that was packed; `wide` says that its counts are int32."""
    counts_bytes = n_pairs * n_folds * (4 if wide else 1)
    plain = _ZSTD.decompress(data, 8 * n_pairs + counts_bytes)
    ids = np.frombuffer(plain, np.int32, 2 * n_pairs).reshape(2, n_pairs)
    width: type[np.integer] = np.int32 if wide else np.uint8
    counts = np.frombuffer(plain, width, offset=8 * n_pairs)
    # Steps and sums wrap around alike, so ids far apart come back as they were.
    a, b = (np.cumsum(steps, dtype=np.int32) for steps in ids)
    return PairRun(a, b, counts.reshape(n_pairs, n_folds))


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


def packed_rows(run: PairRun, n_buckets: int) -> Iterator[pa.RecordBatch]:
    """A run as rows of `RUNS`, one for each bucket and width of counts."""
    for dealt in deal(run, n_buckets):
        packed = [pack(part) for _, part in dealt.parts()]
        wide = dealt.run.fold_counts.dtype != np.uint8
        yield pa.RecordBatch.from_arrays(
            [
                pa.array(dealt.bucket),
                pa.array(np.full(len(dealt.bucket), wide)),
                pa.array(np.diff(dealt.ends, prepend=0).astype(np.int32)),
                pa.array(packed, pa.binary()),
            ],
            schema=RUNS,
        )


def unpacked_rows(batch: pa.RecordBatch, n_folds: int) -> Iterator[tuple[int, PairRun]]:
    """Bucket and pairs of every row of `RUNS`."""
    names = ("bucket", "wide", "n_pairs")
    columns = (batch.column(name).to_pylist() for name in names)
    packed = batch.column("pairs")
    for row, (bucket, wide, n_pairs) in enumerate(zip(*columns, strict=True)):
        yield bucket, unpack(packed[row].as_buffer(), n_pairs, n_folds, wide)


def _steps(ids: NDArray[np.int32]) -> NDArray[np.int32]:
    return np.diff(ids, prepend=np.int32(0))


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
