"""WARC and WET: what a crawl captured, plain or in gzip or zstd, a document a page.

Records are cut out here, because fastwarc stops at the first damaged header and says no more than
that; each record is then given to fastwarc, which knows HTTP (chunks, content encodings), and its
HTML to resiliparse. A record is damaged where its header is none, or where its Content-Length leads
to anything but the next record; reading goes on at the next `WARC/` that begins a line. A damaged
gzip member costs the records in it, and reading goes on at the next member.

Records of type `warcinfo`, `request`, `metadata` and `revisit` hold no page, as blank lines of JSON
Lines hold no record; they are passed over and not counted. `response` (HTTP 200, HTML or plain
text), `resource` and `conversion` (WET) become documents, all else rejects with a reason.

Memory: one record of at most `max_record_bytes`, its decoded body of at most as much, the page's
tree, and one block. Longer records are walked through.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import NamedTuple
from urllib.parse import urlsplit

import fsspec
from fastwarc.warc import ArchiveIterator, WarcRecord, WarcRecordType

from pivotmine.sources.gzip_pieces import member_blocks
from pivotmine.sources.html import decode_page, html_to_text
from pivotmine.sources.jsonl import too_long, why_broken
from pivotmine.sources.parse import Document, Reason, Refusal, check_text, fate_row, parse_text
from pivotmine.sources.records import (
    WHOLE_FILE,
    ColumnMap,
    Piece,
    ReadLimits,
    Row,
    Split,
    Tally,
    reject_row,
)
from pivotmine.sources.streams import BLOCK_BYTES, Damage, inflated, open_blocks, plain_blocks

MAX_HEADER_BYTES = 64 * 1024

_BEGIN = b"WARC/"
_NO_PAGE = frozenset((b"warcinfo", b"request", b"metadata", b"revisit"))
_HTML = ("text/html", "application/xhtml+xml")
_OK = 200


class Framed(NamedTuple):
    """A record as its bytes, header included; `refusal` where it cannot be parsed."""

    position: int
    data: bytes
    refusal: Refusal | None = None


def read_warc(split: Split, columns: ColumnMap, limits: ReadLimits, tally: Tally) -> Iterator[Row]:
    """Documents and rejects of one file or piece, in its order. Raises what opening it raises."""
    if split.compression == "gzip" and split.end != WHOLE_FILE:
        yield from _read_piece(split, columns, limits, tally)
        return
    with open_blocks(split, limits, resume=_BEGIN) as blocks:
        for record in frame_records(blocks, limits, tally):
            fate = record.refusal or _parse(record.data, columns, limits)
            yield fate_row(fate, split, record.position, record.data, columns, limits)
    if tally.n_bytes == 0 and tally.n_records == 0:
        tally.n_records += 1
        yield reject_row(split, columns, 0, Reason.EMPTY_FILE, "the file holds no bytes")


def _read_piece(
    split: Split, columns: ColumnMap, limits: ReadLimits, tally: Tally
) -> Iterator[Row]:
    """The same of the members that begin in a piece; positions count from the first of them.

    They are worth nothing where `tally.piece` does not meet its neighbours (`gzip_pieces`).
    """
    piece = tally.piece = Piece()
    fs, path = fsspec.core.url_to_fs(split.uri)
    with fs.open(path, "rb", block_size=BLOCK_BYTES) as file:
        blocks = inflated(
            plain_blocks(file, split.start, split.end),
            lambda data: member_blocks(data, split.start, split.end, _BEGIN, piece),
            limits.max_inflation,
        )
        cut_off = False
        for record in frame_records(blocks, limits, tally):
            fate = record.refusal or _parse(record.data, columns, limits)
            yield fate_row(fate, split, record.position, record.data, columns, limits)
            cut_off = record.refusal is not None
    piece.sound = not cut_off and (piece.begin is None) == (piece.end is None)


def frame_records(blocks: Iterator[bytes], limits: ReadLimits, tally: Tally) -> Iterator[Framed]:
    """The records of a stream that may hold a page, and everything that is no record.

    Adds to `tally` what it frames. Whatever the blocks raise ends the stream with one refusal.
    """
    stream = _Stream(blocks)
    while True:
        framed = _next(stream, limits)
        tally.n_bytes = stream.position
        if framed is None and stream.broken is not None:
            framed = Framed(stream.position, b"", stream.broken)
            stream.go_on()
        if framed is None:
            return
        if framed.refusal is None and _type(framed.data) in _NO_PAGE:
            continue
        tally.n_records += 1
        yield framed


def _next(stream: _Stream, limits: ReadLimits) -> Framed | None:
    """The next record, taken out of the stream; None at its end or where it is broken."""
    stream.skip_newlines()
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
    # Two line ends close a record; many writers leave one, or three.
    next_ = after.lstrip(b"\r\n")
    if not after.startswith(b"\r\n\r\n") and not next_.startswith(_BEGIN[: len(next_)]):
        detail = f"after Content-Length: {n_body} comes no record"
        return _no_record(stream, limits, n_header, detail)
    stream.skip(n_record)
    if stream.tainted and not next_:
        # The last record of a member whose checksum fails: nobody knows which byte is wrong.
        refusal, _ = stream.broken, stream.skip(len(after))
        stream.go_on()
        return Framed(position, data, refusal)
    return Framed(position, data)


def _no_record(stream: _Stream, limits: ReadLimits, n_known: int, detail: str) -> Framed:
    """Everything up to the next record as one refusal; it begins after `n_known` bytes at least."""
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
    """The header that the recipe names, by default the host of the page."""
    if columns.source:
        return record.headers.get(columns.source) or ""
    if columns.source_label:
        return columns.source_label
    try:
        return urlsplit(record.headers.get("WARC-Target-URI") or "").hostname or ""
    except ValueError:
        return ""


class _Stream:
    """Bytes to look at before they are taken; stands still where bytes were lost (`broken`)."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._held = b""
        self._at = 0
        self.position = 0
        self.broken: Refusal | None = None
        self.tainted = False  # whether the bytes before the loss may be wrong
        self._ended = False

    def go_on(self) -> None:
        """Read past the place where bytes were lost; what is before it must have been taken."""
        self.broken, self.tainted = None, False
        self.position += 1  # what is lost counts a byte: no two records have one position

    def peek(self, n_bytes: int) -> bytes:
        """The next `n_bytes`, fewer before the end or a loss, left in place."""
        while len(self._held) - self._at < n_bytes and self._read():
            pass
        return self._held[self._at : self._at + n_bytes]

    def skip(self, n_bytes: int) -> int:
        """Take `n_bytes`, or fewer before the end or a loss; returns how many."""
        n_taken = 0
        while True:
            step = min(len(self._held) - self._at, n_bytes - n_taken)
            self._at += step
            n_taken += step
            if n_taken == n_bytes or not self._read():
                self.position += n_taken
                return n_taken

    def skip_newlines(self) -> None:
        while (found := self.peek(1)) and found in b"\r\n":
            self.skip(1)

    def find(self, mark: bytes, within: int) -> int:
        """Where a mark begins, counted from here; -1 where it does not within so many bytes."""
        n_bytes = 1024
        while True:
            found = self.peek(n_bytes).find(mark)
            if found >= 0 or n_bytes >= within or len(self._held) - self._at < n_bytes:
                return found
            n_bytes = min(2 * n_bytes, within)

    def skip_to(self, mark: bytes) -> int:
        """Take everything before a mark, its first byte too, or all before the end or a loss."""
        n_taken = 0
        while True:
            found = self._held.find(mark, self._at)
            if found >= 0:
                return n_taken + self.skip(found + 1 - self._at)
            n_taken += self.skip(max(len(self._held) - self._at - len(mark) + 1, 0))
            if not self._read():
                return n_taken + self.skip(len(self._held) - self._at)

    def _read(self) -> bool:
        if self._ended or self.broken:
            return False
        try:
            block = next(self._blocks, b"")
        except Exception as error:
            self.broken, self._ended = Refusal(*why_broken(error)), True
            return False
        if isinstance(block, Damage):
            self.broken = Refusal(Reason.CORRUPT_COMPRESSION, block.detail)
            self.tainted = block.tainted
            return False
        self._ended = not block
        self._held, self._at = self._held[self._at :] + block, 0
        return bool(block)
