"""Lines of a stream, cut out and counted before they are parsed."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pivotmine.errors import StoreUnavailable
from pivotmine.sources.content import WrongContent
from pivotmine.sources.decoding import CorruptCompression, InflatesTooMuch
from pivotmine.sources.parse import UTF8_BOM, Reason
from pivotmine.sources.records import ColumnMap, ReadLimits, RecordCount, Row, Split, reject_row


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
            partial = head_of(pieces, limits.raw_bytes)
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
                    pieces = [head_of([*pieces, more], limits.raw_bytes)]
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


def head_of(pieces: list[bytes], n_bytes: int) -> bytes:
    """The first `n_bytes` of the joined pieces, without joining all of them."""
    kept = b""
    for piece in pieces:
        kept += piece[: n_bytes - len(kept)]
    return kept


def _is_blank(data: bytes) -> bool:
    body = data.removeprefix(UTF8_BOM)
    return not body or body.isspace()
