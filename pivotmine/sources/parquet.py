"""Parquet: read the text column row group by row group, a few rows at a time.

Only the needed column chunks are read, through a buffer of a few megabytes (`pre_buffer=False`;
otherwise Arrow holds the whole column chunk). Page sizes are checked before Arrow allocates memory
for them (`parquet_pages.py`), and page checksums are verified if the writer left any. Text is taken
as bytes and checked by the parser of JSON Lines, because Arrow does not check that a string column
is UTF-8.

Damage costs the rest of its row group, from the first row that could not be read. Later row groups
are read. So the documents do not depend on how the file was split.

What a row group may unfold to is bounded, because time grows with it: a file of 4 MB can declare
two billion nulls, and one of 50 KB a dictionary whose values come to 20 GB.

Memory is one Arrow batch and a few copies of one page. A batch has about 4 MiB by the column's
statistics, and at most `ROWS_MAX` rows, since a dictionary-encoded column of one long repeated text
looks tiny in the statistics. A row group of 240 MB in pages of 1 MB takes 126 MB of peak memory,
most of it fixed. In pages of 60 MB, which pyarrow writes by default for texts of 60 KB, it takes
330 MB. A page is the least that can be decoded, so this is up to the writer of the file.
"""

from collections.abc import Iterator
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pivotmine import plugins
from pivotmine.errors import StoreUnavailable
from pivotmine.sources.content import HEAD_BYTES, WrongContent, compression_of, refuse_content
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
from pivotmine.storage.filesystem import open_filesystem

ROW_BYTES = 64
"""What a row counts for beside its values, where unfolded bytes are bounded."""

BATCH_TARGET_BYTES = 4 * MIB
ROWS_MAX = 128
COLUMNS_NAMED = 20
_TEXT_TYPES = (
    *(pa.string(), pa.large_string(), pa.string_view()),
    *(pa.binary(), pa.large_binary(), pa.binary_view()),
)


@plugins.source("parquet", suffixes=[".parquet"])
def read_parquet(
    split: Split, columns: ColumnMap, limits: ReadLimits, count: RecordCount
) -> Iterator[Row]:
    """Documents and rejects of the split's row groups, in file order.

    Rejects of the whole file (`empty_file`, `missing_column`, `wrong_type`) come only from the
    split with the first row group, so there is one for any number of splits. Raises what opening
    the file or reading its footer raises.
    """
    fs, path = open_filesystem(split.uri)
    with fs.open(path, "rb", block_size=BLOCK_BYTES) as file:
        refusal = None
        if file.seek(0, 2) == 0:
            refusal = Refusal(Reason.EMPTY_FILE, "the file holds no bytes")
        elif what := _other_content(file):
            refusal = Refusal(Reason.WRONG_CONTENT, what)
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
    """Whether a column of this type may hold text, plain or dictionary-encoded.

    Many writers leave out the annotation that a BYTE_ARRAY is a string, so binary columns count as
    text, and each value is checked. Extension types are what they are stored as.
    """
    value = kind
    while isinstance(value, pa.DictionaryType | pa.BaseExtensionType):
        value = value.value_type if pa.types.is_dictionary(value) else value.storage_type
    return value in _TEXT_TYPES


def as_bytes(array: pa.Array) -> list[bytes | None]:
    """The values of a column for which `is_text` is true, unchecked."""
    while isinstance(array.type, pa.BaseExtensionType):
        array = array.storage
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    values: list[bytes | None] = array.cast(pa.large_binary()).to_pylist()
    return values


def _other_content(file: BinaryIO) -> str:
    """What a file is that does not begin as Parquet, if that is known."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    if head.startswith(b"PAR1"):
        return ""
    try:
        if (compression := compression_of(head, "none")) != "none":
            return f"the file is compressed with {compression} as a whole; unpack it"
        refuse_content(head, "parquet")
    except WrongContent as error:
        return str(error)
    return ""


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
        left = _allowed_bytes(parquet, chunks, limits)
        if max(n_bytes, n_rows * ROW_BYTES) > left:
            count.n_records += 1
            detail = _inflation(group, n_rows, n_rows, chunks, limits)
            yield reject_row(split, columns, position, Reason.INFLATES_TOO_MUCH, detail)
            return
    except StoreUnavailable:
        raise
    except Exception as error:
        batch_rows, failure = 0, f"{type(error).__name__}: {error}"
    for rows_at_once in (batch_rows, 1) if batch_rows else ():
        try:
            for batch in _batches(parquet, group, wanted, rows_at_once, skip=n_read):
                texts = _as_bytes(batch, wanted[0])
                sources = _as_bytes(batch, wanted[1]) if wanted[1:] else _none(len(texts))
                n_fit, left = _rows_that_fit(texts, sources, left)
                count.n_records += n_fit
                for text, source in zip(texts[:n_fit], sources[:n_fit], strict=True):
                    fate = parse_bytes(text, source, columns, limits)
                    yield fate_row(fate, split, position + n_read, text, columns, limits)
                    n_read += 1
                if n_fit < batch.num_rows:
                    count.n_records += 1
                    detail = _inflation(group, n_rows - n_read, n_rows, chunks, limits)
                    yield reject_row(
                        split, columns, position + n_read, Reason.INFLATES_TOO_MUCH, detail
                    )
                    return
            break
        except StoreUnavailable:
            raise
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


def _none(n_rows: int) -> list[bytes | None]:
    return [None] * n_rows


def _allowed_bytes(
    parquet: pq.ParquetFile, chunks: list[pq.ColumnChunkMetaData], limits: ReadLimits
) -> int:
    """What a row group may unfold to: the inflation limit of streams.

    The row groups of a file share what every stream may inflate to, so that the limit of a file
    does not depend on how many it has, and that of a group not on how the file is split.
    """
    n_packed = sum(int(chunk.total_compressed_size) for chunk in chunks)
    free = FREE_INFLATION_BYTES // max(int(parquet.metadata.num_row_groups), 1)
    return free + limits.max_inflation * n_packed


def _rows_that_fit(
    texts: list[bytes | None], sources: list[bytes | None], left: int
) -> tuple[int, int]:
    """How many rows of a batch may still be unfolded, and how many bytes are left after them.

    Sizes in the footer are those of encoded pages: a dictionary writes a value once, and a run of
    nulls takes no bytes.
    """
    for n_rows, (text, source) in enumerate(zip(texts, sources, strict=True)):
        n_bytes = ROW_BYTES + len(text or b"") + len(source or b"")
        if n_bytes > left:
            return n_rows, left
        left -= n_bytes
    return len(texts), left


def _inflation(
    group: int,
    n_left: int,
    n_rows: int,
    chunks: list[pq.ColumnChunkMetaData],
    limits: ReadLimits,
) -> str:
    n_packed = sum(chunk.total_compressed_size for chunk in chunks)
    return (
        f"row group {group}: {n_left} of its {n_rows} rows not read: {n_packed} bytes unfold to "
        f"too much for max_inflation = {limits.max_inflation}; a row counts for {ROW_BYTES} bytes "
        "and its values"
    )


def _as_bytes(batch: pa.RecordBatch, path: str) -> list[bytes | None]:
    """A text column of a batch as byte strings. A null struct on the path is a null text."""
    if path in batch.schema.names:
        array = batch.column(path)
    else:
        first, *rest = path.split(".")
        array = pc.struct_field(batch.column(first), rest)
    return as_bytes(array)
