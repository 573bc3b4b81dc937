"""Packed contexts to counts of pairs: complete ones, or runs that are summed; and their sketch.

A task holds a chunk of the contexts and counts a range of rows. With a single chunk its counts are
complete, and pairs below the threshold are never written. With several chunks, counts leave as
packed runs (`RUNS`), a row for each bucket, and are summed bucket by bucket. Margins are always
summed; they are few.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.engine.numbered_tasks import FileRange, numbers
from pivotmine.stages.contexts.context_files import load
from pivotmine.stages.count.count_rows import PairNames, count_rows
from pivotmine.stages.count.distinct_pairs import add_to_registers, empty_registers
from pivotmine.stages.count.margins import MARGIN_COLUMNS, margin_runs
from pivotmine.stages.count.pair_runs import PairRun, packed_rows, unpacked_rows
from pivotmine.stages.count.pair_sums import add_run, cleared, in_sample, new_sums, summed
from pivotmine.stages.count.sketch import add_pairs
from pivotmine.stages.count.sketch_filter import (
    SketchFilter,
    counters_of,
    local_sketch,
    open_filter,
    over_count,
)
from pivotmine.stages.count.sketch_shape import SketchShape, empty_sketch, merge_blocks
from pivotmine.stages.count.sketch_size import SampledPairs, take_sample
from pivotmine.stages.count.tasks import CountPlan, counted_runs

Batches = Iterator[pa.RecordBatch]

SIZES = pa.schema(
    [
        ("pairs", pa.int64()),
        ("registers", pa.binary()),
        *((name, pa.list_(pa.int64())) for name in SampledPairs._fields),
    ]
)
"""What some rows of chunks would send: the number of pairs, each chunk's apart, and of the distinct
ones registers (`distinct_pairs`) and a sample."""

SKETCH_BLOCKS = pa.schema([("block", pa.int32()), ("added", pa.int64()), ("counters", pa.binary())])
"""Blocks of a sketch: the sum of the counts added to each, and its counters as bytes."""

OVER_COUNT = pa.schema(
    [
        ("pairs", pa.int64()),
        ("light_pairs", pa.int64()),
        ("light_kept", pa.int64()),
        ("over_count", pa.int64()),
        ("max_over_count", pa.int64()),
        ("max_error_bound", pa.float64()),
    ]
)
"""Figures of `sketch_filter.over_count`."""

_SKETCHED_PAIRS = 2**22
"""Pairs sketched at once: enough for every block of the sketch to get some."""


def sum_schema(n_folds: int) -> pa.Schema:
    """Columns `a`, `b`, a count for each fold, and whether the pair is in the sample."""
    folds = [(name, pa.int64()) for name in fold_columns(n_folds)]
    return pa.schema([("a", pa.int32()), ("b", pa.int32()), *folds, ("sampled", pa.bool_())])


def fold_columns(n_folds: int) -> list[str]:
    """Names of the count columns of `sum_schema`."""
    return [f"fold_{fold}" for fold in range(n_folds)]


def bind_complete(
    plan: CountPlan, names: PairNames, min_count: int
) -> Callable[[Batches], Batches]:
    """Numbers of tasks to rows of table `counts`; all contexts must be one chunk."""

    def count(batches: Batches) -> Batches:
        for number in numbers(batches):
            for run in counted_runs(plan, plan.tasks[number], min_count=min_count):
                yield count_rows(run, names)

    return count


def bind_margins(
    chunks: Sequence[Sequence[FileRange]], first_node: NDArray[np.int64], n_buckets: int
) -> Callable[[Batches], Batches]:
    """Numbers of chunks to rows of `RUNS`, the margins (`margins.margin_runs`).

    Memory: a file's part of a chunk, and 24 B for each margin.
    """

    def margins(batches: Batches) -> Batches:
        sums = new_sums(MARGIN_COLUMNS)
        for number in numbers(batches):
            for part in chunks[number]:
                for run in margin_runs(load([part]), first_node):
                    sums = add_run(sums, run)
        yield from packed_rows(summed(sums, 1), n_buckets)

    return margins


def bind_sizes(plan: CountPlan, bits: int) -> Callable[[Batches], Batches]:
    """Numbers of chunks to rows of `SIZES`, one a Spark task.

    Parameters
    ----------
    plan
        A task for each chunk.
    bits
        One pair in 2**bits is in the sample.
    """

    def measure(batches: Batches) -> Batches:
        n_pairs, registers = 0, empty_registers()
        taken = [SampledPairs._make(np.empty(0, np.int32) for _ in SampledPairs._fields)]
        for number in numbers(batches):
            for run in counted_runs(plan, plan.tasks[number]):
                n_pairs += len(run.a)
                add_to_registers(registers, run.a, run.b)
                taken.append(take_sample(run, number, bits))
        columns = [[n_pairs], [registers.tobytes()]]
        columns += [[np.concatenate(parts)] for parts in zip(*taken, strict=True)]
        arrays = [pa.array(c, field.type) for c, field in zip(columns, SIZES, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, schema=SIZES)

    return measure


def bind_send(
    plan: CountPlan, n_buckets: int, sketched: SketchFilter | None = None
) -> Callable[[Batches], Batches]:
    """Numbers of tasks to rows of `RUNS`, pairs of nodes.

    Parameters
    ----------
    sketched
        Decides which pairs are sent; all by default.
    """
    # Blocks of 2**18 pairs stay in cache; larger ones give each bucket a few thousand at a time.
    block_pairs = min(max(2**18, 4096 * n_buckets), 2**22)

    def send(batches: Batches) -> Batches:
        keep = open_filter(sketched) if sketched else None
        for number in numbers(batches):
            for run in counted_runs(plan, plan.tasks[number], block_pairs=block_pairs):
                yield from packed_rows(keep(run) if keep else run, n_buckets)

    return send


def bind_sum(n_folds: int, min_count: int) -> Callable[[Batches], Batches]:
    """Batches of `RUNS`, sorted by bucket, to rows of `sum_schema`.

    A partition must hold whole buckets. Pairs of nodes below `min_count` are dropped unless they
    are in the sample; rows that hold a language in place of a node are all kept.
    """
    output = sum_schema(n_folds)

    def add_up(batches: Batches) -> Batches:
        parts = (part for batch in batches for part in unpacked_rows(batch, n_folds))
        sums = new_sums(n_folds)
        for _, of_bucket in groupby(parts, key=lambda part: part[0]):
            sums = cleared(sums)
            for _, run in of_bucket:
                sums = add_run(sums, run)
            a, b, counts = summed(sums, min_count)
            columns = [a, b, *np.ascontiguousarray(counts.T), (b >= 0) & in_sample(a, b)]
            yield pa.RecordBatch.from_arrays([pa.array(c) for c in columns], schema=output)

    return add_up


def bind_named(n_folds: int, names: PairNames) -> Callable[[Batches], Batches]:
    """Rows of `sum_schema`, pairs of nodes, to rows of table `counts`."""

    def rows(batches: Batches) -> Batches:
        for batch in batches:
            a, b = (batch.column(side).to_numpy() for side in ("a", "b"))
            folds = [batch.column(name).to_numpy() for name in fold_columns(n_folds)]
            yield count_rows(PairRun(a, b, np.stack(folds, axis=1)), names)

    return rows


def bind_sketch(plan: CountPlan, shape: SketchShape) -> Callable[[Batches], Batches]:
    """Numbers of tasks to rows of `SKETCH_BLOCKS`, once a Spark task.

    Memory of a task: the sketch, beside what counting takes.
    """

    def sketch(batches: Batches) -> Batches:
        total = empty_sketch(shape)
        for number in numbers(batches):
            for run in counted_runs(plan, plan.tasks[number], block_pairs=_SKETCHED_PAIRS):
                add_pairs(total, run.a, run.b, run.fold_counts.sum(axis=1))
        for block in np.flatnonzero(total.added):
            yield _block_row(int(block), total.added[block], total.counters[block])

    return sketch


def bind_merge(shape: SketchShape) -> Callable[[Batches], Batches]:
    """Rows of `SKETCH_BLOCKS`, sorted by block, to one row a block.

    A partition must hold whole blocks.
    """
    like = empty_sketch(shape._replace(blocks=1)).counters[0]

    def merge(batches: Batches) -> Batches:
        rows = (row for batch in batches for row in batch.to_pylist())
        for block, of_block in groupby(rows, key=lambda row: row["block"]):
            added, merged = 0, np.zeros_like(like)
            for row in of_block:
                added += row["added"]
                merged = merge_blocks(merged, counters_of(row["counters"], like))
            yield _block_row(block, added, merged)

    return merge


def bind_over_count(sketched: SketchFilter) -> Callable[[Batches], Batches]:
    """Sampled pairs, with their exact count `n`, to rows of `OVER_COUNT`, one a batch."""

    def measure(batches: Batches) -> Batches:
        sketch = local_sketch(sketched)
        for batch in batches:
            pairs = (batch.column(name).to_numpy() for name in ("a", "b", "n"))
            found = over_count(sketch, sketched.min_count, *pairs)
            columns = [pa.array([figure]) for figure in found]
            yield pa.RecordBatch.from_arrays(columns, schema=OVER_COUNT)

    return measure


def _block_row(block: int, added: int, counters: NDArray[np.unsignedinteger]) -> pa.RecordBatch:
    columns = [
        pa.array([block], pa.int32()),
        pa.array([int(added)], pa.int64()),
        pa.array([counters.tobytes()], pa.binary()),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=SKETCH_BLOCKS)
