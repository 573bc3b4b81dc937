"""Packed contexts read back by the tasks that count them, from the files of `udfs.cut_contexts`.

Several tasks may count the same contexts, each some of the rows, so they read files themselves
instead of being sent them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from pivotmine.kernels.folded_contexts import FoldedContexts, PackedContexts, unpack

Batches = Iterator[pa.RecordBatch]


class FileParts(NamedTuple):
    """Rows start:end of a file of `cut_contexts.PART_SCHEMA`."""

    path: str
    start: int
    end: int


def load(chunk: Sequence[FileParts]) -> FoldedContexts:
    """All contexts of some parts of files."""
    return unpack([row for parts in chunk for row in _rows(parts)])


def numbers(batches: Batches) -> Iterator[int]:
    """Numbers of tasks, from batches of one column of them."""
    return (number for batch in batches for number in batch.column(0).to_pylist())


def _rows(parts: FileParts) -> Iterator[PackedContexts]:
    with fsspec.open(parts.path, "rb") as stream:
        file = pq.ParquetFile(stream)
        first = 0
        for group in range(file.num_row_groups):
            n_rows = file.metadata.row_group(group).num_rows
            start, end = (min(max(at - first, 0), n_rows) for at in (parts.start, parts.end))
            first += n_rows
            if start < end:
                table = file.read_row_group(group, use_threads=False).slice(start, end - start)
                for row in table.to_pylist():
                    yield PackedContexts(**row)
