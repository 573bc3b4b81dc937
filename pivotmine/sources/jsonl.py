"""JSON Lines, plain or compressed: cut the stream into lines, count them, then parse each.

A split of a plain file owns the lines that *begin* in [start, end), Hadoop's rule: every line has
exactly one owner whatever the split size, and nobody has to know where lines end beforehand. The
byte before `start` is read too, since a line begins at `start` only if that byte is a newline.

Of a compressed file that is read in pieces (`pieces.py`), nobody knows whether a line begins with a
piece: the first line of a piece belongs to the one before, which reads on until it ends.

A line over `max_record_bytes` is walked through without being held: a 200 MB line costs its
reading time and `raw_bytes` of memory.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pivotmine import plugins
from pivotmine.sources.decoding import CorruptCompression, InflatesTooMuch
from pivotmine.sources.parse import UTF8_BOM, Document, Reason, Refusal, fate_row, parse_json
from pivotmine.sources.pieces import is_piece, open_piece
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
from pivotmine.sources.streams import open_blocks


class Line(NamedTuple):
    """One line without its newline. `data` is cut short when `n_bytes` exceeds the limit."""

    position: int
    data: bytes
    n_bytes: int


class BrokenStream(Exception):
    """The stream ended in an error (`__cause__`), with a line still open."""

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
def read_jsonl(split: Split, columns: ColumnMap, limits: ReadLimits, tally: Tally) -> Iterator[Row]:
    """Documents and rejects of one split, in file order.

    Damage in a compressed stream ends the split with one `corrupt_compression` reject, a bomb with
    one `inflates_too_much`, an I/O error in the middle with one `unreadable_file`; a line that was
    open then goes into `raw`. Raises what opening the file raises.
    """
    end = None if split.end == WHOLE_FILE else split.end
    start, opened = split.start, open_blocks(split, limits)
    if is_piece(split):
        piece = tally.piece = Piece()
        start, end, opened = min(start, 1), None, open_piece(split, limits, piece, on=True)
    with opened as blocks:
        try:
            for line in frame_lines(blocks, start, end, limits, tally):
                yield _row(line, split, columns, limits)
            if tally.piece is not None:
                tally.piece.sound = (tally.piece.begin is None) == (tally.piece.end is None)
        except BrokenStream as broken:
            tally.n_records += 1
            yield broken_row(broken, split, columns)
            return
    if split.start == 0 and tally.n_bytes == 0:
        tally.n_records += 1
        yield reject_row(split, columns, 0, Reason.EMPTY_FILE, "the file holds no bytes")


def frame_lines(
    blocks: Iterable[bytes], start: int, end: int | None, limits: ReadLimits, tally: Tally
) -> Iterator[Line]:
    """The lines that begin in [start, end), blank ones left out but counted in `tally.n_bytes`.

    `blocks` begin at `start - 1` (at 0 for `start == 0`). The end of a `tally.piece` is not given
    but becomes known on the way. Holds one line of at most `max_record_bytes` and one block. Raises
    `BrokenStream` from whatever the blocks raise.
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
                tally.n_bytes += n_bytes
            partial = _head(pieces, limits.raw_bytes)
            raise BrokenStream(position + n_bytes, partial) from error
        if tally.piece is not None and tally.piece.content_bytes is not None:
            end = tally.piece.content_bytes + 1  # the line after its last newline is its own
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
                tally.n_bytes += n_bytes + terminator
                data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
                if not _is_blank(data) or n_bytes > limits.max_record_bytes:
                    tally.n_records += 1
                    yield Line(position, data, n_bytes)
            if not block:
                return
            position += n_bytes + 1
            pieces, n_bytes, owned, cursor = [], 0, True, newline + 1
            if end is not None and position >= end:
                return


def _head(pieces: list[bytes], n_bytes: int) -> bytes:
    """The first bytes of joined pieces, without joining them all."""
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


def too_long(n_bytes: int, limits: ReadLimits) -> str:
    """Detail of `record_too_long`."""
    return f"{n_bytes} bytes, over max_record_bytes = {limits.max_record_bytes}"


def broken_row(broken: BrokenStream, split: Split, columns: ColumnMap) -> Row:
    """The reject that ends a split whose stream broke."""
    assert broken.__cause__ is not None
    reason, detail = why_broken(broken.__cause__)
    return reject_row(split, columns, broken.position, reason, detail, broken.partial or None)


def why_broken(error: BaseException) -> tuple[Reason, str]:
    """Reason and detail for what stopped a stream."""
    if isinstance(error, CorruptCompression):
        return Reason.CORRUPT_COMPRESSION, str(error)
    if isinstance(error, InflatesTooMuch):
        return Reason.INFLATES_TOO_MUCH, str(error)
    return Reason.UNREADABLE_FILE, f"{type(error).__name__}: {error}"
