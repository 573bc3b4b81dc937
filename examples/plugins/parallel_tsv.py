"""Source format parallel: a line is a sentence, a tab, and its translation."""

from collections.abc import Iterator

from pivotmine import plugins
from pivotmine.sources.framing import BrokenStream, Line, broken_row, frame_lines, too_long
from pivotmine.sources.parse import Document, Reason, Refusal, fate_row, parse_text
from pivotmine.sources.records import ColumnMap, ReadLimits, RecordCount, Row, Split
from pivotmine.sources.streams import open_blocks


@plugins.source("parallel", suffixes=[".tsv"])
def read_parallel(
    split: Split, columns: ColumnMap, limits: ReadLimits, count: RecordCount
) -> Iterator[Row]:
    """Sentence pairs of one file, in its order, each a document of two lines."""
    with open_blocks(split, limits) as blocks:
        try:
            for line in frame_lines(blocks, 0, None, limits, count):  # counts them in `count`
                fate = _parse(line, columns, limits)
                yield fate_row(fate, split, line.position, line.data, columns, limits)
        except BrokenStream as broken:
            count.n_records += 1
            yield broken_row(broken, split, columns)


def _parse(line: Line, columns: ColumnMap, limits: ReadLimits) -> Document | Refusal:
    if line.n_bytes > limits.max_record_bytes:
        return Refusal(Reason.RECORD_TOO_LONG, too_long(line.n_bytes, limits))
    n_tabs = line.data.count(b"\t")
    if n_tabs != 1:
        return Refusal(Reason.MALFORMED_RECORD, f"{n_tabs} tabs, not one")
    return parse_text(line.data.replace(b"\t", b"\n"), columns, limits)
