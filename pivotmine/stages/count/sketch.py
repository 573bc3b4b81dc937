"""A count-min sketch of token pairs: upper bounds of counts in memory of a fixed size.

Two-pass counting uses it to find the pairs that may reach `min_count`. It may keep too many, but
never too few: `estimate >= min(true count, saturation)` at any size. Cormode & Muthukrishnan
(Journal of Algorithms 55(1), 2005) gave the structure and its bound.

*Conservative update* (Estan & Varghese, SIGCOMM 2002) raises a pair's counters only as far as the
pair's new estimate needs. Each of them is then at least the pair's count so far, and other pairs
only ever raise it. So in every task every counter is an upper bound, and sums of counters over
tasks bound sums of counts, in any order of adding. Counters saturate and never wrap.

*Blocks.* A table much larger than the cache costs a cache miss for each counter. So a sketch is
many small sketches: a pair's hash picks one, rows are first sorted by block (a stable counting
sort), and the block being updated stays in L2. Conservative updates depend on their order, which is
defined as the order of rows inside each block; sorting by block preserves it. Counters are also
fetched ahead, for batches so small that a block gets few rows. Estimates need no sorting.

Times, and the share of light pairs that a sketch lets through, are in docs/results/sketch.md.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import InputError
from pivotmine.numeric.arrays import check_range, readonly
from pivotmine.numeric.jit import njit, prefetch
from pivotmine.stages.count.pair_hash import block_of, checked_pairs, column_of, hash_pair, layout
from pivotmine.stages.count.sketch_shape import CountMinSketch

_32 = np.uint64(32)
_LOW = np.uint64(2**32 - 1)
_AHEAD = 32  # rows; as fast as 16, and 8 is slower wherever counters are not in cache


def add_pairs(
    sketch: CountMinSketch,
    a: NDArray[np.int32],
    b: NDArray[np.int32],
    n: NDArray[np.integer],
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
    n = readonly(n, np.int32 if n.dtype == np.int32 else np.int64, "n")
    shape = sketch.shape
    slice_rows = min(max(2**18, shape.n_bytes // 16), len(a))
    ends = np.empty(shape.blocks, np.int64)
    grouped = np.empty(slice_rows, np.uint64)
    for start in range(0, len(a), max(slice_rows, 1)):
        rows = slice(start, start + slice_rows)
        sorted_rows = grouped[: len(a[rows])]
        _group(a[rows], b[rows], n[rows], ends, sketch.added, sorted_rows)
        _update(counters, ends, sorted_rows, *layout(shape))


def estimate_pairs(
    sketch: CountMinSketch, a: NDArray[np.int32], b: NDArray[np.int32]
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
    estimates = np.empty(len(a), np.uint32)
    _estimate(counters, a, b, np.uint64(shape.blocks), *layout(shape), estimates)
    return estimates


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
        block = block_of(hash_pair(np.uint64(a[i]), np.uint64(b[i])), n_blocks)
        ends[block] += 1
        added[block] += np.uint64(n[i])
    before = 0
    for block in range(len(ends)):
        rows = ends[block]
        ends[block] = before
        before += rows
    for i in range(len(a)):
        # Hashing again is cheaper than storing and reading eight bytes.
        h = hash_pair(np.uint64(a[i]), np.uint64(b[i]))
        block = block_of(h, n_blocks)
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
                    prefetch(counters, first + column_of(key, multipliers[row], shift))
                    first += width
            key = grouped[i] >> _32
            low = saturation
            first = base
            for row in range(len(multipliers)):
                cell = first + column_of(key, multipliers[row], shift)
                low = min(low, np.int64(counters[cell]))
                first += width
            low = min(low + np.int64(grouped[i] & _LOW), saturation)
            first = base
            for row in range(len(multipliers)):
                cell = first + column_of(key, multipliers[row], shift)
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
            h = hash_pair(np.uint64(a[ahead]), np.uint64(b[ahead]))
            first = block_of(h, n_blocks) * block_counters
            for row in range(len(multipliers)):
                prefetch(counters, first + column_of(h & _LOW, multipliers[row], shift))
                first += width
        i = ahead - _AHEAD
        if i >= 0:
            h = hash_pair(np.uint64(a[i]), np.uint64(b[i]))
            first = block_of(h, n_blocks) * block_counters
            low = saturation
            for row in range(len(multipliers)):
                cell = first + column_of(h & _LOW, multipliers[row], shift)
                low = min(low, np.int64(counters[cell]))
                first += width
            estimates[i] = low
