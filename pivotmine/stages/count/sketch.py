"""A count-min sketch of token pairs: upper bounds of counts in memory that is chosen, not grown.

Two-pass counting asks it which pairs may reach `min_count`. It may say so of too many, never of too
few: `estimate >= min(true count, saturation)`, whatever the size. Cormode & Muthukrishnan (Journal
of Algorithms 55(1), 2005) gave the structure and its bound.

*Conservative update* (Estan & Varghese, SIGCOMM 2002) raises a pair's counters only as far as the
pair's new estimate needs. Each of them is then at least the pair's count so far, and other pairs
only ever raise it. So in every task every counter is an upper bound, and sums of counters over
tasks bound sums of counts, in any order of adding; saturation cuts them off, nothing wraps.

*Blocks.* A table far beyond the cache costs a miss a counter. So a sketch is many small sketches: a
pair's hash picks one, rows are first sorted by block (a counting sort, stable), and the block being
updated stays in L2. Conservative updates depend on their order; it is defined as the order of rows
inside each block, which sorting by block leaves alone. Counters are fetched ahead besides, for
batches so small that a block gets few rows. Estimates have no order and need no sorting.

ns a pair for 16 M distinct Zipf pairs (50k ids) in one call, CPU time of one core that others used
too; "as they come" is the same update without sorting and fetching:

| size       | update | as they come | update, 2**20 rows a call | estimate |
|------------|--------|--------------|---------------------------|----------|
| 1 MiB      |   15   |      10      |             -             |    12    |
| 64 MiB     |   16   |      53      |            23             |    22    |
| 256 MiB    |   17   |      47      |            31             |    21    |
| 1 GiB      |   28   |      71      |            38             |    29    |

Blocks of 128 and 256 KiB are equally fast, of 64 and of 512 KiB slower by a fifth. All counters of
a pair in one cache line would save the sorting, but let through 1.4 times the light pairs at one
byte a pair and twice as many at four; sorted blocks lose nothing against one large table.

Share of light pairs (count below 5) whose estimate reaches 5, of 16.8 M distinct pairs in 16
chunks (28.4 M updates), one-byte counters; heavy pairs are 6.5 %:

| bytes a pair    |      0.5        |       1         |       2         |       4         |
| sketches merged |   1    4    16  |   1    4    16  |   1    4    16  |   1    4    16  |
|-----------------|-----------------|-----------------|-----------------|-----------------|
| depth 2, %      |  36   43    52  | 4.8  8.9  13.6  | 0.9  1.8   3.0  | 0.2  0.4   0.7  |
| depth 3, %      |  54   60    72  | 2.8  8.2  17.3  | 0.3  0.9   2.5  | 0.1  0.1   0.4  |
| depth 4, %      |  79   79    87  | 2.7  9.9  25.1  | 0.2  0.8   2.8  | 0.0  0.1   0.3  |
| plain, depth 2  |       59        |      17.2       |       3.9       |       0.9       |
| plain, depth 3  |       81        |      24.4       |       3.7       |       0.6       |

Hence depth 2, and one to two bytes for each pair expected. Addition gives away most of what
conservative updates gain: few large sketches are better than many.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import InputError
from pivotmine.numeric.arrays import check_range, readonly
from pivotmine.numeric.jit import Engine, njit, use_numba
from pivotmine.numeric.prefetch import prefetch
from pivotmine.stages.count import sketch_numpy
from pivotmine.stages.count.pair_hash import block_of, checked_pairs, column_of, hash_pair, layout
from pivotmine.stages.count.sketch_format import CountMinSketch

__all__ = [
    "ErrorBound",
    "add_pairs",
    "error_bound",
    "estimate_pairs",
    "merge_blocks",
    "merge_sketches",
]

_32 = np.uint64(32)
_LOW = np.uint64(2**32 - 1)
_AHEAD = 32  # rows; as fast as 16, and 8 is slower wherever counters are not in cache


class ErrorBound(NamedTuple):
    """An estimate exceeds its pair's count by more than `counts` with at most `probability`."""

    counts: float
    probability: float


def add_pairs(
    sketch: CountMinSketch,
    a: NDArray[np.int32],
    b: NDArray[np.int32],
    n: NDArray[np.integer],
    *,
    engine: Engine = "auto",
) -> None:
    """Add counts of pairs to a sketch, in place, row by row.

    Pairs should be distinct for speed and for tight bounds; a pair in two rows is correct too.
    Memory: 8 B a row and 8 B a block, for at most max(2**18, n_bytes / 16) rows at a time; that
    many rows in one call are needed for full speed.

    Parameters
    ----------
    a, b
        [R] token ids >= 0.
    n
        [R] counts, 1..2**32 - 1.

    Raises
    ------
    InputError
        Lengths differ, an id or count is out of range, or the sketch is read-only.
    """
    a, b = checked_pairs(a, b)
    n = np.asarray(n)
    if len(n) != len(a):
        raise InputError(f"{len(n)} counts for {len(a)} pairs")
    check_range(n, 1, 2**32, "n")
    counters = _flat_counters(sketch)
    if not (counters.flags.writeable and sketch.added.flags.writeable):
        raise InputError("the sketch is read-only (memory-mapped?); add to an empty one and merge")
    add = _add_numba if use_numba(engine) else sketch_numpy.add
    add(sketch, counters, a, b, readonly(n, np.int32 if n.dtype == np.int32 else np.int64, "n"))


def estimate_pairs(
    sketch: CountMinSketch,
    a: NDArray[np.int32],
    b: NDArray[np.int32],
    *,
    engine: Engine = "auto",
) -> NDArray[np.uint32]:
    """[R] upper bounds of the counts of pairs; `shape.saturation` means "at least this many".

    So a filter keeps rows with `estimate >= min(min_count, saturation)`.

    Raises
    ------
    InputError
        Lengths differ, or an id is negative.
    """
    a, b = checked_pairs(a, b)
    shape = sketch.shape
    counters = _flat_counters(sketch).view()
    counters.flags.writeable = False
    if not use_numba(engine):
        return sketch_numpy.estimate(shape, counters, a, b)
    estimates = np.empty(len(a), np.uint32)
    _estimate(counters, a, b, np.uint64(shape.blocks), *layout(shape), estimates)
    return estimates


def merge_blocks(
    counters_a: NDArray[np.unsignedinteger], counters_b: NDArray[np.unsignedinteger]
) -> NDArray[np.unsignedinteger]:
    """Add counters of one shape and type, of blocks or of whole sketches; sums saturate.

    Saturating addition is commutative and associative, so the order of merging does not show.

    Raises
    ------
    InputError
        Shapes or types differ, or are no counters.
    """
    one, other = np.asarray(counters_a), np.asarray(counters_b)
    if one.shape != other.shape or one.dtype != other.dtype or one.dtype.kind != "u":
        raise InputError(
            f"counters are {one.dtype}{list(one.shape)} and {other.dtype}{list(other.shape)};"
            " only unsigned counters of equal shape and type can be merged"
        )
    room = np.iinfo(one.dtype).max - other
    merged: NDArray[np.unsignedinteger] = np.minimum(one, room) + other
    return merged


def merge_sketches(one: CountMinSketch, other: CountMinSketch) -> CountMinSketch:
    """A new sketch of everything that was added to either.

    Raises
    ------
    InputError
        Shapes differ.
    """
    if one.shape != other.shape:
        raise InputError(f"{one.shape} and {other.shape} cannot be merged; use one shape")
    counters = merge_blocks(one.counters, other.counters)
    return CountMinSketch(one.shape, counters, one.added + other.added)


def error_bound(sketch: CountMinSketch) -> ErrorBound:
    """The bound of Cormode & Muthukrishnan (2005, theorem 1) for the block with the largest load.

    Counts e / width * load, probability e**-depth, over the choice of hash functions. Neither
    conservative updates nor saturation nor merging can break it. It knows nothing of how counts
    are distributed: on Zipf pairs the usual error is far smaller.
    """
    load = int(sketch.added.max())
    return ErrorBound(math.e / sketch.shape.width * load, math.exp(-sketch.shape.depth))


def _flat_counters(sketch: CountMinSketch) -> NDArray[np.unsignedinteger]:
    counters, shape = sketch.counters.view(np.ndarray), sketch.shape
    if (
        counters.shape != shape[:3]
        or counters.dtype != np.dtype(f"u{shape.counter_bytes}")
        or not counters.flags.c_contiguous
        or sketch.added.shape != (shape.blocks,)
    ):
        raise InputError(f"counters are {counters.dtype}{list(counters.shape)}, not of {shape}")
    return counters.reshape(-1)


_jit_hash = njit(hash_pair)
_jit_block_of = njit(block_of)
_jit_column_of = njit(column_of)


def _add_numba(
    sketch: CountMinSketch,
    counters: NDArray[np.unsignedinteger],
    a: NDArray[np.int32],
    b: NDArray[np.int32],
    n: NDArray[np.integer],
) -> None:
    shape = sketch.shape
    slice_rows = min(max(2**18, shape.n_bytes // 16), len(a))
    ends = np.empty(shape.blocks, np.int64)
    grouped = np.empty(slice_rows, np.uint64)
    for start in range(0, len(a), max(slice_rows, 1)):
        rows = slice(start, start + slice_rows)
        sorted_rows = grouped[: len(a[rows])]
        _group(a[rows], b[rows], n[rows], ends, sketch.added, sorted_rows)
        _update(counters, ends, sorted_rows, *layout(shape))


@njit
def _group(
    a: NDArray[np.int32],
    b: NDArray[np.int32],
    n: NDArray[np.integer],
    ends: NDArray[np.int64],
    added: NDArray[np.uint64],
    grouped: NDArray[np.uint64],
) -> None:
    """Sort rows by block; a row becomes its key inside the block and its count, 32 bits each."""
    n_blocks = np.uint64(len(ends))
    ends[:] = 0
    for i in range(len(a)):
        block = _jit_block_of(_jit_hash(np.uint64(a[i]), np.uint64(b[i])), n_blocks)
        ends[block] += 1
        added[block] += np.uint64(n[i])
    before = 0
    for block in range(len(ends)):
        rows = ends[block]
        ends[block] = before
        before += rows
    for i in range(len(a)):
        # Hashing again is cheaper than storing and reading eight bytes.
        h = _jit_hash(np.uint64(a[i]), np.uint64(b[i]))
        block = _jit_block_of(h, n_blocks)
        grouped[np.uint64(ends[block])] = (h << _32) | np.uint64(n[i])
        ends[block] += 1


@njit
def _update(
    counters: NDArray[np.unsignedinteger],
    ends: NDArray[np.int64],
    grouped: NDArray[np.uint64],
    width: np.uint64,
    shift: np.uint64,
    multipliers: tuple[np.uint64, ...],
    saturation: np.int64,
) -> None:
    # A tuple's length is part of its type, so LLVM unrolls the loops over rows. Indices are
    # unsigned, or each would be tested for being negative; counters are written whether they grow
    # or not, for the branch is mispredicted half the time. Together: three times as fast.
    block_counters = np.uint64(len(multipliers)) * width
    start = 0
    block_ahead = 0
    for block in range(len(ends)):
        base = np.uint64(block) * block_counters
        for i in range(start, ends[block]):
            ahead = i + _AHEAD
            if ahead < len(grouped):
                while ends[block_ahead] <= ahead:
                    block_ahead += 1
                first = np.uint64(block_ahead) * block_counters
                key = grouped[ahead] >> _32
                for row in range(len(multipliers)):
                    prefetch(counters, first + _jit_column_of(key, multipliers[row], shift))
                    first += width
            key = grouped[i] >> _32
            low = saturation
            first = base
            for row in range(len(multipliers)):
                cell = first + _jit_column_of(key, multipliers[row], shift)
                low = min(low, np.int64(counters[cell]))
                first += width
            low = min(low + np.int64(grouped[i] & _LOW), saturation)
            first = base
            for row in range(len(multipliers)):
                cell = first + _jit_column_of(key, multipliers[row], shift)
                counters[cell] = max(np.int64(counters[cell]), low)
                first += width
        start = ends[block]


@njit
def _estimate(
    counters: NDArray[np.unsignedinteger],
    a: NDArray[np.int32],
    b: NDArray[np.int32],
    n_blocks: np.uint64,
    width: np.uint64,
    shift: np.uint64,
    multipliers: tuple[np.uint64, ...],
    saturation: np.int64,
    estimates: NDArray[np.uint32],
) -> None:
    block_counters = np.uint64(len(multipliers)) * width
    for ahead in range(len(a) + _AHEAD):
        if ahead < len(a):
            h = _jit_hash(np.uint64(a[ahead]), np.uint64(b[ahead]))
            first = _jit_block_of(h, n_blocks) * block_counters
            for row in range(len(multipliers)):
                prefetch(counters, first + _jit_column_of(h & _LOW, multipliers[row], shift))
                first += width
        i = ahead - _AHEAD
        if i >= 0:
            h = _jit_hash(np.uint64(a[i]), np.uint64(b[i]))
            first = _jit_block_of(h, n_blocks) * block_counters
            low = saturation
            for row in range(len(multipliers)):
                cell = first + _jit_column_of(h & _LOW, multipliers[row], shift)
                low = min(low, np.int64(counters[cell]))
                first += width
            estimates[i] = low
