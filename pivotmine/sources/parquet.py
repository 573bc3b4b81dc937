"""Parquet: read the text column row group by row group, a few rows at a time.

Only the needed column chunks are read, through a buffer of a few megabytes (`pre_buffer=False`;
otherwise Arrow holds the whole column chunk). Page sizes are checked before Arrow allocates memory
for them (`parquet_pages.py`), and page checksums are verified if the writer left any. Text is taken
as bytes and checked by the parser of JSON Lines, because Arrow does not check that a string column
is UTF-8.

Damage costs the rest of its row group, from the first row that could not be read. Later row groups
are read. So the documents do not depend on how the file was split.

Memory is one Arrow batch and a few copies of one page. A batch has about 4 MiB by the column's
statistics, and at most `ROWS_MAX` rows, since a dictionary-encoded column of one long repeated text
looks tiny in the statistics. A row group of 240 MB in pages of 1 MB takes 126 MB of peak memory,
most of it fixed. In pages of 60 MB, which pyarrow writes by default for texts of 60 KB, it takes
330 MB. A page is the least that can be decoded, so this is up to the writer of the file.
"""

from collections.abc import Iterator
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pivotmine import plugins
from pivotmine.sources.parquet_pages import PageGuard
from pivotmine.sources.parse import Reason, Refusal, fate_row, parse_bytes
from pivotmine.sources.records import (
    BLOCK_BYTES,
    MIB,
    WHOLE_FILE,
    ColumnMap,
    ReadLimits,
    RecordCount,
    Row,
    Split,
    reject_row,
)
from pivotmine.sources.streams import FREE_INFLATION_BYTES

BATCH_TARGET_BYTES = 4 * MIB
ROWS_MAX = 128
COLUMNS_NAMED = 20


@plugins.source("parquet", suffixes=[".parquet"])
def read_parquet(
    split: Split, columns: ColumnMap, limits: ReadLimits, count: RecordCount
) -> Iterator[Row]:
    """Documents and rejects of the split's row groups, in file order.

    Rejects of the whole file (`empty_file`, `missing_column`, `wrong_type`) come only from the
    split with the first row group, so there is one for any number of splits. Raises what opening
    the file or reading its footer raises.
    """
    fs, path = fsspec.core.url_to_fs(split.uri)
    with fs.open(path, "rb", block_size=BLOCK_BYTES) as file:
        refusal = None
        if file.seek(0, 2) == 0:
            refusal = Refusal(Reason.EMPTY_FILE, "the file holds no bytes")
        else:
            guard = PageGuard(file)
            guard.seek(0)
            parquet = pq.ParquetFile(
                guard, pre_buffer=False, buffer_size=BLOCK_BYTES, page_checksum_verification=True
            )
            refusal = _refuse_file(parquet, columns)
        if refusal:
            if split.start == 0:
                count.n_records += 1
                yield reject_row(split, columns, 0, *refusal)
            return
        metadata = parquet.metadata
        end = metadata.num_row_groups if split.end == WHOLE_FILE else split.end
        if end > metadata.num_row_groups:
            raise ValueError(
                f"row groups up to {end} were planned, the file has {metadata.num_row_groups} now"
            )
        position = sum(metadata.row_group(g).num_rows for g in range(split.start))
        for group in range(split.start, end):
            yield from _read_row_group(
                guard, parquet, group, position, split, columns, limits, count
            )
            position += metadata.row_group(group).num_rows


def column_type(schema: pa.Schema, path: str) -> pa.DataType | str:
    """The type at a column name or dotted struct path, or a message if there is no such column."""
    indices = schema.get_all_field_indices(path)
    if len(indices) > 1:
        return f"{len(indices)} columns are named {path!r}"
    if indices:
        return schema.field(indices[0]).type
    found: Any = pa.struct(list(schema))
    for name in path.split("."):
        if not pa.types.is_struct(found) or len(found.get_all_field_indices(name)) != 1:
            return f"no column {path!r}"
        found = found.field(name).type
    return found


def is_text(kind: pa.DataType) -> bool:
    """Whether a column of this type holds strings, plain or dictionary-encoded."""
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(
        pa.types.is_string(value)
        or pa.types.is_large_string(value)
        or pa.types.is_string_view(value)
    )


def _refuse_file(parquet: pq.ParquetFile, columns: ColumnMap) -> Refusal | None:
    n_rows = parquet.metadata.num_rows
    if n_rows == 0:
        return Refusal(Reason.EMPTY_FILE, "the file has no rows")
    kind = column_type(parquet.schema_arrow, columns.text)
    if isinstance(kind, str):
        names = [f"{f.name} ({f.type})" for f in parquet.schema_arrow]
        more = f" and {len(names) - COLUMNS_NAMED} more" if len(names) > COLUMNS_NAMED else ""
        return Refusal(
            Reason.MISSING_COLUMN,
            f"{kind}; {n_rows} rows not read; columns: {', '.join(names[:COLUMNS_NAMED])}{more}",
        )
    if not is_text(kind):
        return Refusal(
            Reason.WRONG_TYPE,
            f"column {columns.text!r} is {kind}, not a string; {n_rows} rows not read",
        )
    return None


def _read_row_group(
    guard: PageGuard,
    parquet: pq.ParquetFile,
    group: int,
    position: int,
    split: Split,
    columns: ColumnMap,
    limits: ReadLimits,
    count: RecordCount,
) -> Iterator[Row]:
    """Rows of one row group, then one reject for the rows that could not be read, if any.

    A batch that meets damage is lost as a whole. The group is then read again one row at a time,
    from the first row that has not come out, up to the damaged row. `count.n_records` grows by the
    length of each Arrow batch before its values are parsed.
    """
    n_rows = parquet.metadata.row_group(group).num_rows
    n_read = n_bytes = 0
    failure = "it ended early"
    try:
        wanted = [columns.text]
        if columns.source and _has_source(parquet.schema_arrow, columns.source):
            wanted.append(columns.source)
        chunks = _chunks(parquet, group, wanted)
        guard.watch(chunks)
        n_bytes, batch_rows = _plan_row_group(chunks, n_rows)
        if bomb := _refuse_inflation(chunks, group, n_rows, limits):
            count.n_records += 1
            yield reject_row(split, columns, position, *bomb)
            return
    except Exception as error:
        batch_rows, failure = 0, f"{type(error).__name__}: {error}"
    for rows_at_once in (batch_rows, 1) if batch_rows else ():
        try:
            for batch in _batches(parquet, group, wanted, rows_at_once, skip=n_read):
                texts = _as_bytes(batch, wanted[0])
                sources = _as_bytes(batch, wanted[1]) if wanted[1:] else [None] * len(texts)
                count.n_records += batch.num_rows
                for text, source in zip(texts, sources, strict=True):
                    fate = parse_bytes(text, source, columns, limits)
                    yield fate_row(fate, split, position + n_read, text, columns, limits)
                    n_read += 1
            break
        except Exception as error:
            failure = f"{type(error).__name__}: {error}"
    if n_read >= n_rows:
        count.n_bytes += n_bytes
        return
    count.n_records += 1
    yield reject_row(
        split,
        columns,
        position + n_read,
        Reason.UNREADABLE_FILE,
        f"row group {group}: {n_rows - n_read} of its {n_rows} rows not read: "
        f"{guard.fault or failure}",
    )


def _batches(
    parquet: pq.ParquetFile, group: int, wanted: list[str], batch_rows: int, skip: int
) -> Iterator[pa.RecordBatch]:
    for batch in parquet.iter_batches(batch_rows, [group], columns=wanted, use_threads=False):
        if skip < batch.num_rows:
            yield batch.slice(skip)
        skip = max(skip - batch.num_rows, 0)


def _has_source(schema: pa.Schema, path: str) -> bool:
    kind = column_type(schema, path)
    return not isinstance(kind, str) and is_text(kind)


def _chunks(parquet: pq.ParquetFile, group: int, wanted: list[str]) -> list[pq.ColumnChunkMetaData]:
    metadata = parquet.metadata.row_group(group)
    chunks = (metadata.column(i) for i in range(metadata.num_columns))
    return [chunk for chunk in chunks if chunk.path_in_schema in wanted]


def _plan_row_group(chunks: list[pq.ColumnChunkMetaData], n_rows: int) -> tuple[int, int]:
    """Uncompressed bytes of the wanted columns, and the number of rows to decode at once."""
    n_bytes = sum(chunk.total_uncompressed_size for chunk in chunks)
    row_bytes = max(n_bytes // max(n_rows, 1), 1)
    return n_bytes, min(max(BATCH_TARGET_BYTES // row_bytes, 1), ROWS_MAX)


def _refuse_inflation(
    chunks: list[pq.ColumnChunkMetaData], group: int, n_rows: int, limits: ReadLimits
) -> Refusal | None:
    """The inflation limit of streams, applied to the sizes that the footer gives."""
    n_packed = sum(chunk.total_compressed_size for chunk in chunks)
    n_bytes = sum(chunk.total_uncompressed_size for chunk in chunks)
    if n_bytes <= FREE_INFLATION_BYTES + limits.max_inflation * n_packed:
        return None
    return Refusal(
        Reason.INFLATES_TOO_MUCH,
        f"row group {group}: {n_rows} rows not read: {n_packed} bytes inflate to "
        f"{n_bytes}, over max_inflation = {limits.max_inflation}",
    )


def _as_bytes(batch: pa.RecordBatch, path: str) -> list[bytes | None]:
    """A text column of a batch as byte strings. A null struct on the path is a null text."""
    if path in batch.schema.names:
        array = batch.column(path)
    else:
        first, *rest = path.split(".")
        array = pc.struct_field(batch.column(first), rest)
    values: list[bytes | None] = array.cast(pa.large_binary()).to_pylist()
    return values
