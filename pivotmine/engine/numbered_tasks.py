"""Tasks that get their number and look up what to do, such as which ranges of files to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pyarrow as pa


class FileRange(NamedTuple):
    """Bytes or rows start to end - 1 of a file; each reader says which of the two."""

    path: str
    start: int
    end: int


def share_out(files: Sequence[tuple[str, int]], room: int) -> list[tuple[FileRange, ...]]:
    """Cut files, given with their sizes, into shares of size `room`; the last may be smaller.

    A share may hold parts of several files.
    """
    shares: list[tuple[FileRange, ...]] = []
    gathered: list[FileRange] = []
    taken = 0
    for path, size in files:
        start = 0
        while start < size:
            end = min(start + room - taken, size)
            gathered.append(FileRange(path, start, end))
            taken += end - start
            start = end
            if taken == room:
                shares.append(tuple(gathered))
                gathered, taken = [], 0
    if gathered:
        shares.append(tuple(gathered))
    return shares


def numbers(batches: Iterator[pa.RecordBatch]) -> Iterator[int]:
    """Task numbers, from batches of one column."""
    return (number for batch in batches for number in batch.column(0).to_pylist())
