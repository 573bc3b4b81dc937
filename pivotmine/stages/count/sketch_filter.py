"""The merged sketch in a worker: which pairs it lets through, and by how much it over-counts.

Every task counts its chunks and folds their pairs into a sketch of its own, which leaves it block
by block; the blocks of all tasks are added up. The sum never comes to the driver: workers assemble
it from its Parquet files into one file, which all workers that share a scratch folder map into
memory.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pivotmine.stages.count.pair_runs import PairRun
from pivotmine.stages.count.pair_sums import in_sample
from pivotmine.stages.count.sketch import estimate_pairs
from pivotmine.stages.count.sketch_format import open_sketch, write_sketch
from pivotmine.stages.count.sketch_shape import (
    CountMinSketch,
    SketchShape,
    empty_sketch,
    error_bound,
)
from pivotmine.storage.filesystem import open_file


class SketchFilter(NamedTuple):
    """Which pairs are sent to be summed."""

    files: tuple[str, ...]
    """Parquet files of the merged blocks."""

    shape: SketchShape
    min_count: int


class OverCount(NamedTuple):
    """How far the sketch exceeds the exact counts of some pairs."""

    pairs: int
    light_pairs: int
    """Pairs below `min_count`."""

    light_kept: int
    """Pairs below `min_count` that the sketch lets through."""

    over_count: int
    """Sum of estimate - n over pairs whose counters are not saturated."""

    max_over_count: int
    error_bound: float
    """Bound from theory, in counts (`sketch_shape.error_bound`)."""


def open_filter(sketched: SketchFilter) -> Callable[[PairRun], PairRun]:
    """A function that keeps the pairs of a run that may reach `min_count`, and the sample.

    The sketch never under-counts, so no pair that reaches `min_count` is lost.
    """
    sketch = local_sketch(sketched)
    enough = min(sketched.min_count, sketched.shape.saturation)

    def keep(run: PairRun) -> PairRun:
        may_reach = estimate_pairs(sketch, run.a, run.b) >= enough
        kept = may_reach | in_sample(run.a, run.b)
        return PairRun(run.a[kept], run.b[kept], run.fold_counts[kept])

    return keep


def over_count(
    sketch: CountMinSketch,
    min_count: int,
    a: NDArray[np.int32],
    b: NDArray[np.int32],
    n: NDArray[np.int64],
) -> OverCount:
    """Compare estimates of pairs with their exact counts `n`."""
    estimate = estimate_pairs(sketch, a, b).astype(np.int64)
    light = n < min_count
    over = np.where(estimate < sketch.shape.saturation, estimate - n, 0)
    return OverCount(
        len(n),
        int(light.sum()),
        int((light & (estimate >= min_count)).sum()),
        int(over.sum()),
        int(over.max(initial=0)),
        error_bound(sketch).counts,
    )


def local_sketch(sketched: SketchFilter) -> CountMinSketch:
    """The merged sketch, mapped from a file that the first worker to ask assembles.

    The file lies in the executor's scratch folder. Spark names it to its workers, and removes it at
    the end.
    """
    scratch = Path(os.environ["SPARK_LOCAL_DIRS"].split(",")[0])
    name = hashlib.blake2b("\n".join(sketched.files).encode(), digest_size=16).hexdigest()
    path = scratch / f"sketch-{name}.bin"
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            building = path.with_suffix(".building")
            with building.open("wb") as file:
                write_sketch(_assemble(sketched.files, sketched.shape), file)
            building.replace(path)
    return open_sketch(path)


def counters_of(data: bytes, like: NDArray[np.unsignedinteger]) -> NDArray[np.unsignedinteger]:
    """The counters of a block from their bytes, in the shape and type of another block."""
    return np.frombuffer(data, like.dtype).reshape(like.shape)


def _assemble(files: tuple[str, ...], shape: SketchShape) -> CountMinSketch:
    sketch = empty_sketch(shape)
    for file in files:
        with open_file(file) as stream:
            for batch in pq.ParquetFile(stream).iter_batches(batch_size=16):
                for row in batch.to_pylist():
                    sketch.added[row["block"]] = row["added"]
                    block = sketch.counters[row["block"]]
                    block[...] = counters_of(row["counters"], block)
    return sketch
