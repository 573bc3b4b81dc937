"""Check the page headers of Parquet before Arrow allocates the memory that they ask for.

A page header gives the inflated size of the page, and Arrow allocates that much. One flipped bit
there made a file of 22 KB take 2 GB (`python -m bench.fuzz`), which kills a worker in a container
of the usual size, and the run with it. Neither page checksums nor the limits of pyarrow cover the
header. So the bytes are checked on their way to Arrow. For Arrow, a column chunk ends before its
first bad header. Nothing is read twice, and the pages before the bad one still come out.

The header is a struct in Thrift's compact protocol (Apache Thrift, thrift-compact-protocol.md).
Fields 2 and 3 are used (Apache Parquet, parquet.thrift: `PageHeader`); the others are skipped.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import BinaryIO, NamedTuple

import pyarrow.parquet as pq

from pivotmine.sources.streams import FREE_INFLATION_BYTES

MAX_HEADER_BYTES = 16 << 20
"""Longest header, bytes; Arrow has the same limit."""

MAX_FIELDS = 100
"""Most fields of a header, with those of nested structs; the format defines some thirty."""

_STOP, _TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY = range(9)
_STRUCT = 12
_INFLATED, _PACKED = 2, 3


class BadPage(ValueError):
    """A page header that is malformed, or gives a size larger than its column allows."""


class Header(NamedTuple):
    """Length of a page header, and the sizes of its page, in bytes."""

    n_header_bytes: int
    n_packed_bytes: int
    n_inflated_bytes: int


class _Cursor:
    """Reads a header. Raises `IndexError` if the data ends inside it."""

    def __init__(self, data: memoryview, at: int) -> None:
        self.data = data
        self.at = at
        self.n_fields = 0

    def byte(self) -> int:
        value = self.data[self.at]
        self.at += 1
        return value

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
            if shift > 63:
                raise BadPage("a number in a page header has more than 64 bits")

    def pass_by(self, n_bytes: int) -> None:
        if n_bytes > MAX_HEADER_BYTES:
            raise BadPage(f"a page header holds a value of {n_bytes} bytes")
        self.at += n_bytes
        if self.at > len(self.data):
            raise IndexError

    def fields(self) -> dict[int, int]:
        """The integer fields of a struct by number; all others are skipped."""
        found: dict[int, int] = {}
        number = 0
        while (head := self.byte()) != _STOP:
            self.n_fields += 1
            if self.n_fields > MAX_FIELDS:
                raise BadPage(f"a page header has more than {MAX_FIELDS} fields")
            kind = head & 15
            number = number + (head >> 4) if head >> 4 else _signed(self.varint())
            if kind in (_I16, _I32, _I64):
                found[number] = _signed(self.varint())
            elif kind == _BINARY:
                self.pass_by(self.varint())
            elif kind == _STRUCT:
                self.fields()
            elif kind in (_BYTE, _DOUBLE):
                self.pass_by(1 if kind == _BYTE else 8)
            elif kind not in (_TRUE, _FALSE):
                raise BadPage(f"a page header has a field of type {kind}")
        return found


def read_header(data: memoryview, at: int) -> Header | None:
    """The page header at offset `at` of `data`; None if the data ends inside it.

    Raises
    ------
    BadPage
        The bytes are not a page header.
    """
    cursor = _Cursor(data, at)
    try:
        sizes = cursor.fields()
    except IndexError:
        if len(data) - at > MAX_HEADER_BYTES:
            raise BadPage(f"a page header does not end in {MAX_HEADER_BYTES} bytes") from None
        return None
    if min(sizes.get(_INFLATED, -1), sizes.get(_PACKED, -1)) < 0:
        raise BadPage("a page header does not say how large its page is")
    return Header(cursor.at - at, sizes[_PACKED], sizes[_INFLATED])


class _Chunk:
    """Checks the headers of one column chunk while its bytes are read in order."""

    def __init__(self, start: int, n_packed_bytes: int, n_inflated_bytes: int) -> None:
        self.start = start
        self.end = start + n_packed_bytes
        self.max_page_bytes = max(n_inflated_bytes, FREE_INFLATION_BYTES)
        self.fault = ""
        self._header = start
        self._seen = -1
        self._held = b""

    def allow(self, at: int, data: bytes) -> int:
        """How many of these bytes, which lie at offset `at` of the file, may be passed on."""
        if at == self.start:
            self._header, self._seen, self._held, self.fault = at, at, b"", ""
        if at != self._seen or not data:
            return len(data)
        window, begin = memoryview(self._held + data), at - len(self._held)
        while not self.fault and self._header < min(self.end, at + len(data)):
            try:
                header = read_header(window, self._header - begin)
                if header is None:
                    break
                self._check(header)
                self._header += header.n_header_bytes + header.n_packed_bytes
            except BadPage as bad:
                self.fault = str(bad)
        n_allowed = max(self._header - at, 0) if self.fault else len(data)
        self._seen = at + n_allowed
        self._held = bytes(window[max(self._header - begin, 0) :])
        return n_allowed

    def _check(self, header: Header) -> None:
        if header.n_inflated_bytes > self.max_page_bytes:
            raise BadPage(
                f"a page says that it inflates to {header.n_inflated_bytes} bytes, over the "
                f"{self.max_page_bytes} that its column may have"
            )
        left = self.end - self._header - header.n_header_bytes
        if header.n_packed_bytes > left:
            raise BadPage(
                f"a page says that it has {header.n_packed_bytes} bytes; its column ends in {left}"
            )


class PageGuard(io.RawIOBase):
    """A file for pyarrow in which a watched column chunk ends before its first bad page.

    Parameters
    ----------
    file
        A seekable file. It is not closed with the guard.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._chunks: list[_Chunk] = []

    def watch(self, chunks: Iterable[pq.ColumnChunkMetaData]) -> None:
        """Check the pages of these column chunks from now on, and of no others."""
        self._chunks = [
            _Chunk(
                min(chunk.data_page_offset, chunk.dictionary_page_offset or chunk.data_page_offset),
                chunk.total_compressed_size,
                chunk.total_uncompressed_size,
            )
            for chunk in chunks
        ]

    @property
    def fault(self) -> str:
        """What is wrong with the first bad page of a watched column; empty if there is none."""
        return next((chunk.fault for chunk in self._chunks if chunk.fault), "")

    def read(self, size: int = -1, /) -> bytes:
        """Bytes from the current position; fewer than asked for, or none, before a bad page."""
        at = self._file.tell()
        data = self._file.read(size)
        n_allowed = min((chunk.allow(at, data) for chunk in self._chunks), default=len(data))
        if n_allowed < len(data):
            self._file.seek(at + n_allowed)
        return data[:n_allowed]

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True


def _signed(zigzag: int) -> int:
    return zigzag >> 1 ^ -(zigzag & 1)
