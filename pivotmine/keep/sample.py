"""A bounded sample of a user's files: columns, records and languages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pivotmine.sources import ColumnMap, ReadLimits, Split, read_split
from pivotmine.sources.content import HEAD_BYTES
from pivotmine.sources.files import list_files
from pivotmine.sources.framing import BrokenStream, frame_lines
from pivotmine.sources.json_values import frame_values, is_spread
from pivotmine.sources.lenient_json import loads_leniently
from pivotmine.sources.listing import detect
from pivotmine.sources.records import WHOLE_FILE, RecordCount
from pivotmine.sources.streams import open_blocks, peek_head
from pivotmine.storage.filesystem import open_file
from pivotmine.text.codes import UNDETERMINED
from pivotmine.text.language import load_identifier

SAMPLE_FILES = 8
"""Files that are read, of each format of each URI."""

SAMPLE_BYTES = 1_000_000
"""Text that is read of a file, bytes."""

_PLACES = 4  # of a file that can be read from anywhere
_SAMPLE_ROWS = 50
_DOCUMENT_PIECES = 20
_LEAST_LETTERS = 20
_LEAST_CERTAINTY = 0.5


@dataclass(frozen=True)
class FoundFile:
    """A file, with the format that its name shows."""

    uri: str
    n_bytes: int
    format: str
    compression: str


def find_files(uri: str) -> list[FoundFile]:
    """Files that a URI names. Raises `InputError` where a name does not show its format."""
    return [FoundFile(f.uri, f.size_bytes or 0, *detect(f.uri, "auto")) for f in list_files([uri])]


def of_format(files: Sequence[FoundFile], format: str) -> list[FoundFile]:
    """The files of one format."""
    return [file for file in files if file.format == format]


def spread(files: Sequence[FoundFile]) -> Iterator[FoundFile]:
    """Some files of each format, evenly spaced in the order of their names."""
    for name in sorted({file.format for file in files}):
        found = of_format(files, name)
        n = min(len(found), SAMPLE_FILES)
        yield from (found[len(found) * i // n] for i in range(n))


def columns_of(file: FoundFile) -> tuple[str | None, tuple[str, ...]]:
    """Text column of a file, and its other columns of strings; None for formats without columns."""
    try:
        if file.format == "jsonl":
            rows = _json_rows(file)
        elif file.format == "parquet":
            rows = _parquet_rows(file)
        else:
            return None, ()
    except (OSError, ValueError, EOFError, pa.ArrowException, BrokenStream):
        return "text", ()  # its reader will report the error
    lengths: Counter[str] = Counter()
    for row in rows:
        lengths.update({name: len(v) for name, v in _flat(row).items() if isinstance(v, str)})
    if not lengths:
        return "text", ()
    text = "text" if "text" in lengths else lengths.most_common(1)[0][0]
    return text, tuple(sorted(name for name in lengths if name != text))


def records(file: FoundFile, text_column: str) -> Iterator[tuple[str, str]]:
    """Kind and text, or kind and reason, of some records of a file."""
    ranges = [(0, WHOLE_FILE)]
    if file.format == "parquet":
        ranges = [(0, 1)]  # its first row group
    elif file.format == "jsonl" and file.compression == "none" and not _is_spread(file):
        n_places = _PLACES if file.n_bytes > SAMPLE_BYTES else 1
        starts = [file.n_bytes * place // n_places for place in range(n_places)]
        ranges = [(start, start + SAMPLE_BYTES // n_places) for start in starts]
    for start, end in ranges:
        split = Split(file.uri, file.format, file.compression, start, end, 0)
        n_bytes = 0
        for row in _rows(split, ColumnMap(text=text_column)):
            yield row["kind"], row["text"] or row["reason"]
            n_bytes += len((row["text"] or "").encode())
            if n_bytes > SAMPLE_BYTES // len(ranges):
                break


def _is_spread(file: FoundFile) -> bool:
    try:
        with open_file(file.uri, "rb") as stream:
            return is_spread(stream.read(HEAD_BYTES))
    except OSError:
        return False  # its reader will report the error


def language_shares(texts: Sequence[str]) -> dict[str, float]:
    """Shares of languages, by lines, since one document may hold several."""
    pieces = [piece for text in texts for piece in _pieces(text)]
    found = load_identifier().identify_documents(pieces)
    weights: Counter[str] = Counter()
    for piece, (language, certainty) in zip(pieces, found, strict=True):
        if language != UNDETERMINED and certainty >= _LEAST_CERTAINTY:
            weights[language] += len(piece.encode())
    total = weights.total()
    return {language: weight / total for language, weight in weights.most_common()}


def _json_rows(file: FoundFile) -> list[Any]:
    limits = ReadLimits(max_record_bytes=SAMPLE_BYTES)
    split = Split(file.uri, file.format, file.compression, 0, WHOLE_FILE, 0)
    with open_blocks(split, limits) as blocks:
        head, blocks = peek_head(blocks)
        if is_spread(head):
            lines = frame_values(blocks, limits, RecordCount())
        else:
            lines = frame_lines(blocks, 0, None, limits, RecordCount())
        whole = takewhile(lambda line: line.n_bytes <= SAMPLE_BYTES, islice(lines, _SAMPLE_ROWS))
        return [loads_leniently(line.data) for line in whole]


def _parquet_rows(file: FoundFile) -> list[Any]:
    with open_file(file.uri) as stream:
        batches = pq.ParquetFile(stream).iter_batches(batch_size=_SAMPLE_ROWS)
        batch = next(batches, None)
    return [] if batch is None else list(batch.to_pylist())


def _flat(row: Any, prefix: str = "") -> dict[str, Any]:
    """Values of a record by dotted name."""
    if not isinstance(row, dict):
        return {}
    flat: dict[str, Any] = {}
    for name, value in row.items():
        nested = isinstance(value, dict)
        flat |= _flat(value, f"{prefix}{name}.") if nested else {f"{prefix}{name}": value}
    return flat


def _rows(split: Split, columns: ColumnMap) -> Iterator[dict[str, Any]]:
    for batch in read_split(split, columns, ReadLimits()):
        rows = batch.select(["kind", "text", "reason"]).to_pylist()
        yield from (row for row in rows if row["kind"] != "split")


def _pieces(text: str) -> list[str]:
    """Lines that are long enough to identify their language, or the whole text."""
    lines = [line for line in text.splitlines() if len(line) >= _LEAST_LETTERS]
    step = -(-len(lines) // _DOCUMENT_PIECES) or 1
    return lines[::step] or [text]
