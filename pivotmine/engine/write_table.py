"""Arrow batches of a task to a Parquet file of a table, written where they are made.

Rows that Python makes would otherwise cross into the JVM to be written there row by row, which took
five times as long for table `counts`. File names are random, so a task that runs twice leaves two
files; the driver commits the one that was reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import uuid4

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

Batches = Iterator[pa.RecordBatch]

FILE_SCHEMA = pa.schema([("path", pa.string()), ("n_rows", pa.int64())])

ROW_GROUP_BYTES = 64_000_000
"""Arrow bytes of a row group; bounds what a writer holds."""


def bind(
    make: Callable[[Batches], Batches], schema: pa.Schema, folder: str
) -> Callable[[Batches], Batches]:
    """Write what `make` makes of a task's batches to a file in `folder`; emits its path and rows.

    A task without rows writes no file. Memory: one row group, and one batch.
    """

    def write(batches: Batches) -> Batches:
        path = f"{folder}/part-{uuid4().hex}.parquet"
        n_rows = _write(make(batches), schema, path)
        if n_rows:
            yield pa.RecordBatch.from_pylist([{"path": path, "n_rows": n_rows}], FILE_SCHEMA)

    return write


def _write(batches: Batches, schema: pa.Schema, path: str) -> int:
    groups = _row_groups(batches)
    first = next(groups, None)
    if first is None:
        return 0
    filesystem, local = fsspec.core.url_to_fs(path)
    filesystem.makedirs(local.rpartition("/")[0], exist_ok=True)
    n_rows = 0
    # The Arrow schema is left out: readers use the table's own.
    with (
        filesystem.open(local, "wb") as stream,
        pq.ParquetWriter(stream, schema, compression="zstd", store_schema=False) as writer,
    ):
        while first is not None:
            writer.write_table(first, row_group_size=first.num_rows)
            n_rows += first.num_rows
            first = next(groups, None)
    return n_rows


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
