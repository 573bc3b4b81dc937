"""The count-min sketch without numba: the same counters, several times slower."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pivotmine.stages.count.pair_hash import block_of, column_of, hash_pair, layout, pair_block
from pivotmine.stages.count.sketch_format import CountMinSketch, SketchShape

__all__ = ["add", "estimate"]

_LOW = np.uint64(2**32 - 1)


def estimate(
    shape: SketchShape,
    counters: NDArray[np.unsignedinteger],
    a: NDArray[np.int32],
    b: NDArray[np.int32],
) -> NDArray[np.uint32]:
    """[R] the smallest counter of each pair."""
    lowest: NDArray[np.unsignedinteger] = counters[_cells(shape, a, b)].min(axis=0)
    return lowest.astype(np.uint32)


def _cells(shape: SketchShape, a: NDArray[np.int32], b: NDArray[np.int32]) -> NDArray[np.int64]:
    """[depth, R] places of the counters of each pair among all counters."""
    width, shift, multipliers, _ = layout(shape)
    h = hash_pair(a.astype(np.uint64), b.astype(np.uint64))
    first = block_of(h, np.uint64(shape.blocks)) * np.uint64(shape.depth)
    rows = [
        (first + np.uint64(row)) * width + column_of(h & _LOW, multiplier, shift)
        for row, multiplier in enumerate(multipliers)
    ]
    return np.stack(rows).astype(np.int64)


def add(
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
