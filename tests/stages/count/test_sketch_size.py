"""The size of a sketch: what is expected of it is what it does, and a bound is kept."""

from __future__ import annotations

from functools import reduce

import numpy as np
import pytest

from pivotmine.stages.count.pair_runs import PairRun
from pivotmine.stages.count.sketch import add_pairs
from pivotmine.stages.count.sketch_filter import over_count
from pivotmine.stages.count.sketch_shape import SketchShape, empty_sketch
from pivotmine.stages.count.sketch_size import (
    LIGHT_SHARE,
    LOAD_THRESHOLDS,
    SampledPairs,
    sample_bits,
    size_sketch,
    take_sample,
)
from tests.stages.count.sketches import merge_sketches

N_CHUNKS, MIN_COUNT, BITS = 8, 5, 3


def zipf_chunk(seed: int) -> PairRun:
    """Distinct pairs of two Zipf ids, with their counts."""
    draw = np.random.default_rng(seed)
    ids = draw.zipf(1.15, (400_000, 2)) % 30_000
    pairs, n = np.unique(ids[:, 0] << 32 | ids[:, 1], return_counts=True)
    a, b = (pairs >> 32).astype(np.int32), (pairs & 0xFFFFFFFF).astype(np.int32)
    return PairRun(a, b, n[:, np.newaxis])


@pytest.fixture(scope="module")
def chunks() -> list[PairRun]:
    return [zipf_chunk(seed) for seed in range(N_CHUNKS)]


@pytest.fixture(scope="module")
def totals(chunks) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """a, b and n of all distinct pairs."""
    keys = np.concatenate([run.a.astype(np.int64) << 32 | run.b for run in chunks])
    pairs, which = np.unique(keys, return_inverse=True)
    n = np.bincount(which, np.concatenate([run.fold_counts[:, 0] for run in chunks]))
    return (
        (pairs >> 32).astype(np.int32),
        (pairs & 0xFFFFFFFF).astype(np.int32),
        n.astype(np.int64),
    )


@pytest.fixture(scope="module")
def sample(chunks) -> SampledPairs:
    parts = [take_sample(run, number, BITS) for number, run in enumerate(chunks)]
    return SampledPairs(*map(np.concatenate, zip(*parts, strict=True)))


def measured(shape: SketchShape, chunks: list[PairRun], n_sketches: int, totals):
    sketches = [empty_sketch(shape) for _ in range(n_sketches)]
    for number, run in enumerate(chunks):
        add_pairs(
            sketches[number * n_sketches // N_CHUNKS], run.a, run.b, run.fold_counts.sum(axis=1)
        )
    return over_count(reduce(merge_sketches, sketches), MIN_COUNT, *totals)


@pytest.mark.parametrize("n_sketches", [1, 2, 8])
def test_the_sketch_does_what_is_expected_of_it(n_sketches, chunks, totals, sample):
    distinct = len(totals[0])
    size = size_sketch(sample, sample.chunk * n_sketches // N_CHUNKS, distinct, MIN_COUNT, 10**9)
    found = measured(size.shape, chunks, n_sketches, totals)
    expected = size.expected
    assert found.light_kept / found.light_pairs <= 1.5 * LIGHT_SHARE
    assert expected.light_kept / expected.light_pairs <= LIGHT_SHARE
    assert found.over_count / found.pairs == pytest.approx(
        expected.over_count / expected.pairs, rel=0.25
    )
    assert size.load <= LOAD_THRESHOLDS[3]


def test_more_sketches_to_merge_need_more_counters(totals, sample):
    sizes = [
        size_sketch(sample, sample.chunk * n // N_CHUNKS, len(totals[0]), MIN_COUNT, 10**9)
        for n in (1, 8)
    ]
    assert sizes[0].shape.n_bytes < sizes[1].shape.n_bytes


@pytest.mark.parametrize("max_bytes", [8, 1000, 300_000])
def test_a_bound_below_what_is_needed_is_kept(max_bytes, totals, sample):
    for min_count in (MIN_COUNT, 70_000):
        size = size_sketch(sample, sample.chunk, len(totals[0]), min_count, max_bytes)
        assert size.shape.n_bytes <= max_bytes
        assert size.shape.saturation >= min_count


def test_a_sample_without_pairs_gives_the_size_at_the_threshold():
    none = SampledPairs(*(np.empty(0, np.int64) for _ in range(4)))
    size = size_sketch(none, none.chunk, 10_000, MIN_COUNT, 10**9)
    assert size.load <= LOAD_THRESHOLDS[3]
    assert size.expected.pairs == 0


def test_samples_are_bounded():
    assert sample_bits(0) == sample_bits(2**17) == 0
    assert sample_bits(2**17 + 1) == 1
    assert sample_bits(2**40) == 23
