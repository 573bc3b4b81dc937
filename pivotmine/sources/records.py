"""Values that the source readers share, and the Arrow rows that they make.

Every reader makes rows of `RECORD_SCHEMA`. There are three kinds: a `document`, a `reject` with its
reason, and one final `split` row with the number of records framed and bytes read. Documents and
rejects share one stream of rows because Spark's `mapInArrow` has one output, and a second pass over
the input would cost as much as the first.

Records are counted where they are cut out of the byte stream, before they are parsed. So
`n_records == documents + rejects` compares two independent numbers, and a parser that drops a
record is caught.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import pyarrow as pa

from pivotmine.errors import ConfigError
from pivotmine.redaction import public_uri, redact_text

MIB = 1 << 20
BLOCK_BYTES = 4 * MIB
"""Files are read in blocks of this size."""

# Arrow's `string` holds 2 GiB a batch; a batch closes after BATCH_BYTES plus at most one document.
DOCUMENT_BYTES_CEILING = 1 << 30
BATCH_ROWS = 2048
BATCH_BYTES = 8 * MIB

# Exceptions of Arrow and of object stores can quote whole HTTP bodies.
DETAIL_CHARS = 2000

WHOLE_FILE = -1  # the `end` of a split that runs to the end of its file

RECORD_SCHEMA: pa.Schema = pa.schema(
    [
        pa.field("kind", pa.string(), nullable=False),  # 'document' | 'reject' | 'split'
        pa.field("source", pa.string()),
        pa.field("uri", pa.string(), nullable=False),
        # Parquet: row number in the file. All others: byte offset of the record in the decompressed
        # stream, or in the content of a `Piece`. A file-level reject: where reading stopped, or the
        # split's start where it never began. A split row: the split's start.
        pa.field("position", pa.int64(), nullable=False),
        pa.field("text", pa.string()),  # documents only
        pa.field("reason", pa.string()),  # rejects only: a value of parse.Reason
        # Reject: values and offsets. Split row of a piece that looked for its begin: its `Piece`.
        pa.field("detail", pa.string()),
        pa.field("raw", pa.binary()),  # rejects only: the first raw_bytes bytes, as they came
        pa.field("n_records", pa.int64()),  # split row only
        # Document: UTF-8 bytes of the text. Split row: bytes read. Null on rejects. Never sum it
        # without choosing a kind.
        pa.field("n_bytes", pa.int64()),
    ]
)


class Split(NamedTuple):
    """A part of a file that one task reads. Splits sort by file, then by position in the file.

    `start` and `end` (half-open) are byte offsets of the file as it is stored, compressed or not,
    and numbers of row groups for Parquet. `end == WHOLE_FILE` (-1) is the end of the file.
    `input_index` is the position of the input in the recipe. `is_named` says that the recipe names
    the compression; otherwise it is that of the file's name, and the first bytes decide.
    """

    uri: str
    format: str
    compression: str  # 'none' | 'gzip' | 'zstd'
    start: int
    end: int
    input_index: int
    is_named: bool = False

    @property
    def name(self) -> str:
        """The URI as tables and messages have it: without user, password and signatures."""
        return public_uri(self.uri)


@dataclass(frozen=True)
class ColumnMap:
    """Where a record has its text and its source.

    `text` and `source` name a column, or are a dotted path into nested objects (`data.text`). A
    column whose name contains the dot takes precedence over the path. `source_label` is the source
    of every reject, and of a record whose `source` is absent, empty or not a string.
    """

    text: str = "text"
    source: str | None = None
    source_label: str = ""
    whole_pages: bool = False
    """Take all text of HTML pages, not only the main content."""


@dataclass(frozen=True)
class ReadLimits:
    """Limits that bound memory: 130 MiB, and up to 8 times `max_record_bytes` for a long record.

    On records of 60 MiB the factor is 4 for ASCII, 5 for Chinese, 8 with a single emoji (Python
    then takes four bytes a character), and 14 if a lone surrogate needs the second parser. For
    Parquet add 4 times the largest page. Its size is up to the writer: pyarrow puts 1,024 rows in a
    page, however long they are.

    `max_window_bytes` is the most memory that a zstd frame may require: 128 MiB is the default of
    the format, `zstd --long=31` needs 2 GiB. Reading of a stream ends if it inflates to more than
    `max_inflation` times its size plus 64 MiB.
    """

    max_document_bytes: int = 16 * MIB
    max_record_bytes: int = 32 * MIB
    raw_bytes: int = 1024
    max_window_bytes: int = 128 * MIB
    max_inflation: int = 200

    def __post_init__(self) -> None:
        for name in ("max_document_bytes", "max_record_bytes", "max_window_bytes"):
            value = getattr(self, name)
            if not 1 <= value <= 4 * DOCUMENT_BYTES_CEILING:
                raise ConfigError(f"{name} is {value}; give a number of bytes from 1 to 2**32")
        if self.max_document_bytes > DOCUMENT_BYTES_CEILING:
            raise ConfigError(
                f"max_document_bytes is {self.max_document_bytes}; Arrow string columns allow at"
                f" most {DOCUMENT_BYTES_CEILING} here"
            )
        if self.max_inflation < 1:
            raise ConfigError(f"max_inflation is {self.max_inflation}; give 1 or more")
        if self.raw_bytes < 0:
            raise ConfigError(f"raw_bytes is {self.raw_bytes}; give 0 or more")


@dataclass
class Piece:
    """What a reader found in its piece of a file (`unit_splits.py`).

    `begin` is the offset of its first unit in the file, None if no unit begins in the piece. `end`
    is the offset of the first unit after it. `content_bytes` is the decompressed size of what lies
    between. `sound` says that nothing in it was damaged.
    """

    begin: int | None = None
    end: int | None = None
    content_bytes: int | None = None
    sound: bool = False


@dataclass
class RecordCount:
    """Running totals of one split, kept by the code that frames records.

    For a plain file without damage, `n_bytes` of all splits sum to the size of the file: a line and
    its newline belong to the split in which the line begins. For compressed files it is the
    decompressed size (of the piece's own lines or records), for Parquet the uncompressed size of
    the column chunks that were read to their end.
    """

    n_records: int = 0
    n_bytes: int = 0
    piece: Piece | None = None


class Row(NamedTuple):
    """One row of `RECORD_SCHEMA`, before it is put into a batch."""

    kind: str
    source: str | None
    uri: str
    position: int
    text: str | None = None
    reason: str | None = None
    detail: str | None = None
    raw: bytes | None = None
    n_records: int | None = None
    n_bytes: int | None = None


def reject_row(
    split: Split,
    columns: ColumnMap,
    position: int,
    reason: str,
    detail: str,
    raw: bytes | None = None,
) -> Row:
    """A reject. The caller has cut `raw` to `raw_bytes`; it is None if there are no bytes to keep.

    Characters of `detail` that UTF-8 cannot express are escaped, since exceptions may quote file
    names that are not UTF-8.
    """
    safe = redact_text(detail)[:DETAIL_CHARS].encode("utf-8", "backslashreplace").decode("utf-8")
    return Row("reject", columns.source_label, split.name, position, None, reason, safe, raw)


def split_row(split: Split, columns: ColumnMap, count: RecordCount) -> Row:
    """The final row of a split."""
    return Row(
        "split",
        columns.source_label,
        split.name,
        split.start,
        detail=json.dumps(asdict(count.piece)) if count.piece else None,
        n_records=count.n_records,
        n_bytes=count.n_bytes,
    )


def to_batches(rows: Iterable[Row]) -> Iterator[pa.RecordBatch]:
    """Collect rows into batches of `RECORD_SCHEMA` with `BATCH_ROWS` rows or `BATCH_BYTES` of text.

    Holds one batch, which is at most `BATCH_BYTES` and one document.
    """
    pending: list[Row] = []
    pending_bytes = 0
    for row in rows:
        pending.append(row)
        if row.kind == "document":
            pending_bytes += row.n_bytes or 0
        if len(pending) >= BATCH_ROWS or pending_bytes >= BATCH_BYTES:
            batch = _batch(pending)
            pending, pending_bytes = [], 0
            yield batch
    if pending:
        yield _batch(pending)


def _batch(rows: list[Row]) -> pa.RecordBatch:
    columns: list[tuple[Any, ...]] = list(zip(*rows, strict=True))
    arrays = [pa.array(c, f.type) for c, f in zip(columns, RECORD_SCHEMA, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=RECORD_SCHEMA)
