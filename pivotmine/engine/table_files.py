"""A table's Parquet files to Arrow batches and back, by the Python workers that need or make them.

Spark's JVM opens no file of a lake, so it needs no connector for the store, and no credentials.
What it reads for Python is also decoded in the JVM, made into rows, made into Arrow again, and sent
through a socket, which takes five times as long for a column of lists. The way back is as slow.
Spark still plans: every task gets a split, byte ranges of files as in Spark's own reader, and a row
group belongs to the split in which it begins.

Names of written files are random, so a task that runs twice leaves two files; the driver commits
the one that was reported.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pivotmine.engine.numbered_tasks import FileRange, numbers, share_out
from pivotmine.lake.digests import write_parquet_file
from pivotmine.lake.parquet_files import parquet_reader, reading
from pivotmine.lake.schema import conform
from pivotmine.storage.filesystem import open_file

Batches = Iterator[pa.RecordBatch]

FILE_SCHEMA = pa.schema(
    [
        ("path", pa.string()),
        ("n_rows", pa.int64()),
        ("n_bytes", pa.int64()),
        ("blake3", pa.string()),
        ("footer", pa.binary()),
    ]
)
"""A file that a task has written; its footer as a Parquet file without rows."""

BATCH_ROWS = 1024
BATCH_BYTES = 4_000_000
MAX_BATCH_ROWS = 16 * BATCH_ROWS
"""A batch has so many rows that it holds `BATCH_BYTES`, within these bounds."""

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
    sizes: Mapping[str, int],
) -> Callable[[Batches], Batches]:
    """A function for workers: split numbers to what `make` makes of the rows of these splits.

    `make` is called once a task. Memory: a row group, compressed, and a batch.

    Parameters
    ----------
    sizes
        Bytes of the files, which spares a request a file.
    """

    def read(batches: Batches) -> Batches:
        ranges = (part for number in numbers(batches) for part in splits[number])
        return make(batch for part in ranges for batch in _read(part, columns, sizes[part.path]))

    return read


def bind_rows_reader(
    splits: Sequence[Sequence[FileRange]],
    schema: pa.Schema,
    sizes: Mapping[str, int],
    file_column: tuple[str, str] | None = None,
) -> Callable[[Batches], Batches]:
    """A function for workers: split numbers to the rows of these splits, for Spark.

    Parameters
    ----------
    schema
        Columns and types of the rows. A column that a file does not have is null.
    file_column
        Name of a further column, and what its values leave out: it holds the path of the file of a
        row after the last occurrence of this text.
    """
    columns = pa.schema(
        [field for field in schema if file_column is None or field.name != file_column[0]]
    )

    def read(batches: Batches) -> Batches:
        for part in (part for number in numbers(batches) for part in splits[number]):
            for batch in _read(part, columns.names, sizes[part.path]):
                (rows,) = conform(pa.Table.from_batches([batch]), columns).to_batches()
                if file_column is not None:
                    name = part.path.rpartition(file_column[1])[2]
                    names = pa.repeat(pa.scalar(name, pa.string()), rows.num_rows)
                    rows = pa.RecordBatch.from_arrays([*rows.columns, names], schema=schema)
                yield rows

    return read


def read_row_range(part: FileRange) -> Iterator[pa.Table]:
    """Rows part.start to part.end - 1 of a file, row group by row group."""
    with reading(part.path), open_file(part.path) as stream:
        file = parquet_reader(stream)
        first = 0
        for group in range(file.num_row_groups):
            n_rows = file.metadata.row_group(group).num_rows
            start, end = (min(max(at - first, 0), n_rows) for at in (part.start, part.end))
            first += n_rows
            if start < end:
                yield file.read_row_group(group, use_threads=False).slice(start, end - start)


def read_whole_files(files: Sequence[tuple[str, int]], schema: pa.Schema) -> pa.Table:
    """All rows of files, given with their numbers of rows, in the memory of the caller."""
    read = [table for path, n_rows in files for table in read_row_range(FileRange(path, 0, n_rows))]
    return pa.concat_tables([schema.empty_table(), *read]).combine_chunks()


def sum_of_column(path: str, column: str) -> int:
    """Sum of a column of a file."""
    with reading(path), open_file(path) as stream:
        values = parquet_reader(stream).read([column])[column]
    return int(pc.sum(values).as_py() or 0)


def bind_writer(
    make: Callable[[Batches], Batches], schema: pa.Schema, folder: str
) -> Callable[[Batches], Batches]:
    """Write what `make` makes of a task's batches to a file in `folder`; emits `FILE_SCHEMA`.

    Rows are cast to the schema: Spark names the parts of its lists and maps in another way than a
    table does. A task without rows writes no file. Memory: one row group, and one batch.
    """

    def write(batches: Batches) -> Batches:
        path = f"{folder}/part-{uuid4().hex}.parquet"
        groups = _row_groups(make(batches))
        first = next(groups, None)
        if first is not None:
            written = write_parquet_file(itertools.chain([first], groups), schema, path)
            row = {"path": path, "n_rows": written.n_rows, **asdict(written.digest)}
            yield pa.RecordBatch.from_pylist([{**row, "footer": written.footer}], FILE_SCHEMA)

    return write


def _read(part: FileRange, columns: Sequence[str], size: int) -> Batches:
    """Row groups that begin in the bytes of a part."""
    with reading(part.path), open_file(part.path, size=size) as stream:
        file = parquet_reader(stream)
        groups = [
            group
            for group in range(file.num_row_groups)
            if part.start <= _first_byte(file.metadata.row_group(group)) < part.end
        ]
        if groups:
            rows = _batch_rows(file.metadata.row_group(groups[0]))
            yield from file.iter_batches(
                rows, row_groups=groups, columns=list(columns), use_threads=False
            )


def _batch_rows(group: pq.RowGroupMetaData) -> int:
    fitting = int(BATCH_BYTES * group.num_rows // max(group.total_byte_size, 1))
    return min(max(fitting, BATCH_ROWS // 8), MAX_BATCH_ROWS)


def _first_byte(group: pq.RowGroupMetaData) -> int:
    column = group.column(0)
    first = int(column.data_page_offset)
    return min(first, int(column.dictionary_page_offset)) if column.has_dictionary_page else first


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
