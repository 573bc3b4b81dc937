"""Cutting Arrow batches where work on a batch costs memory for each byte or token in it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


def slice_by_bytes(batch: pa.RecordBatch, column: str, max_bytes: int) -> Iterator[pa.RecordBatch]:
    """Slices of rows whose strings hold at most `max_bytes` together, or one longer row alone."""
    sizes = pc.binary_length(batch.column(column)).fill_null(0).to_numpy(zero_copy_only=False)
    return _slices(batch, sizes, max_bytes)


def slice_by_values(
    batch: pa.RecordBatch, column: str, max_values: int
) -> Iterator[pa.RecordBatch]:
    """Slices of rows whose lists hold at most `max_values` together, or one longer row alone."""
    sizes = pc.list_value_length(batch.column(column)).fill_null(0).to_numpy(zero_copy_only=False)
    return _slices(batch, sizes, max_values)


def _slices(
    batch: pa.RecordBatch, sizes: NDArray[np.integer], most: int
) -> Iterator[pa.RecordBatch]:
    ends = np.cumsum(sizes, dtype=np.int64)
    start = 0
    while start < batch.num_rows:
        before = ends[start] - sizes[start]
        stop = int(np.searchsorted(ends, before + most, side="right"))
        stop = max(stop, start + 1)
        yield batch.slice(start, stop - start)
        start = stop
