"""JSON, plain or compressed: cut the stream into lines or values, count them, then parse each.

A split of a plain file owns the lines that *begin* in [start, end). By this rule of Hadoop every
line has exactly one owner for any split size, and line ends need not be known in advance. The byte
before `start` is read too, since a line begins at `start` only if that byte is a newline.

A compressed file may be read in pieces (`unit_splits.py`). No piece knows whether it begins with a
line, so the first line of a piece belongs to the one before, which reads on until it ends.

A file that begins with an array, or with a value that goes on over several lines, is cut into
values instead (`json_values.py`). It is read as a whole.

A line longer than `max_record_bytes` is read but not held: a line of 200 MB costs reading time and
`raw_bytes` of memory.
"""

from collections.abc import Iterator

from pivotmine import plugins
from pivotmine.sources.framing import BrokenStream, Line, broken_row, frame_lines, too_long
from pivotmine.sources.json_values import OPEN_ARRAY, frame_values, is_spread
from pivotmine.sources.parse import Document, Reason, Refusal, fate_row, parse_json
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
from pivotmine.sources.streams import open_blocks, peek_head
from pivotmine.sources.unit_splits import is_piece, open_piece


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
            lines: Iterator[Line]
            head, blocks = peek_head(blocks) if split.start == 0 else (b"", blocks)
            if not is_spread(head):
                lines = frame_lines(blocks, start, end, limits, count)
            elif count.piece is None:
                lines = frame_values(blocks, limits, count)
            else:
                return  # the piece is not sound, so the file is read as a whole
            for line in lines:
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


def _row(line: Line, split: Split, columns: ColumnMap, limits: ReadLimits) -> Row:
    fate: Document | Refusal
    if line.n_bytes > limits.max_record_bytes:
        fate = Refusal(Reason.RECORD_TOO_LONG, too_long(line.n_bytes, limits))
    elif line.data == OPEN_ARRAY:
        fate = Refusal(Reason.INVALID_JSON, "the file ends inside its array")
    else:
        fate = parse_json(line.data, columns, limits)
    return fate_row(fate, split, line.position, line.data, columns, limits)
