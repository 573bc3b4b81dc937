"""Split a file at units that have to be searched for: gzip members, zstd frames, WARC records.

A plain file of lines and a Parquet file can be split without reading them (`listing.py`,
`jsonl.py`). Other files are cut at a *unit*: a member of gzip, a frame of zstd, or a record of a
plain archive. A split of this kind is called a piece. It holds the units that begin in its bytes
of the file.

Bytes that look like a unit may not be one, as in an archive that was captured into an archive. So a
piece also reports where its last unit ended, and `check_pieces` accepts only files whose pieces
meet. All other files, and all damaged ones, are read again as a whole. So the records do not depend
on how a file was cut.

A piece may inflate to `max_inflation` times the bytes that it has decoded, without the 64 MiB that
a whole file may inflate to in any case (`streams.inflated`). If a piece exceeds this, the file is
read as a whole and judged as a whole. So all pieces together stay within the limit of one file, and
a file whose pieces stay within their limits is within its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import NamedTuple

from pivotmine import plugins
from pivotmine.sources.content import HEAD_BYTES, compression_of, refuse_content
from pivotmine.sources.decoding import CorruptCompression, InflatesTooMuch, Step
from pivotmine.sources.gzip_members import members, seek_member
from pivotmine.sources.records import BLOCK_BYTES, WHOLE_FILE, Piece, ReadLimits, Split
from pivotmine.sources.streams import TAIL_BYTES, plain_blocks
from pivotmine.sources.zstd_frames import Bytes, frames, seek_frame
from pivotmine.storage.filesystem import open_filesystem

PEEK_BYTES = BLOCK_BYTES
"""A file is not split if its first unit does not end within so many bytes."""


def is_piece(split: Split) -> bool:
    """Whether a split has to be read by `open_piece`."""
    by_looking = plugins.SOURCES.facts(split.format).by_looking
    return split.end != WHOLE_FILE and split.compression in by_looking


@contextmanager
def open_piece(
    split: Split, limits: ReadLimits, piece: Piece, begins: bytes = b"", *, on: bool = False
) -> Iterator[Iterator[bytes]]:
    """The content of the units of a compressed file that begin in a split. Fills in `piece`.

    Reading raises `CorruptCompression`, `WindowTooLarge` or `InflatesTooMuch`, and what the file
    system raises. The piece cannot be used after that.

    Parameters
    ----------
    begins
        What the content of a unit begins with, if that is known.
    on
        Continue with the units after the piece, for a record that goes on there. The size of the
        piece's own content (`Piece.content_bytes`) is known as soon as bytes after it are read.
    """
    fs, path = open_filesystem(split.uri)
    with fs.open(path, "rb", block_size=BLOCK_BYTES) as file:
        blocks = plain_blocks(file, split.start, split.end)
        yield _content(_find(blocks, split, begins, limits), split, limits, piece, on)


def holds_several(uri: str, compression: str) -> bool:
    """Whether the first unit of a file ends within `PEEK_BYTES` and another one follows."""
    if compression == "none":
        return True
    try:
        fs, path = open_filesystem(uri)
        with fs.open(path, "rb", block_size=BLOCK_BYTES) as file:
            blocks = islice(plain_blocks(file, 0, 0), PEEK_BYTES // TAIL_BYTES)
            piece, limits = Piece(), ReadLimits()
            split = Split(uri, "", compression, 0, 1, 0)
            found = _find(blocks, split, b"", limits)
            for _ in _content(found, split, limits, piece, False):
                pass
            file.seek(piece.end)
            return bool(file.read(1))
    except Exception:
        # A file that cannot be read must not stop the others; its reader will report why.
        return False


class PieceRead(NamedTuple):
    """A piece as it was planned, and what was found in it."""

    uri: str
    start: int
    end: int
    piece: Piece

    @classmethod
    def of(cls, split: Split, detail: str | None) -> PieceRead:
        """From the `detail` of the row of the split (`records.split_row`)."""
        return cls(split.name, split.start, split.end, Piece(**json.loads(detail or "{}")))


def check_pieces(pieces: Iterable[PieceRead]) -> tuple[dict[tuple[str, int], int], set[str]]:
    """Content bytes before each piece, by file and start; and files whose pieces do not meet."""
    before: dict[tuple[str, int], int] = {}
    torn: set[str] = set()
    uri, expected, n_bytes = "", 0, 0
    for read in sorted(pieces, key=lambda read: (read.uri, read.start)):
        if read.uri != uri:
            uri, expected, n_bytes = read.uri, 0, 0
        before[uri, read.start] = n_bytes
        n_bytes += read.piece.content_bytes or 0
        due = expected if expected < read.end else None
        if not read.piece.sound or read.piece.begin != due:
            torn.add(uri)
        if read.piece.end is not None:
            expected = read.piece.end
    return {key: n for key, n in before.items() if key[0] not in torn}, torn


def _content(
    found: tuple[int, Iterator[Step]] | None,
    split: Split,
    limits: ReadLimits,
    piece: Piece,
    on: bool,
) -> Iterator[bytes]:
    if found is None:
        return
    begin, steps = found
    piece.begin = begin
    n_given = 0
    head = b""
    for out, at, ends in steps:
        n_given += len(out)
        if begin == 0 and len(head) < HEAD_BYTES:
            head += out[:HEAD_BYTES]
            if compression_of(head, "none") != "none":
                raise CorruptCompression("a file that is compressed twice has no pieces")
            refuse_content(head, split.format)
        if n_given > limits.max_inflation * (at - begin):
            raise InflatesTooMuch(f"{at - begin} bytes of a piece inflate to {n_given}")
        if out:
            yield out
        if ends and piece.end is None and at >= split.end:
            piece.end, piece.content_bytes = at, n_given
            if not on:
                return


def _find(
    blocks: Iterator[bytes], split: Split, begins: bytes, limits: ReadLimits
) -> tuple[int, Iterator[Step]] | None:
    """Offset of the first unit of a piece, and the steps of decoding from there on."""
    if split.compression == "zstd":
        stream = Bytes(blocks, split.start)
        if split.start and not seek_frame(stream, begins, split.end, limits.max_window_bytes):
            return None
        return stream.position, frames(stream, limits.max_window_bytes)
    if not split.start:
        return 0, members(next(blocks, b""), blocks, 0)
    found = seek_member(b"", blocks, begins, split.end - split.start)
    if found is None:
        return None
    begin = split.start + found[1]
    return begin, members(found[0], blocks, begin)
