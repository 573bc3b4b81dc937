"""Plain text and HTML: each file is one document."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pivotmine import plugins
from pivotmine.sources.framing import too_long, why_broken
from pivotmine.sources.html import html_to_text
from pivotmine.sources.parse import Document, Reason, Refusal, check_decoded, fate_row, parse_text
from pivotmine.sources.records import ColumnMap, ReadLimits, RecordCount, Row, Split
from pivotmine.sources.streams import open_blocks


@plugins.source("text", suffixes=[".txt"])
def read_text(
    split: Split, columns: ColumnMap, limits: ReadLimits, count: RecordCount
) -> Iterator[Row]:
    """The one document of a text file, or a reject. Raises what opening the file raises."""
    return _read(split, columns, limits, count, parse_text)


@plugins.source("html", suffixes=[".html", ".htm", ".xhtml"])
def read_html(
    split: Split, columns: ColumnMap, limits: ReadLimits, count: RecordCount
) -> Iterator[Row]:
    """The one document of an HTML file, or a reject. Raises what opening the file raises."""
    return _read(split, columns, limits, count, _parse_html)


def _parse_html(page: bytes, columns: ColumnMap, limits: ReadLimits) -> Document | Refusal:
    return check_decoded(html_to_text(page, whole=columns.whole_pages), None, columns, limits)


def _read(
    split: Split,
    columns: ColumnMap,
    limits: ReadLimits,
    count: RecordCount,
    parse: Callable[[bytes, ColumnMap, ReadLimits], Document | Refusal],
) -> Iterator[Row]:
    """Hold at most `max_record_bytes` and a block; read the rest to learn the length."""
    count.n_records += 1
    pieces: list[bytes] = []
    refusal: Refusal | None = None
    with open_blocks(split, limits) as blocks:
        try:
            for block in blocks:
                if count.n_bytes <= limits.max_record_bytes:
                    pieces.append(block)
                count.n_bytes += len(block)
        except Exception as error:
            refusal = Refusal(*why_broken(error))
    data = b"".join(pieces)
    if refusal is None and count.n_bytes == 0:
        refusal = Refusal(Reason.EMPTY_FILE, "the file holds no bytes")
    if refusal is None and count.n_bytes > limits.max_record_bytes:
        refusal = Refusal(Reason.RECORD_TOO_LONG, too_long(count.n_bytes, limits))
    yield fate_row(refusal or parse(data, columns, limits), split, 0, data, columns, limits)
