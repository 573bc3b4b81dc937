"""Contexts read back by the tasks that count them, from the files of table `contexts`.

Several tasks may count the same contexts, each some of the rows, so they read files themselves
instead of being sent them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import fsspec
import pyarrow.parquet as pq

from pivotmine.numeric.folded_contexts import FoldedContexts, PackedContexts, unpack
from pivotmine.udfs.numbered_tasks import FileRange


def load(chunk: Sequence[FileRange]) -> FoldedContexts:
    """All contexts of some rows of files of table `contexts`."""
    return unpack([row for parts in chunk for row in _rows(parts)])


def load_each(chunk: Sequence[FileRange]) -> Iterator[FoldedContexts]:
    """The contexts of some rows of files, row by row."""
    return (unpack([row]) for parts in chunk for row in _rows(parts))


def _rows(parts: FileRange) -> Iterator[PackedContexts]:
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
