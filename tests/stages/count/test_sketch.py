"""Sketches: upper bounds of counts at any size, the same in every order and from every file."""

from __future__ import annotations

import math
from functools import reduce

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.errors import ConfigError, InputError
from pivotmine.stages.count.pair_hash import block_of, hash_pair
from pivotmine.stages.count.sketch import add_pairs, estimate_pairs
from pivotmine.stages.count.sketch_shape import (
    CountMinSketch,
    SketchShape,
    empty_sketch,
    error_bound,
    merge_blocks,
    sketch_shape,
)
from tests.stages.count.sketches import (
    DEPTH_AND_BYTES,
    Row,
    assert_upper_bounds,
    columns,
    estimates,
    merge_sketches,
    row_lists,
    shapes,
    sketch_of,
    totals,
    zipf_rows,
)


def cells_by_hand(shape: SketchShape, a: int, b: int) -> list[tuple[int, int, int]]:
    """(block, row, column) of a pair's counters, as docs/sketch-format.md specifies."""
    h = a * 2**32 + b
    h = (h ^ h >> 33) * 0xFF51AFD7ED558CCD % 2**64
    h = (h ^ h >> 33) * 0xC4CEB9FE1A85EC53 % 2**64
    h ^= h >> 33
    block = (h >> 32) * shape.blocks >> 32
    roots = [math.isqrt(prime << 64) % 2**32 | 1 for prime in (2, 3, 5, 7, 11, 13, 17, 19)]
    key = h % 2**32
    return [
        (block, row, (key * roots[row] % 2**32) * shape.width >> 32) for row in range(shape.depth)
    ]


def counters_by_hand(shape: SketchShape, rows: list[Row], *, conservative: bool) -> np.ndarray:
    """Counters after updates one by one, in the order of rows."""
    counters = np.zeros(shape[:3], np.int64)
    for a, b, n in rows:
        cells = cells_by_hand(shape, a, b)
        low = min(int(counters[cell]) for cell in cells)
        for cell in cells:
            raised = max(int(counters[cell]), low + n) if conservative else counters[cell] + n
            counters[cell] = min(int(raised), shape.saturation)
    return counters


@given(shape=shapes(), chunks=st.lists(row_lists, max_size=3))
def test_no_estimate_is_below_the_count_at_any_size(shape, chunks):
    assert_upper_bounds(sketch_of(shape, *chunks), totals(*chunks))


@given(rows=row_lists)
def test_a_single_counter_holds_the_sum_of_everything_until_it_saturates(rows):
    sketch = sketch_of(SketchShape(1, 1, 1, 2), rows)
    assert sketch.counters.tolist() == [[[min(sum(n for _, _, n in rows), 2**16 - 1)]]]


@given(shape=shapes(), rows=row_lists)
def test_counters_are_those_of_conservative_updates_row_by_row(shape, rows):
    sketch = sketch_of(shape, rows)
    assert sketch.counters.tolist() == counters_by_hand(shape, rows, conservative=True).tolist()


@pytest.mark.parametrize(("depth", "counter_bytes"), DEPTH_AND_BYTES)
def test_counters_of_more_rows_than_counters_are_those_of_updates_row_by_row(depth, counter_bytes):
    shape = SketchShape(7, depth, 256, counter_bytes)
    rows = zipf_rows(20_000)
    sketch = sketch_of(shape, rows)
    by_hand = counters_by_hand(shape, rows, conservative=True)
    assert np.array_equal(sketch.counters, by_hand)
    pairs = [(a, b) for a, b, _ in rows] + [(0, 10**9), (2**31 - 1, 2**31 - 1)]
    assert estimates(sketch, pairs) == [
        min(int(by_hand[cell]) for cell in cells_by_hand(shape, a, b)) for a, b in pairs
    ]


@given(shape=shapes(), rows=row_lists, cut=st.integers(0, 40))
def test_rows_may_be_split_over_calls_anywhere(shape, rows, cut):
    whole, parts = sketch_of(shape, rows), sketch_of(shape, rows[:cut], rows[cut:])
    assert np.array_equal(whole.counters, parts.counters)
    assert np.array_equal(whole.added, parts.added)


def test_rows_beyond_one_sorting_slice_are_added_in_the_same_order():
    shape = SketchShape(3, 2, 1024, 1)
    draw = np.random.default_rng(2)
    a, b = draw.integers(0, 1000, (2, 2**18 + 999), dtype=np.int32)
    n = draw.integers(1, 3, len(a), dtype=np.int32)
    whole, parts = empty_sketch(shape), empty_sketch(shape)
    add_pairs(whole, a, b, n)
    for start in range(0, len(a), 100_000):
        rows = slice(start, start + 100_000)
        add_pairs(parts, a[rows], b[rows], n[rows])
    assert np.array_equal(whole.counters, parts.counters)
    assert whole.n_added == parts.n_added == n.sum()


@given(shape=shapes(), rows=row_lists)
def test_conservative_updates_are_never_above_plain_ones(shape, rows):
    plain = counters_by_hand(shape, rows, conservative=False)
    assert (sketch_of(shape, rows).counters <= plain).all()


@given(shape=shapes(), chunks=st.lists(row_lists, min_size=2, max_size=4), data=st.data())
def test_merged_sketches_bound_the_sums_in_any_order(shape, chunks, data):
    parts = [sketch_of(shape, rows) for rows in chunks]
    merged = reduce(merge_sketches, parts)
    shuffled = reduce(merge_sketches, data.draw(st.permutations(parts)))
    nested = merge_sketches(parts[0], reduce(merge_sketches, parts[1:]))
    assert_upper_bounds(merged, totals(*chunks))
    for other in (shuffled, nested):
        assert np.array_equal(merged.counters, other.counters)
        assert np.array_equal(merged.added, other.added)
    assert merged.n_added == totals(*chunks).total()


@given(shape=shapes(), rows=row_lists, other_rows=row_lists)
def test_blocks_can_be_merged_apart(shape, rows, other_rows):
    one, other = sketch_of(shape, rows), sketch_of(shape, other_rows)
    blocks = [merge_blocks(*pair) for pair in zip(one.counters, other.counters, strict=True)]
    assert np.array_equal(blocks, merge_sketches(one, other).counters)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32])
def test_merged_counters_saturate_instead_of_wrapping(dtype):
    top = np.iinfo(dtype).max
    one, other = np.array([top, top, 0, top - 1], dtype), np.array([top, 1, top, 1], dtype)
    assert merge_blocks(one, other).tolist() == [top] * 4
    assert merge_blocks(one, other).dtype == dtype


@given(shape=shapes(), rows=row_lists)
def test_loads_are_the_counts_added_to_each_block(shape, rows):
    sketch = sketch_of(shape, rows)
    a, b, n = columns(rows)
    blocks = block_of(hash_pair(a.astype(np.uint64), b.astype(np.uint64)), np.uint64(shape.blocks))
    loads = [int(n[blocks == block].sum()) for block in range(shape.blocks)]
    assert sketch.added.tolist() == loads
    assert all(blocks < shape.blocks)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_no_more_pairs_exceed_the_theoretical_bound_than_its_probability(depth):
    rows = zipf_rows(30_000)
    sketch = sketch_of(SketchShape(4, depth, 512, 4), rows)
    bound = error_bound(sketch)
    assert bound.probability == pytest.approx(math.exp(-depth))
    assert bound.counts == pytest.approx(math.e * max(sketch.added.tolist()) / 512)
    pairs = [(a, b) for a, b, _ in rows]
    excess = np.array(estimates(sketch, pairs)) - [n for _, _, n in rows]
    assert excess.mean() > 0
    assert (excess > bound.counts).mean() <= bound.probability


def test_rows_of_counters_fail_independently():
    """With one counter in two taken, k rows give a pair away with probability 2**-k."""
    shape = SketchShape(2, 8, 4096, 1)
    draw = np.random.default_rng(9)
    sketch = empty_sketch(shape)
    sketch.counters[...] = draw.integers(0, 2, shape[:3])
    pairs = [(a, b) for a in range(300) for b in range(300)]
    for depth in (1, 2, 4):
        part = CountMinSketch(
            SketchShape(2, depth, 4096, 1), sketch.counters[:, :depth].copy(), sketch.added
        )
        assert np.mean(estimates(part, pairs)) == pytest.approx(2.0**-depth, rel=0.1)


@given(
    n_bytes=st.integers(1, 5000) | st.integers(1, 2**32),
    depth=st.integers(1, 8),
    counter_bytes=st.sampled_from([1, 2, 4]),
    block_bytes=st.integers(1, 2**20),
)
def test_a_shape_fills_its_bytes(n_bytes, depth, counter_bytes, block_bytes):
    least = depth * counter_bytes
    options = {"depth": depth, "counter_bytes": counter_bytes, "block_bytes": block_bytes}
    if min(n_bytes, block_bytes) < least:
        name = f"n_bytes={n_bytes}" if n_bytes < least else f"block_bytes={block_bytes}"
        with pytest.raises(ConfigError, match=rf"^{name}; .* need at least {least}"):
            sketch_shape(n_bytes, **options)
        return
    shape = sketch_shape(n_bytes, **options)
    assert n_bytes - max(n_bytes // 16, least - 1) <= shape.n_bytes <= n_bytes
    assert shape.n_bytes // shape.blocks <= block_bytes
    assert shape.width.bit_count() == 1
    assert (shape.depth, shape.counter_bytes) == (depth, counter_bytes)


def test_four_bytes_are_a_sketch():
    assert sketch_shape(4) == SketchShape(1, 2, 2, 1)
    assert sketch_shape(4).n_bytes == 4


def test_more_blocks_than_a_hash_can_choose_among_are_refused():
    with pytest.raises(ConfigError, match="raise block_bytes=2"):
        sketch_shape(2**34, block_bytes=2)


@pytest.mark.parametrize("options", [{"depth": 0}, {"depth": 9}, {"counter_bytes": 3}])
def test_settings_out_of_range_are_named(options):
    [(name, value)] = options.items()
    with pytest.raises(ConfigError, match=f"{name}={value}; use 1"):
        sketch_shape(100, **options)


def test_an_empty_sketch_estimates_zero():
    sketch = sketch_of(SketchShape(2, 2, 4, 1), [])
    assert sketch.n_added == 0
    assert estimates(sketch, [(1, 2)]) == [0]
    assert estimates(sketch, []) == []


@pytest.mark.parametrize(
    ("a", "b", "n", "message"),
    [
        ([-1], [0], [1], "a must lie in 0"),
        ([0], [-1], [1], "b must lie in 0"),
        ([0], [0], [0], "n must lie in 1"),
        ([0], [0], [2**32], "n must lie in 1"),
        ([0, 1], [0], [1, 1], "2 ids a for 1 ids b"),
        ([0], [0], [1, 1], "2 counts for 1 pairs"),
    ],
)
def test_rows_that_cannot_be_counted_are_refused_and_change_nothing(a, b, n, message):
    sketch = empty_sketch(SketchShape(1, 2, 4, 1))
    with pytest.raises(InputError, match=message):
        add_pairs(sketch, np.array(a, np.int32), np.array(b, np.int32), np.array(n))
    assert not sketch.counters.any() and not sketch.added.any()


def test_counters_of_another_shape_or_type_are_refused():
    sketch = empty_sketch(SketchShape(1, 2, 4, 1))
    ids = np.zeros(1, np.int32)
    for wrong in (sketch.counters[:, :, :2], sketch.counters.astype(np.uint16)):
        with pytest.raises(InputError, match="not of SketchShape"):
            estimate_pairs(sketch._replace(counters=wrong), ids, ids)
        with pytest.raises(InputError, match="equal shape and type"):
            merge_blocks(sketch.counters, wrong)
