"""WARC and WET, plain or in gzip or zstd: one document for each captured page.

Records are framed here, because the usual readers stop at the first damaged header without saying
more. The HTTP message of a record is parsed by `http_message.py`, its HTML by resiliparse. Header
lines may end in bare line feeds, as in archives of version 0.18. A record is damaged if its header
is malformed, or if its Content-Length does not lead to the next record. Reading then continues at
the next `WARC/` that begins a line. A damaged gzip member costs the records in it; reading
continues at the next member.

Records of type `warcinfo`, `request`, `metadata` and `revisit` contain no page. Like blank lines in
JSON Lines, they are skipped and not counted. `response` (HTTP 200, HTML or plain text), `resource`
and `conversion` (WET) become documents. All others become rejects with a reason.

Memory is one record of at most `max_record_bytes`, its decoded body of at most the same size, the
page's tree, and one block. Longer records are read but not held.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from pivotmine import plugins
from pivotmine.sources.framing import too_long
from pivotmine.sources.html import decode_page, html_to_text
from pivotmine.sources.http_message import (
    HEAD_END,
    Fields,
    InflatesOver,
    MalformedBody,
    content_type,
    parse_fields,
    read_body,
    sniff,
    split_head,
)
from pivotmine.sources.look_ahead import LookAhead
from pivotmine.sources.parse import (
    Document,
    Reason,
    Refusal,
    check_decoded,
    fate_row,
    parse_text,
)
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
from pivotmine.storage.filesystem import open_filesystem

MAX_HEADER_BYTES = 64 * 1024

_BEGIN = b"WARC/"
_NO_PAGE = frozenset(("warcinfo", "request", "metadata", "revisit"))
_HTML = ("text/html", "application/xhtml+xml")
_UNTYPED = ("", "*/*", "unknown/unknown", "application/unknown")  # of which MIME sniffing decides
_STATUS = re.compile(rb"HTTP/\d(?:\.\d+)?[ \t]+(\d{3})\b", re.IGNORECASE)
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
    fs, path = open_filesystem(split.uri)
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
    n_header = stream.find_end(HEAD_END, MAX_HEADER_BYTES)
    if n_header < 0:
        return _no_record(stream, limits, len(_BEGIN), "the header does not end")
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


def _type(record: bytes) -> str:
    return _fields(record)[0].get("warc-type", "").lower()


def _fields(record: bytes) -> tuple[Fields, bytes]:
    """The fields of a record's header, and what comes after it."""
    head, block = split_head(record)
    return parse_fields(head), block


def _content_length(header: bytes) -> int | None:
    value = _fields(header)[0].get("content-length", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 19 else None


def _parse(data: bytes, columns: ColumnMap, limits: ReadLimits) -> Document | Refusal:
    fields, block = _fields(data)
    source, record_type = _source(fields, columns), fields.get("warc-type", "").lower()
    if record_type == "conversion":
        return parse_text(block, columns, limits, source)
    if record_type not in ("response", "resource"):
        return Refusal(Reason.NOT_TEXT, f"a record of type {record_type!r}")
    if record_type == "response":
        status = _STATUS.match(block)
        if status is None:
            return Refusal(Reason.MALFORMED_RECORD, "a response without HTTP headers")
        if int(status[1]) != _OK:
            return Refusal(Reason.HTTP_STATUS, f"status {int(status[1])}")
        head, block = split_head(block)
        fields = parse_fields(head)
        try:
            block = read_body(fields, block, limits.max_record_bytes)
        except InflatesOver as error:
            return Refusal(Reason.INFLATES_TOO_MUCH, str(error))
        except MalformedBody as error:
            return Refusal(Reason.MALFORMED_RECORD, str(error))
    return _parse_page(block, fields.get("content-type", ""), source, columns, limits)


def _parse_page(
    page: bytes, declared: str, source: str, columns: ColumnMap, limits: ReadLimits
) -> Document | Refusal:
    kind, charset = content_type(declared)
    if kind in _UNTYPED:
        kind = sniff(page)
    if kind in _HTML:
        return check_decoded(
            html_to_text(page, charset, columns.whole_pages), source, columns, limits
        )
    if kind != "text/plain":
        return Refusal(Reason.NOT_TEXT, f"content type {kind!r}")
    return check_decoded(decode_page(page, charset), source, columns, limits)


def _source(fields: Fields, columns: ColumnMap) -> str:
    """The value of the header that the recipe names; by default the host of the page."""
    if columns.source:
        return fields.get(columns.source.lower(), "")
    if columns.source_label:
        return columns.source_label
    try:
        return urlsplit(fields.get("warc-target-uri", "").strip("<> ")).hostname or ""
    except ValueError:
        return ""
