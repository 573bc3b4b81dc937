"""Pieces of a gzip file on the boundaries of its members, as archives are written: one a record.

A piece holds the members that begin in its bytes of the compressed file. Where the first of them
begins is found by looking: gzip's magic number, and content that begins as it should. Compressed
data can look like that too (an archive that was captured into an archive), so a piece also says
where its last member ended, and `check_pieces` lets only those files pass whose pieces meet. All
others, and all that are damaged in any way, are to be read whole: what comes out does not depend
on how a file was cut.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

import fsspec

from pivotmine.sources.records import Piece
from pivotmine.sources.streams import (
    BLOCK_BYTES,
    GZIP_MAGIC,
    GZIP_WRAPPER,
    CorruptCompression,
    seek_member,
)

PEEK_BYTES = 1 << 20
"""Where the first member does not end within so many bytes, the file is not cut."""


def member_blocks(
    blocks: Iterable[bytes], start: int, end: int, begins: bytes, piece: Piece
) -> Iterator[bytes]:
    """Content of the members that begin in [start, end), and then `piece` is filled in.

    Raises `CorruptCompression` for any damage. Memory: one block in, one out.

    Parameters
    ----------
    blocks
        The file from byte `start` on.
    begins
        What the content of the first member begins with.
    """
    source = iter(blocks)
    data, at = next(source, b""), start
    if start:
        found = seek_member(data, source, begins, end - start)
        if found is None:
            return
        data, at = found[0], start + found[1]
    piece.begin, n_read = at, at + len(data)
    while data and at < end:
        decoder = zlib.decompressobj(wbits=GZIP_WRAPPER)
        while not decoder.eof:
            try:
                out = decoder.decompress(data, BLOCK_BYTES)
            except zlib.error as error:
                raise CorruptCompression(f"{error} (in the member at {at})") from error
            if out:
                yield out
            data = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
            if not (decoder.eof or data or len(out) == BLOCK_BYTES):
                data = next(source, b"")
                n_read += len(data)
                if not data:
                    raise CorruptCompression(f"the member at {at} does not end")
        for block in chain((b"",), source):  # zero padding after a member is legal
            n_read += len(block)
            data = (data + block).lstrip(b"\0")
            if data:
                break
        at = n_read - len(data)
    piece.end = at


def is_cut_into_members(uri: str) -> bool:
    """Whether the first member ends soon, and another one follows."""
    try:
        fs, path = fsspec.core.url_to_fs(uri)
        with fs.open(path, "rb", block_size=PEEK_BYTES) as file:
            decoder = zlib.decompressobj(wbits=GZIP_WRAPPER)
            decoder.decompress(file.read(PEEK_BYTES))
        return decoder.unused_data.startswith(GZIP_MAGIC)
    except Exception:
        # A file that cannot be read must not stop the others: its reader will say why.
        return False


class PieceRead(NamedTuple):
    """A piece as it was planned, and what became of it."""

    uri: str
    start: int
    end: int
    n_bytes: int
    """Bytes of content that were read."""
    piece: Piece


def check_pieces(pieces: Iterable[PieceRead]) -> tuple[dict[tuple[str, int], int], set[str]]:
    """Content before each piece, in bytes by file and start; and files whose pieces do not meet."""
    before: dict[tuple[str, int], int] = {}
    torn: set[str] = set()
    uri, expected, n_bytes = "", 0, 0
    for read in sorted(pieces, key=lambda read: (read.uri, read.start)):
        if read.uri != uri:
            uri, expected, n_bytes = read.uri, 0, 0
        before[uri, read.start] = n_bytes
        n_bytes += read.n_bytes
        due = expected if expected < read.end else None
        if not read.piece.sound or read.piece.begin != due:
            torn.add(uri)
        if read.piece.end is not None:
            expected = read.piece.end
    return {key: n for key, n in before.items() if key[0] not in torn}, torn
