"""Contexts read back by the tasks that count them, from the files of table `contexts`.

Several tasks may count the same contexts, each for other rows, so each task reads the files itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pivotmine.engine.numbered_tasks import FileRange
from pivotmine.engine.table_files import read_row_range
from pivotmine.numeric.folded_contexts import FoldedContexts, PackedContexts, unpack


def load(chunk: Sequence[FileRange]) -> FoldedContexts:
    """All contexts of some rows of files of table `contexts`."""
    return unpack(list(_rows(chunk)))


def load_each(chunk: Sequence[FileRange]) -> Iterator[FoldedContexts]:
    """The contexts of some rows of files, row by row."""
    return (unpack([row]) for row in _rows(chunk))


def _rows(chunk: Sequence[FileRange]) -> Iterator[PackedContexts]:
    for part in chunk:
        for table in read_row_range(part):
            rows = table.select(PackedContexts._fields).to_pylist()
            yield from (PackedContexts(**row) for row in rows)
