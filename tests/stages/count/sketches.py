"""Small sketches, and rows to put into them."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import strategies as st

from pivotmine.stages.count.sketch import add_pairs, estimate_pairs
from pivotmine.stages.count.sketch_shape import (
    CountMinSketch,
    SketchShape,
    empty_sketch,
    merge_blocks,
)

# Each pair of a depth and a type is compiled apart: a few of them stand for all.
DEPTH_AND_BYTES = [(1, 2), (2, 1), (3, 4)]

Row = tuple[int, int, int]

token_ids = st.integers(0, 9) | st.integers(0, 2**31 - 1)
counts = st.integers(1, 5) | st.integers(200, 300) | st.integers(1, 2**32 - 1)
row_lists = st.lists(st.tuples(token_ids, token_ids, counts), max_size=40)


@st.composite
def shapes(draw: st.DrawFn) -> SketchShape:
    depth, counter_bytes = draw(st.sampled_from(DEPTH_AND_BYTES))
    blocks = draw(st.integers(1, 5) | st.just(300))
    return SketchShape(blocks, depth, 2 ** draw(st.integers(0, 5)), counter_bytes)


def columns(rows: list[Row]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    a, b, n = np.array(rows, np.int64).reshape(-1, 3).T
    return a.astype(np.int32), b.astype(np.int32), n


def sketch_of(shape: SketchShape, *chunks: list[Row], **options) -> CountMinSketch:
    sketch = empty_sketch(shape)
    for rows in chunks:
        add_pairs(sketch, *columns(rows), **options)
    return sketch


def totals(*chunks: list[Row]) -> Counter[tuple[int, int]]:
    total: Counter[tuple[int, int]] = Counter()
    for rows in chunks:
        for a, b, n in rows:
            total[a, b] += n
    return total


def estimates(sketch: CountMinSketch, pairs, **options) -> list[int]:
    a, b, _ = columns([(a, b, 1) for a, b in pairs])
    return estimate_pairs(sketch, a, b, **options).tolist()


def assert_upper_bounds(sketch: CountMinSketch, total: Counter[tuple[int, int]]) -> None:
    for n, estimate in zip(total.values(), estimates(sketch, total), strict=True):
        assert estimate >= min(n, sketch.shape.saturation)


def zipf_rows(n_rows: int, seed: int = 5) -> list[Row]:
    draw = np.random.default_rng(seed)
    ids = (draw.zipf(1.3, (n_rows, 2)) % 2000).tolist()
    return [(a, b, n) for (a, b), n in Counter(map(tuple, ids)).items()]


def merge_sketches(one: CountMinSketch, other: CountMinSketch) -> CountMinSketch:
    """A sketch of everything that was added to either."""
    counters = merge_blocks(one.counters, other.counters)
    return CountMinSketch(one.shape, counters, one.added + other.added)
