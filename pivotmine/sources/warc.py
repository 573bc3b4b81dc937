"""WARC and WET, plain or in gzip or zstd: one document for each captured page.

Records are framed here, because fastwarc stops at the first damaged header without saying more.
Each record is then parsed by fastwarc, which knows HTTP (chunks, content encodings), and its HTML
by resiliparse. A record is damaged if its header is malformed, or if its Content-Length does not
lead to the next record. Reading then continues at the next `WARC/` that begins a line. A damaged
gzip member costs the records in it; reading continues at the next member.

Records of type `warcinfo`, `request`, `metadata` and `revisit` contain no page. Like blank lines in
JSON Lines, they are skipped and not counted. `response` (HTTP 200, HTML or plain text), `resource`
and `conversion` (WET) become documents. All others become rejects with a reason.

Memory is one record of at most `max_record_bytes`, its decoded body of at most the same size, the
page's tree, and one block. Longer records are read but not held.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from io import BytesIO
from typing import NamedTuple
from urllib.parse import urlsplit

import fsspec
from fastwarc.warc import ArchiveIterator, WarcRecord, WarcRecordType

from pivotmine import plugins
from pivotmine.sources.html import decode_page, html_to_text
from pivotmine.sources.jsonl import too_long
from pivotmine.sources.look_ahead import LookAhead
from pivotmine.sources.parse import Document, Reason, Refusal, check_text, fate_row, parse_text
from pivotmine.sources.records import (
    BLOCK_BYTES,
    ColumnMap,
    Piece,
    ReadLimits,
    RecordCount,
    Row,
    Split,
    reject_row,
)
from pivotmine.sources.streams import open_blocks, plain_blocks
from pivotmine.sources.unit_splits import is_piece, open_piece

MAX_HEADER_BYTES = 64 * 1024

_BEGIN = b"WARC/"
_NO_PAGE = frozenset((b"warcinfo", b"request", b"metadata", b"revisit"))
_HTML = ("text/html", "application/xhtml+xml")
_OK = 200


class Framed(NamedTuple):
    """The bytes of a record, header included. `refusal` is set if it cannot be parsed."""

    position: int
    data: bytes
    refusal: Refusal | None = None


@plugins.source("warc", suffixes=[".warc", ".wet"], by_looking=["none", "gzip", "zstd"])
def read_warc(
    split: Split, columns: ColumnMap, limits: ReadLimits, count: RecordCount
) -> Iterator[Row]:
    """Documents and rejects of one file or piece, in file order. Raises what opening it raises."""
    if is_piece(split):
        read = _read_plain_piece if split.compression == "none" else _read_piece
        for record in read(split, limits, count):
            yield _row(record, split, columns, limits)
        return
    with open_blocks(split, limits, resume=_BEGIN) as blocks:
        for record in frame_records(blocks, limits, count):
            yield _row(record, split, columns, limits)
    if count.n_bytes == 0 and count.n_records == 0:
        count.n_records += 1
        yield reject_row(split, columns, 0, Reason.EMPTY_FILE, "the file holds no bytes")


def frame_records(
    blocks: Iterator[bytes], limits: ReadLimits, count: RecordCount
) -> Iterator[Framed]:
    """The records of a stream that may contain a page, and the bytes that are not a record.

    Adds the framed records to `count`. An error of the blocks ends the stream with one refusal.
    """
    return _records(LookAhead(blocks), limits, count, math.inf)


def _read_piece(split: Split, limits: ReadLimits, count: RecordCount) -> Iterator[Framed]:
    """Records of the members or frames that begin in a piece. Positions count from the first one.

    They are discarded if `count.piece` does not meet its neighbours (`unit_splits.py`).
    """
    piece = count.piece = Piece()
    cut_off = False
    with open_piece(split, limits, piece, _BEGIN) as blocks:
        for record in frame_records(blocks, limits, count):
            cut_off = record.refusal is not None
            yield record
    piece.sound = not cut_off and (piece.begin is None) == (piece.end is None)


def _read_plain_piece(split: Split, limits: ReadLimits, count: RecordCount) -> Iterator[Framed]:
    """The records that begin in a piece of a plain file; as `_read_piece`."""
    piece = count.piece = Piece()
    fs, path = fsspec.core.url_to_fs(split.uri)
    with fs.open(path, "rb", block_size=BLOCK_BYTES) as file:
        before = max(split.start - 1, 0)
        stream = LookAhead(plain_blocks(file, before, split.end))
        if split.start:
            stream.skip_to(b"\n" + _BEGIN, split.end - before)
        begin = before + stream.position
        if begin < split.end:
            piece.begin, stream.position = begin, 0
            yield from _records(stream, limits, count, split.end - begin)
            piece.end, piece.content_bytes = begin + count.n_bytes, count.n_bytes
    piece.sound = not stream.ended_early


def _records(
    stream: LookAhead, limits: ReadLimits, count: RecordCount, end: float
) -> Iterator[Framed]:
    """`frame_records` that begin before byte `end` of the stream."""
    while True:
        stream.skip_newlines()
        framed = _next(stream, limits) if stream.position < end else None
        count.n_bytes = stream.position
        if framed is None and stream.broken is not None:
            framed = Framed(stream.position, b"", stream.broken)
            stream.go_on()
        if framed is None:
            return
        if framed.refusal is None and _type(framed.data) in _NO_PAGE:
            continue
        count.n_records += 1
        yield framed


def _row(record: Framed, split: Split, columns: ColumnMap, limits: ReadLimits) -> Row:
    fate = record.refusal or _parse(record.data, columns, limits)
    return fate_row(fate, split, record.position, record.data, columns, limits)


def _next(stream: LookAhead, limits: ReadLimits) -> Framed | None:
    """Take the record that begins here; None at the end of the stream or where it is broken."""
    position = stream.position
    head = stream.peek(len(_BEGIN))
    if not head:
        return None
    if head != _BEGIN:
        return _no_record(stream, limits, 0, "the bytes do not begin a record")
    end = stream.find(b"\r\n\r\n", MAX_HEADER_BYTES)
    if end < 0:
        return _no_record(stream, limits, len(_BEGIN), "the header does not end")
    n_header = end + 4
    header = stream.peek(n_header)
    if b"\n" + _BEGIN in header:
        return _no_record(stream, limits, len(_BEGIN), "another record begins in the header")
    n_body = _content_length(header)
    if n_body is None:
        return _no_record(stream, limits, n_header, "the header has no Content-Length")
    n_record = n_header + n_body
    if n_record > limits.max_record_bytes:
        data = stream.peek(min(n_record, limits.raw_bytes))
        n_skipped = stream.skip(n_record)
        detail = too_long(n_record, limits)
        if n_skipped < n_record:
            detail += f"; the stream ends after {n_skipped}"
        return Framed(position, data, Refusal(Reason.RECORD_TOO_LONG, detail))
    data = stream.peek(n_record)
    if len(data) < n_record:
        return _no_record(stream, limits, n_header, f"only {len(data)} of {n_record} bytes")
    after = stream.peek(n_record + len(_BEGIN) + 8)[n_record:]
    # Two line ends close a record, but many writers leave one or three.
    next_ = after.lstrip(b"\r\n")
    if not after.startswith(b"\r\n\r\n") and not next_.startswith(_BEGIN[: len(next_)]):
        detail = f"after Content-Length: {n_body} comes no record"
        return _no_record(stream, limits, n_header, detail)
    stream.skip(n_record)
    if stream.tainted and not next_:
        # The last record of a member whose checksum fails. Any byte of it may be wrong.
        refusal, _ = stream.broken, stream.skip(len(after))
        stream.go_on()
        return Framed(position, data, refusal)
    return Framed(position, data)


def _no_record(stream: LookAhead, limits: ReadLimits, n_known: int, detail: str) -> Framed:
    """All bytes up to the next record as one refusal; at least `n_known` bytes belong to it."""
    position = stream.position
    data = stream.peek(limits.raw_bytes)
    stream.skip(n_known)
    n_skipped = n_known + stream.skip_to(b"\n" + _BEGIN)
    refusal = Refusal(Reason.MALFORMED_RECORD, f"{detail}; {n_skipped} bytes left out")
    if stream.broken is not None:
        refusal = stream.broken
        stream.go_on()
    return Framed(position, data[:n_skipped], refusal)


def _type(record: bytes) -> bytes:
    return _field(record[:MAX_HEADER_BYTES].partition(b"\r\n\r\n")[0], b"warc-type").lower()


def _content_length(header: bytes) -> int | None:
    value = _field(header, b"content-length")
    return int(value) if value.isdigit() and len(value) < 19 else None


def _field(header: bytes, name: bytes) -> bytes:
    for line in header.split(b"\r\n"):
        key, colon, value = line.partition(b":")
        if colon and key.strip().lower() == name:
            return value.strip()
    return b""


def _parse(data: bytes, columns: ColumnMap, limits: ReadLimits) -> Document | Refusal:
    try:
        records = ArchiveIterator(
            BytesIO(data), parse_http=True, auto_decode="all", stream_detect=False
        )
        for record in records:
            return _parse_record(record, columns, limits)
    except (OSError, ValueError) as error:
        return Refusal(Reason.MALFORMED_RECORD, f"{type(error).__name__}: {error}")
    return Refusal(Reason.MALFORMED_RECORD, "fastwarc finds no record in it")


def _parse_record(record: WarcRecord, columns: ColumnMap, limits: ReadLimits) -> Document | Refusal:
    source = _source(record, columns)
    if record.record_type == WarcRecordType.conversion:
        return parse_text(record.reader.read(), columns, limits, source)
    if record.record_type not in (WarcRecordType.response, WarcRecordType.resource):
        return Refusal(Reason.NOT_TEXT, f"a record of type {record.headers.get('WARC-Type')!r}")
    kind, charset = record.http_content_type, record.http_charset
    if record.record_type == WarcRecordType.resource:
        kind = (record.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
    elif record.http_headers is None or record.http_headers.status_code is None:
        return Refusal(Reason.MALFORMED_RECORD, "a response without HTTP headers")
    elif record.http_headers.status_code != _OK:
        return Refusal(Reason.HTTP_STATUS, f"status {record.http_headers.status_code}")
    if kind not in (*_HTML, "text/plain"):
        return Refusal(Reason.NOT_TEXT, f"content type {kind or 'not given'!r}")
    page = record.reader.read(limits.max_record_bytes + 1)
    if len(page) > limits.max_record_bytes:
        detail = f"its body decodes to more than max_record_bytes = {limits.max_record_bytes}"
        return Refusal(Reason.INFLATES_TOO_MUCH, detail)
    if kind in _HTML:
        text = html_to_text(page, charset, columns.whole_pages)
    else:
        text = decode_page(page, charset)
    return check_text(text, source, columns, limits)


def _source(record: WarcRecord, columns: ColumnMap) -> str:
    """The value of the header that the recipe names; by default the host of the page."""
    if columns.source:
        return record.headers.get(columns.source) or ""
    if columns.source_label:
        return columns.source_label
    try:
        return urlsplit(record.headers.get("WARC-Target-URI") or "").hostname or ""
    except ValueError:
        return ""
