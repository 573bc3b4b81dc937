"""How large a sketch must be: tried out on a sample of the pairs before the first pass.

Below a load threshold (distinct pairs a counter) the relative error of a conservative count-min
sketch vanishes: below 0.5 with two counters a pair and below 0.818 with three, the thresholds at
which random hypergraphs can be peeled (Fusy & Kucherov, arXiv 2203.15496 and 2302.05245). That is
proved for one sketch and pairs that are equally frequent. Our pairs are not, and sketches of many
tasks are added up, in which a pair also meets the noise of tasks that never saw it. So the
threshold gives the smallest size that is considered, and a model decides: a sketch with the same
load, filled from a sample of the pairs by as many tasks, whose over-count is then known exactly.
The size is doubled until few light pairs pass.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.stages.count.pair_hash import checked_pairs, sampled_pairs
from pivotmine.stages.count.pair_runs import PairRun
from pivotmine.stages.count.sketch import add_pairs
from pivotmine.stages.count.sketch_filter import OverCount, over_count
from pivotmine.stages.count.sketch_shape import (
    CountMinSketch,
    SketchShape,
    empty_sketch,
    merge_blocks,
    sketch_shape,
)

LOAD_THRESHOLDS = {2: 0.5, 3: 0.818}
"""Load below which the error of one sketch vanishes, for each depth that is tried."""

LIGHT_SHARE = 0.01
"""Light pairs that may pass: a hundredth of them costs less than the heavy ones."""

MAX_COUNTERS = 16
"""Most counters for each distinct pair."""

MODEL_PAIRS = 2**17
"""About as many pairs of chunks are in the sample that the model is made of."""


class SampledPairs(NamedTuple):
    """Pairs of a sample as each chunk counted them, in the order of chunks."""

    chunk: NDArray[np.int32]
    """[R]"""

    a: NDArray[np.int32]
    b: NDArray[np.int32]
    n: NDArray[np.int64]


class SketchSize(NamedTuple):
    """A chosen shape, and what the model says of it."""

    shape: SketchShape
    load: float
    """Distinct pairs for each counter."""

    expected: OverCount
    """Of the pairs in the sample."""


def sample_bits(pair_events: int) -> int:
    """One pair in 2**bits makes a sample of at most about `MODEL_PAIRS` of so many."""
    return max(math.ceil(math.log2(max(pair_events, 1) / MODEL_PAIRS)), 0)


def take_sample(run: PairRun, chunk: int, bits: int) -> SampledPairs:
    """The pairs of a run that are in a sample of one in 2**bits."""
    a, b = checked_pairs(run.a, run.b)
    taken = sampled_pairs(a, b, bits)
    n = run.fold_counts[taken].sum(axis=1, dtype=np.int64)
    return SampledPairs(np.full(len(n), chunk, np.int32), a[taken], b[taken], n)


def size_sketch(
    sample: SampledPairs,
    sketch_of: NDArray[np.int64],
    distinct: int,
    min_count: int,
    max_bytes: int,
) -> SketchSize:
    """The smallest sketch that lets few light pairs through, or the best of `max_bytes`.

    Parameters
    ----------
    sketch_of
        [R] number of the sketch that each row of the sample is added to.
    distinct
        Distinct pairs of the whole corpus.
    max_bytes
        At least 8.
    """
    counter_bytes = 1 if min_count < 2**8 else 2 if min_count < 2**16 else 4
    order = np.argsort(sketch_of, kind="stable")
    rows = SampledPairs._make(column[order] for column in sample)
    ends = np.flatnonzero(np.diff(sketch_of[order], append=-1)) + 1
    most = min(max_bytes, MAX_COUNTERS * counter_bytes * distinct)
    # A shape may leave a sixteenth of its bytes unused.
    counters = math.ceil(distinct / max(LOAD_THRESHOLDS.values()) * 16 / 15)
    n_bytes = min(counters * counter_bytes, most)
    while True:
        tried = list(_sizes(n_bytes, counter_bytes, rows, ends, distinct, min_count))
        best = min(tried, key=lambda size: (size.expected.light_kept, size.expected.over_count))
        if n_bytes >= most or best.expected.light_kept <= (LIGHT_SHARE * best.expected.light_pairs):
            return best
        n_bytes = min(2 * n_bytes, most)


def _sizes(
    n_bytes: int,
    counter_bytes: int,
    rows: SampledPairs,
    ends: NDArray[np.int64],
    distinct: int,
    min_count: int,
) -> Iterator[SketchSize]:
    """Sketches of `n_bytes` with every depth, and their models."""
    key = rows.a.astype(np.int64) << 32 | rows.b
    pairs, which = np.unique(key, return_inverse=True)
    a, b = (pairs >> 32).astype(np.int32), (pairs & 0xFFFFFFFF).astype(np.int32)
    n = np.bincount(which, rows.n, len(pairs)).astype(np.int64)
    for depth in LOAD_THRESHOLDS:
        least = depth * counter_bytes
        if least <= n_bytes or depth == min(LOAD_THRESHOLDS):
            shape = sketch_shape(max(n_bytes, least), depth=depth, counter_bytes=counter_bytes)
            model_bytes = max(shape.n_bytes * len(pairs) // distinct, least)
            model = sketch_shape(model_bytes, depth=depth, counter_bytes=counter_bytes)
            load = distinct / (shape.n_bytes / counter_bytes)
            filled = _fill(model, rows, ends)
            yield SketchSize(shape, load, over_count(filled, min_count, a, b, n))


def _fill(shape: SketchShape, rows: SampledPairs, ends: NDArray[np.int64]) -> CountMinSketch:
    """The sum of the sketches of the rows up to each end."""
    total = empty_sketch(shape)
    start = 0
    for end in ends.tolist():
        part = empty_sketch(shape)
        add_pairs(part, rows.a[start:end], rows.b[start:end], rows.n[start:end])
        counters = merge_blocks(total.counters, part.counters)
        total = CountMinSketch(shape, counters, total.added + part.added)
        start = end
    return total
