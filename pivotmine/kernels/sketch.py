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
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import ConfigError, InputError
from pivotmine.kernels.arrays import check_range, readonly
from pivotmine.kernels.jit import HAVE_NUMBA, Engine, njit, use_numba
from pivotmine.kernels.sketch_format import CountMinSketch, SketchShape

__all__ = [
    "ErrorBound",
    "add_pairs",
    "error_bound",
    "estimate_pairs",
    "merge_blocks",
    "merge_sketches",
    "pair_block",
]

_32 = np.uint64(32)
_33 = np.uint64(33)
_LOW = np.uint64(2**32 - 1)
# The finalizer of MurmurHash3 (A. Appleby, public domain): a bijection of 64 bits.
_MIX_1 = np.uint64(0xFF51AFD7ED558CCD)
_MIX_2 = np.uint64(0xC4CEB9FE1A85EC53)
# Fractions of the square roots of the first eight primes, made odd: nothing up the sleeve.
_MULTIPLIERS = tuple(
    np.uint64(math.isqrt(prime << 64) & 0xFFFFFFFF | 1) for prime in (2, 3, 5, 7, 11, 13, 17, 19)
)
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
    a, b = _pairs(a, b)
    n = np.asarray(n)
    if len(n) != len(a):
        raise InputError(f"{len(n)} counts for {len(a)} pairs")
    check_range(n, 1, 2**32, "n")
    counters = _flat_counters(sketch)
    if not (counters.flags.writeable and sketch.added.flags.writeable):
        raise InputError("the sketch is read-only (memory-mapped?); add to an empty one and merge")
    add = _add_numba if use_numba(engine) else _add_numpy
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
    a, b = _pairs(a, b)
    shape = sketch.shape
    counters = _flat_counters(sketch).view()
    counters.flags.writeable = False
    if not use_numba(engine):
        lowest: NDArray[np.unsignedinteger] = counters[_cells(shape, a, b)].min(axis=0)
        return lowest.astype(np.uint32)
    estimates = np.empty(len(a), np.uint32)
    _estimate(counters, a, b, np.uint64(shape.blocks), *_layout(shape), estimates)
    return estimates


def pair_block(a: NDArray[np.int32], b: NDArray[np.int32], n_blocks: int) -> NDArray[np.uint64]:
    """[R] the block of each pair in a sketch of `n_blocks`.

    Raises
    ------
    ConfigError
        `n_blocks` is not in 1..2**32.
    InputError
        Lengths differ, or an id is negative.
    """
    a, b = _pairs(a, b)
    if not 1 <= n_blocks <= 2**32:
        raise ConfigError(f"n_blocks={n_blocks}; use 1..2**32")
    hashed: NDArray[np.uint64] = _hash(a.astype(np.uint64), b.astype(np.uint64))
    blocks: NDArray[np.uint64] = _block_of(hashed, np.uint64(n_blocks))
    return blocks


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


def _pairs(
    a: NDArray[np.int32], b: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    a, b = readonly(a, np.int32, "a"), readonly(b, np.int32, "b")
    if len(a) != len(b):
        raise InputError(f"{len(a)} ids a for {len(b)} ids b")
    check_range(a, 0, 2**31, "a")
    check_range(b, 0, 2**31, "b")
    return a, b


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


def _layout(shape: SketchShape) -> tuple[np.uint64, np.uint64, tuple[np.uint64, ...], np.int64]:
    """Width, the shift that cuts 32 bits to a column, multipliers of the rows, saturation."""
    shift = np.uint64(33 - shape.width.bit_length())
    return np.uint64(shape.width), shift, _MULTIPLIERS[: shape.depth], np.int64(shape.saturation)


# The hash, for uint64 numbers in kernels and arrays of uint64 outside. A block takes the upper 32
# bits, columns inside it the lower ones, by multiply-shift (Dietzfelbinger et al., 1997).


def _hash(a: Any, b: Any) -> Any:
    h = (a << _32) | b
    h = (h ^ (h >> _33)) * _MIX_1
    h = (h ^ (h >> _33)) * _MIX_2
    return h ^ (h >> _33)


def _block_of(h: Any, n_blocks: Any) -> Any:
    return ((h >> _32) * n_blocks) >> _32


def _column_of(key: Any, multiplier: Any, shift: Any) -> Any:
    return ((key * multiplier) & _LOW) >> shift


def _compile_prefetch() -> Any:
    from numba.core import cgutils, types
    from numba.extending import intrinsic

    untyped: Any = cgutils
    ir = untyped.ir

    @intrinsic
    def fetch(typing_context: Any, array: Any, index: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            byte, word = ir.IntType(8).as_pointer(), ir.IntType(32)
            data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
            address = builder.bitcast(builder.gep(data, [arguments[1]]), byte)
            kind = ir.FunctionType(ir.VoidType(), [byte, word, word, word])
            call = untyped.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
            to_read, keep, data_cache = word(0), word(3), word(1)
            builder.call(call, [address, to_read, keep, data_cache])
            return context.get_dummy_value()

        return types.void(array, types.uint64), generate

    return fetch


_prefetch: Any = _compile_prefetch() if HAVE_NUMBA else None
_jit_hash = njit(_hash)
_jit_block_of = njit(_block_of)
_jit_column_of = njit(_column_of)


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
        _update(counters, ends, sorted_rows, *_layout(shape))


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
                    _prefetch(counters, first + _jit_column_of(key, multipliers[row], shift))
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
                _prefetch(counters, first + _jit_column_of(h & _LOW, multipliers[row], shift))
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


def _cells(shape: SketchShape, a: NDArray[np.int32], b: NDArray[np.int32]) -> NDArray[np.int64]:
    """[depth, R] places of the counters of each pair among all counters."""
    width, shift, multipliers, _ = _layout(shape)
    h = _hash(a.astype(np.uint64), b.astype(np.uint64))
    first = _block_of(h, np.uint64(shape.blocks)) * np.uint64(shape.depth)
    rows = [
        (first + np.uint64(row)) * width + _column_of(h & _LOW, multiplier, shift)
        for row, multiplier in enumerate(multipliers)
    ]
    return np.stack(rows).astype(np.int64)


def _add_numpy(
    sketch: CountMinSketch,
    counters: NDArray[np.unsignedinteger],
    a: NDArray[np.int32],
    b: NDArray[np.int32],
    n: NDArray[np.integer],
) -> None:
    """Update in rounds: each takes all rows that share no counter with a row before them.

    Rows that share none can change places, so the result is that of going row by row. Few rows at
    a time for a small sketch, for its rows share counters more often.
    """
    shape = sketch.shape
    np.add.at(sketch.added, pair_block(a, b, shape.blocks), n.astype(np.uint64))
    slice_rows = min(max(shape.blocks * shape.width // 4, 1), 2**16)
    for start in range(0, len(a), slice_rows):
        rows = slice(start, start + slice_rows)
        cells, counts = _cells(shape, a[rows], b[rows]), n[rows].astype(np.int64)
        distinct, place = np.unique(cells, return_inverse=True)
        place = place.reshape(cells.shape)
        waiting = np.arange(cells.shape[1])
        while waiting.size:
            first = np.full(len(distinct), cells.shape[1])
            for row in place[:, waiting]:  # one by one: numpy 2.4 does not broadcast `waiting`
                np.minimum.at(first, row, waiting)
            ready = (first[place[:, waiting]] == waiting).all(axis=0)
            at = cells[:, waiting[ready]]
            new = counters[at].min(axis=0) + counts[waiting[ready]]
            new = np.minimum(new, shape.saturation).astype(counters.dtype)
            counters[at] = np.maximum(counters[at], new)
            waiting = waiting[~ready]
