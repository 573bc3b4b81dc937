"""Arrow batches: list columns as arrays and back, languages as indices, slices of limited size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


class TokenColumns(NamedTuple):
    """Rows of table `tokens` as flat arrays, D documents."""

    token_ids: NDArray[np.int32]
    document_offsets: NDArray[np.int64]
    segment_ends: NDArray[np.int32]
    segment_offsets: NDArray[np.int64]


def token_columns(batch: pa.RecordBatch) -> TokenColumns:
    """Views of `token_ids` and `segment_ends`; values are not copied."""
    token_ids, document_offsets = flat_list(batch.column("token_ids"))
    segment_ends, segment_offsets = flat_list(batch.column("segment_ends"))
    return TokenColumns(token_ids, document_offsets, segment_ends, segment_offsets)


def flat_list(column: pa.ListArray) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Values of a list column of int32, and offsets that begin at 0."""
    offsets = column.offsets.to_numpy().astype(np.int64)
    return column.flatten().to_numpy(zero_copy_only=True), offsets - offsets[0]


def language_indices(column: pa.ListArray, languages: Sequence[str]) -> NDArray[np.int8]:
    """Flat list of language names as indices into `languages`, -1 for any other."""
    return language_index(column.flatten(), languages)


def language_index(column: pa.Array, languages: Sequence[str]) -> NDArray[np.int8]:
    """Language names as indices into `languages`, -1 for any other."""
    found = pc.index_in(column, value_set=pa.array(languages, pa.string()))
    indices: NDArray[np.int8] = found.fill_null(-1).to_numpy().astype(np.int8)
    return indices


def list_column(values: NDArray[Any], ends: NDArray[np.int64]) -> pa.ListArray:
    """Values [N] as lists, each of which ends where `ends` [D] says."""
    offsets = np.concatenate(([0], ends)).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values))


def matrix_column(values: NDArray[Any]) -> pa.ListArray:
    """Rows of a matrix [D, W] as lists."""
    n_rows, width = values.shape
    return list_column(values.reshape(-1), np.arange(1, n_rows + 1) * width)


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
