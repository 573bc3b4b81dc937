"""JSON Lines, plain or compressed: cut the stream into lines, count them, then parse each.

A split of a plain file owns the lines that *begin* in [start, end). By this rule of Hadoop every
line has exactly one owner for any split size, and line ends need not be known in advance. The byte
before `start` is read too, since a line begins at `start` only if that byte is a newline.

A compressed file may be read in pieces (`unit_splits.py`). No piece knows whether it begins with a
line, so the first line of a piece belongs to the one before, which reads on until it ends.

A line longer than `max_record_bytes` is read but not held: a line of 200 MB costs reading time and
`raw_bytes` of memory.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pivotmine import plugins
from pivotmine.errors import StoreUnavailable
from pivotmine.sources.content import WrongContent
from pivotmine.sources.decoding import CorruptCompression, InflatesTooMuch
from pivotmine.sources.parse import UTF8_BOM, Document, Reason, Refusal, fate_row, parse_json
from pivotmine.sources.records import (
    WHOLE_FILE,
    ColumnMap,
    Piece,
    ReadLimits,
    RecordCount,
    Row,
    Split,
    reject_row,
)
from pivotmine.sources.streams import open_blocks
from pivotmine.sources.unit_splits import is_piece, open_piece


class Line(NamedTuple):
    """One line without its newline. `data` is cut short if `n_bytes` exceeds the limit."""

    position: int
    data: bytes
    n_bytes: int


class BrokenStream(Exception):
    """The stream ended with an error (`__cause__`) inside a line."""

    def __init__(self, position: int, partial: bytes) -> None:
        super().__init__(f"the stream broke at byte {position}")
        self.position = position
        self.partial = partial


@plugins.source(
    "jsonl",
    suffixes=[".jsonl", ".ndjson", ".json"],
    even=["none"],
    by_looking=["gzip", "zstd"],
)
def read_jsonl(
    split: Split, columns: ColumnMap, limits: ReadLimits, count: RecordCount
) -> Iterator[Row]:
    """Documents and rejects of one split, in file order.

    An error in the stream ends the split with one reject: `corrupt_compression` for damage,
    `inflates_too_much` for a decompression bomb, `unreadable_file` for an I/O error. Its `raw` is
    the unfinished line. Raises what opening the file raises.
    """
    end = None if split.end == WHOLE_FILE else split.end
    start, opened = split.start, open_blocks(split, limits)
    if is_piece(split):
        piece = count.piece = Piece()
        start, end, opened = min(start, 1), None, open_piece(split, limits, piece, on=True)
    with opened as blocks:
        try:
            for line in frame_lines(blocks, start, end, limits, count):
                yield _row(line, split, columns, limits)
            if count.piece is not None:
                count.piece.sound = (count.piece.begin is None) == (count.piece.end is None)
        except BrokenStream as broken:
            count.n_records += 1
            yield broken_row(broken, split, columns)
            return
    if split.start == 0 and count.n_bytes == 0:
        count.n_records += 1
        yield reject_row(split, columns, 0, Reason.EMPTY_FILE, "the file holds no bytes")


def frame_lines(
    blocks: Iterable[bytes], start: int, end: int | None, limits: ReadLimits, count: RecordCount
) -> Iterator[Line]:
    """The lines that begin in [start, end), without blank ones.

    `blocks` begin at `start - 1` (at 0 for `start == 0`). `count.n_bytes` includes blank lines.
    With a `count.piece`, the end becomes known while reading. Holds one line of at most
    `max_record_bytes` and one block. Raises `BrokenStream` from any error of the blocks.
    """
    pieces: list[bytes] = []  # of the open line
    n_bytes = 0  # of the open line, so far
    position = max(start - 1, 0)  # where the open line begins
    owned = start == 0  # the line open at start - 1 belongs to the split before
    source = iter(blocks)
    while True:
        if end is not None and position + n_bytes >= end and not (owned and n_bytes):
            return
        try:
            block = next(source, b"")
        except Exception as error:
            if owned:
                count.n_bytes += n_bytes
            partial = _head(pieces, limits.raw_bytes)
            raise BrokenStream(position + n_bytes, partial) from error
        if count.piece is not None and count.piece.content_bytes is not None:
            # The piece also owns the line after its last newline.
            end = count.piece.content_bytes + 1
        cursor = 0
        while True:
            newline = block.find(b"\n", cursor)
            stop = len(block) if newline < 0 else newline
            if owned:
                n_bytes += stop - cursor
                if n_bytes <= limits.max_record_bytes:
                    pieces.append(block[cursor:stop])
                else:
                    more = block[cursor : min(stop, cursor + limits.raw_bytes)]
                    pieces = [_head([*pieces, more], limits.raw_bytes)]
            else:
                n_bytes += stop - cursor
            if newline < 0 and block:
                break
            terminator = 1 if newline >= 0 else 0
            if owned:
                count.n_bytes += n_bytes + terminator
                data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
                if not _is_blank(data) or n_bytes > limits.max_record_bytes:
                    count.n_records += 1
                    yield Line(position, data, n_bytes)
            if not block:
                return
            position += n_bytes + 1
            pieces, n_bytes, owned, cursor = [], 0, True, newline + 1
            if end is not None and position >= end:
                return


def too_long(n_bytes: int, limits: ReadLimits) -> str:
    """The detail of a `record_too_long` reject."""
    return f"{n_bytes} bytes, over max_record_bytes = {limits.max_record_bytes}"


def broken_row(broken: BrokenStream, split: Split, columns: ColumnMap) -> Row:
    """The reject that ends a split whose stream broke."""
    assert broken.__cause__ is not None
    reason, detail = why_broken(broken.__cause__)
    return reject_row(split, columns, broken.position, reason, detail, broken.partial or None)


def why_broken(error: BaseException) -> tuple[Reason, str]:
    """Reason and detail of the reject for an error that ended a stream.

    Raises
    ------
    StoreUnavailable
        The error is this one: the file may be good.
    """
    if isinstance(error, StoreUnavailable):
        raise error
    if isinstance(error, CorruptCompression):
        return Reason.CORRUPT_COMPRESSION, str(error)
    if isinstance(error, WrongContent):
        return Reason.WRONG_CONTENT, str(error)
    if isinstance(error, InflatesTooMuch):
        return Reason.INFLATES_TOO_MUCH, str(error)
    return Reason.UNREADABLE_FILE, f"{type(error).__name__}: {error}"


def _head(pieces: list[bytes], n_bytes: int) -> bytes:
    """The first `n_bytes` of the joined pieces, without joining all of them."""
    kept = b""
    for piece in pieces:
        kept += piece[: n_bytes - len(kept)]
    return kept


def _is_blank(data: bytes) -> bool:
    body = data.removeprefix(UTF8_BOM)
    return not body or body.isspace()


def _row(line: Line, split: Split, columns: ColumnMap, limits: ReadLimits) -> Row:
    fate: Document | Refusal
    if line.n_bytes > limits.max_record_bytes:
        fate = Refusal(Reason.RECORD_TOO_LONG, too_long(line.n_bytes, limits))
    else:
        fate = parse_json(line.data, columns, limits)
    return fate_row(fate, split, line.position, line.data, columns, limits)
