"""Packed contexts to a count-min sketch of all pairs, and its use as a filter.

Every task counts its chunks and folds their pairs into a sketch of its own, which leaves it block
by block; the blocks of all tasks are added up. The sum is never brought to the driver: workers
assemble it from its Parquet files in a file that they map into memory, once for all workers that
share a scratch folder.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pivotmine.stages.count.pair_runs import PairRun
from pivotmine.stages.count.pair_sums import in_sample
from pivotmine.stages.count.sketch import add_pairs, error_bound, estimate_pairs, merge_blocks
from pivotmine.stages.count.sketch_format import (
    CountMinSketch,
    SketchShape,
    empty_sketch,
    open_sketch,
    write_sketch,
)
from pivotmine.udfs.count_pairs import CountPlan, Keep, pair_runs
from pivotmine.udfs.numbered_tasks import numbers

Batches = Iterator[pa.RecordBatch]

BLOCK_SCHEMA = pa.schema([("block", pa.int32()), ("added", pa.int64()), ("counters", pa.binary())])
"""Blocks of a sketch: the sum of the counts added to each, and its counters as bytes."""

_BLOCK_PAIRS = 2**22
"""Pairs sketched at once: enough for every block of the sketch to get some."""


def bind_sketch(plan: CountPlan, shape: SketchShape) -> Callable[[Batches], Batches]:
    """Numbers of tasks to rows of `BLOCK_SCHEMA`, once a Spark task.

    Memory of a task: the sketch, beside what counting takes.
    """

    def sketch(batches: Batches) -> Batches:
        total = empty_sketch(shape)
        for number in numbers(batches):
            for run in pair_runs(plan, plan.tasks[number], block_pairs=_BLOCK_PAIRS):
                add_pairs(total, run.a, run.b, run.fold_counts.sum(axis=1))
        for block in np.flatnonzero(total.added):
            yield _row(int(block), total.added[block], total.counters[block])

    return sketch


def bind_merge(shape: SketchShape) -> Callable[[Batches], Batches]:
    """Rows of `BLOCK_SCHEMA`, sorted by block, to one row a block.

    A partition must hold whole blocks.
    """
    like = empty_sketch(shape._replace(blocks=1)).counters[0]

    def merge(batches: Batches) -> Batches:
        rows = (row for batch in batches for row in batch.to_pylist())
        for block, of_block in groupby(rows, key=lambda row: row["block"]):
            added, merged = 0, np.zeros_like(like)
            for row in of_block:
                added += row["added"]
                merged = merge_blocks(merged, _counters(row, like))
            yield _row(block, added, merged)

    return merge


def bind_filter(files: Sequence[str], shape: SketchShape, min_count: int) -> Callable[[], Keep]:
    """What opens the sketch in a worker and keeps pairs that may reach `min_count`.

    The sketch never under-counts, so no pair that reaches it is lost. Pairs of the sample are kept
    as well.

    Parameters
    ----------
    files
        Parquet files of the merged blocks.
    """
    enough = min(min_count, shape.saturation)

    def opened() -> Keep:
        sketch = local_sketch(files, shape)

        def keep(run: PairRun) -> NDArray[np.bool_]:
            may_reach = estimate_pairs(sketch, run.a, run.b) >= enough
            return may_reach | in_sample(run.a, run.b)

        return keep

    return opened


def local_sketch(files: Sequence[str], shape: SketchShape) -> CountMinSketch:
    """The merged sketch, mapped from a file that the first worker to ask assembles.

    The file lies in the executor's scratch folder, of which Spark tells its workers and which it
    removes in the end.
    """
    scratch = Path(os.environ["SPARK_LOCAL_DIRS"].split(",")[0])
    name = hashlib.blake2b("\n".join(files).encode(), digest_size=16).hexdigest()
    path = scratch / f"sketch-{name}.bin"
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            building = path.with_suffix(".building")
            with building.open("wb") as file:
                write_sketch(_assemble(files, shape), file)
            building.replace(path)
    return open_sketch(path)


def _assemble(files: Sequence[str], shape: SketchShape) -> CountMinSketch:
    sketch = empty_sketch(shape)
    for file in files:
        with fsspec.open(file, "rb") as stream:
            for batch in pq.ParquetFile(stream).iter_batches(batch_size=16):
                for row in batch.to_pylist():
                    sketch.added[row["block"]] = row["added"]
                    block = sketch.counters[row["block"]]
                    block[...] = _counters(row, block)
    return sketch


def _counters(
    row: dict[str, Any], like: NDArray[np.unsignedinteger]
) -> NDArray[np.unsignedinteger]:
    return np.frombuffer(row["counters"], like.dtype).reshape(like.shape)


def _row(block: int, added: int, counters: NDArray[np.unsignedinteger]) -> pa.RecordBatch:
    columns = [
        pa.array([block], pa.int32()),
        pa.array([int(added)], pa.int64()),
        pa.array([counters.tobytes()], pa.binary()),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=BLOCK_SCHEMA)


OVER_COUNT_SCHEMA = pa.schema(
    [
        ("pairs", pa.int64()),
        ("light_pairs", pa.int64()),
        ("light_kept", pa.int64()),
        ("over_count", pa.int64()),
        ("max_over_count", pa.int64()),
        ("max_error_bound", pa.float64()),
    ]
)


def bind_over_count(
    files: Sequence[str], shape: SketchShape, min_count: int
) -> Callable[[Batches], Batches]:
    """Sampled pairs with their exact count `n` to sums of what the sketch adds to it.

    `over_count` sums estimate - n over pairs whose counters are not saturated. `light_pairs` stay
    below `min_count`, and `light_kept` of them the sketch lets through. `max_error_bound` is what
    theory promises (`kernels.sketch.error_bound`), in counts.
    """

    def measure(batches: Batches) -> Batches:
        sketch = local_sketch(files, shape)
        for batch in batches:
            a, b, n = (batch.column(name).to_numpy() for name in ("a", "b", "n"))
            estimate = estimate_pairs(sketch, a, b).astype(np.int64)
            light = n < min_count
            over = np.where(estimate < shape.saturation, estimate - n, 0)
            figures = [
                len(n),
                light.sum(),
                (light & (estimate >= min_count)).sum(),
                over.sum(),
                over.max(initial=0),
                error_bound(sketch).counts,
            ]
            columns = [pa.array([figure]) for figure in figures]
            yield pa.RecordBatch.from_arrays(columns, schema=OVER_COUNT_SCHEMA)

    return measure
