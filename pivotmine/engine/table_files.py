"""A table's Parquet files to Arrow batches and back, by the Python workers that need or make them.

What Spark reads for Python is decoded in the JVM, made into rows, made into Arrow again, and sent
through a socket, which takes five times as long for a column of lists. The way back is as slow.
Spark still plans: every task gets a split, byte ranges of files as in Spark's own reader, and a row
group belongs to the split in which it begins.

Names of written files are random, so a task that runs twice leaves two files; the driver commits
the one that was reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from uuid import uuid4

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from pivotmine.engine.numbered_tasks import FileRange, numbers, share_out
from pivotmine.lake.digests import NO_BYTES, DigestingWriter, FileDigest
from pivotmine.lake.parquet_files import parquet_reader, parquet_writer, reading

Batches = Iterator[pa.RecordBatch]

FILE_SCHEMA = pa.schema(
    [
        ("path", pa.string()),
        ("n_rows", pa.int64()),
        ("n_bytes", pa.int64()),
        ("blake3", pa.string()),
    ]
)
"""A file that a task has written."""

BATCH_ROWS = 1024

MAX_SPLITS = 50_000
"""Most tasks that read a table; the driver sends each its split."""

ROW_GROUP_BYTES = 64_000_000
"""Arrow bytes of a row group; bounds what a writer holds."""


def plan_splits(files: Sequence[tuple[str, int]], split_bytes: int) -> list[tuple[FileRange, ...]]:
    """Cut files, given with their sizes, into splits of about `split_bytes`."""
    total = sum(size for _, size in files)
    return share_out(files, max(split_bytes, -(-total // MAX_SPLITS)))


def bind_reader(
    splits: Sequence[Sequence[FileRange]],
    columns: Sequence[str],
    make: Callable[[Batches], Batches],
) -> Callable[[Batches], Batches]:
    """A function for workers: split numbers to what `make` makes of the rows of these splits.

    `make` is called once a task. Memory: a row group, compressed, and a batch.
    """

    def read(batches: Batches) -> Batches:
        ranges = (part for number in numbers(batches) for part in splits[number])
        return make(batch for part in ranges for batch in _read(part, columns))

    return read


def read_row_range(part: FileRange) -> Iterator[pa.Table]:
    """Rows part.start to part.end - 1 of a file, row group by row group."""
    with reading(part.path), fsspec.open(part.path, "rb") as stream:
        file = parquet_reader(stream)
        first = 0
        for group in range(file.num_row_groups):
            n_rows = file.metadata.row_group(group).num_rows
            start, end = (min(max(at - first, 0), n_rows) for at in (part.start, part.end))
            first += n_rows
            if start < end:
                yield file.read_row_group(group, use_threads=False).slice(start, end - start)


def bind_writer(
    make: Callable[[Batches], Batches], schema: pa.Schema, folder: str
) -> Callable[[Batches], Batches]:
    """Write what `make` makes of a task's batches to a file in `folder`; emits `FILE_SCHEMA`.

    A task without rows writes no file. Memory: one row group, and one batch.
    """

    def write(batches: Batches) -> Batches:
        path = f"{folder}/part-{uuid4().hex}.parquet"
        n_rows, digest = _write(make(batches), schema, path)
        if n_rows:
            row = {"path": path, "n_rows": n_rows, **asdict(digest)}
            yield pa.RecordBatch.from_pylist([row], FILE_SCHEMA)

    return write


def _read(part: FileRange, columns: Sequence[str]) -> Batches:
    """Row groups that begin in the bytes of a part."""
    with reading(part.path), fsspec.open(part.path, "rb") as stream:
        file = parquet_reader(stream)
        groups = [
            group
            for group in range(file.num_row_groups)
            if part.start <= _first_byte(file.metadata.row_group(group)) < part.end
        ]
        if groups:
            yield from file.iter_batches(
                BATCH_ROWS, row_groups=groups, columns=list(columns), use_threads=False
            )


def _first_byte(group: pq.RowGroupMetaData) -> int:
    column = group.column(0)
    first = int(column.data_page_offset)
    return min(first, int(column.dictionary_page_offset)) if column.has_dictionary_page else first


def _write(batches: Batches, schema: pa.Schema, path: str) -> tuple[int, FileDigest]:
    groups = _row_groups(batches)
    first = next(groups, None)
    if first is None:
        return 0, NO_BYTES
    filesystem, local = fsspec.core.url_to_fs(path)
    filesystem.makedirs(local.rpartition("/")[0], exist_ok=True)
    n_rows = 0
    with filesystem.open(local, "wb") as stream:
        sink = DigestingWriter(stream)
        with parquet_writer(sink, schema) as writer:
            while first is not None:
                writer.write_table(first, row_group_size=first.num_rows)
                n_rows += first.num_rows
                first = next(groups, None)
        digest = sink.digest()
    return n_rows, digest


def _row_groups(batches: Batches) -> Iterator[pa.Table]:
    gathered: list[pa.RecordBatch] = []
    n_bytes = 0
    for batch in batches:
        if batch.num_rows:
            gathered.append(batch)
            n_bytes += batch.nbytes
        if n_bytes >= ROW_GROUP_BYTES:
            yield pa.Table.from_batches(gathered)
            gathered, n_bytes = [], 0
    if gathered:
        yield pa.Table.from_batches(gathered)
