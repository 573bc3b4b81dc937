"""What a user's files hold, guessed from a sample: formats, text columns, languages.

A sample is about a megabyte of each of a few files of each format: from four places of a plain JSON
Lines file, from the beginning of any other. So a survey of any corpus takes seconds, and what lies
deeper in the files is not seen.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from pivotmine.errors import InputError
from pivotmine.sources import ColumnMap, ReadLimits, Split, read_split
from pivotmine.sources.listing import detect, list_files
from pivotmine.sources.records import WHOLE_FILE
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
_INFLATION = 3  # of text, by gzip and zstd


@dataclass(frozen=True)
class InputSurvey:
    """URIs whose files are read in one way."""

    uris: tuple[str, ...]
    formats: dict[str, int]
    """Format -> number of files."""

    n_bytes: int
    """Size on disk."""

    text_column: str | None
    """None where no format has columns."""

    columns: tuple[str, ...]
    """Columns with strings, the text column left out."""


@dataclass(frozen=True)
class Survey:
    """What a sample of the files shows."""

    inputs: tuple[InputSurvey, ...]
    languages: dict[str, float]
    """Language -> share of the text (in bytes) whose language is certain, largest first."""

    n_files: int
    n_sampled_files: int
    n_documents: int
    n_sampled_bytes: int
    rejects: dict[str, int]
    """Reason -> records of the sample that cannot become documents."""

    n_text_bytes: int
    """Text of all files, estimated from their sizes."""


@dataclass(frozen=True)
class _File:
    uri: str
    n_bytes: int
    format: str
    compression: str


def survey(uris: Sequence[str]) -> Survey:
    """Read a sample of all files that the URIs name.

    Parameters
    ----------
    uris
        Files, folders or globs.

    Raises
    ------
    InputError
        Nothing matches, a name does not tell its format, or no record holds text.
    """
    inputs: list[InputSurvey] = []
    texts: list[str] = []
    rejects: Counter[str] = Counter()
    n_sampled = n_text_bytes = 0
    for uri in uris:
        files = _files(uri)
        found = _inputs_of(uri, files)
        inputs += found
        columns = {name: part.text_column for part in found for name in part.formats}
        for file in _spread(files):
            n_sampled += 1
            for kind, value in _records(file, columns[file.format] or "text"):
                if kind == "document":
                    texts.append(value)
                else:
                    rejects[value] += 1
        n_text_bytes += sum(
            file.n_bytes * (_INFLATION if file.compression != "none" else 1) for file in files
        )
    if not texts:
        reasons = ", ".join(f"{n} {reason}" for reason, n in rejects.most_common())
        raise InputError(f"no document was found in the sample; refused: {reasons or 'nothing'}")
    return Survey(
        inputs=_merged(inputs),
        languages=_languages(texts),
        n_files=sum(sum(part.formats.values()) for part in inputs),
        n_sampled_files=n_sampled,
        n_documents=len(texts),
        n_sampled_bytes=sum(len(text.encode()) for text in texts),
        rejects=dict(rejects.most_common()),
        n_text_bytes=n_text_bytes,
    )


def _files(uri: str) -> list[_File]:
    return [_File(f.uri, f.size_bytes or 0, *detect(f.uri, "auto")) for f in list_files([uri])]


def _inputs_of(uri: str, files: Sequence[_File]) -> list[InputSurvey]:
    """The URI as one input, or one for each text column where its formats differ in that."""
    kinds: dict[tuple[str | None, tuple[str, ...]], list[_File]] = {}
    layouts = {name: _columns(_of(files, name)[0]) for name in sorted({f.format for f in files})}
    for name, columns in layouts.items():
        kinds.setdefault(columns, []).extend(_of(files, name))
    text_columns = {column for column, _ in kinds if column is not None}
    if len(text_columns) > 1:
        return [
            InputSurvey(tuple(file.uri for file in part), _count(part), _size(part), *columns)
            for columns, part in kinds.items()
        ]
    others = tuple(dict.fromkeys(name for _, names in kinds for name in names))
    text = next(iter(text_columns), None)
    return [InputSurvey((uri,), _count(files), _size(files), text, others)]


def _merged(inputs: Sequence[InputSurvey]) -> tuple[InputSurvey, ...]:
    """One input for all that are read in the same way."""
    merged: dict[tuple[str | None, tuple[str, ...]], InputSurvey] = {}
    for one in inputs:
        key = (one.text_column, one.columns)
        other = merged.get(key)
        if other is not None:
            formats = dict(Counter(other.formats) + Counter(one.formats))
            size = other.n_bytes + one.n_bytes
            one = InputSurvey((*other.uris, *one.uris), formats, size, *key)
        merged[key] = one
    return tuple(merged.values())


def _of(files: Sequence[_File], format: str) -> list[_File]:
    return [file for file in files if file.format == format]


def _count(files: Sequence[_File]) -> dict[str, int]:
    return dict(Counter(file.format for file in files).most_common())


def _size(files: Sequence[_File]) -> int:
    return sum(file.n_bytes for file in files)


def _spread(files: Sequence[_File]) -> Iterator[_File]:
    """Some files of each format, evenly spaced in the order of their names."""
    for name in sorted({file.format for file in files}):
        of_format = _of(files, name)
        n = min(len(of_format), SAMPLE_FILES)
        yield from (of_format[len(of_format) * i // n] for i in range(n))


def _columns(file: _File) -> tuple[str | None, tuple[str, ...]]:
    """Text column of a file, and its other columns of strings; None for formats without columns."""
    try:
        if file.format == "jsonl":
            rows = _json_rows(file)
        elif file.format == "parquet":
            rows = _parquet_rows(file)
        else:
            return None, ()
    except (OSError, ValueError, EOFError, pa.ArrowException):
        return "text", ()  # its reader will say what is wrong
    lengths: Counter[str] = Counter()
    for row in rows:
        lengths.update({name: len(v) for name, v in _flat(row).items() if isinstance(v, str)})
    if not lengths:
        return "text", ()
    text = "text" if "text" in lengths else lengths.most_common(1)[0][0]
    return text, tuple(sorted(name for name in lengths if name != text))


def _json_rows(file: _File) -> list[Any]:
    compression = None if file.compression == "none" else file.compression
    rows = []
    with fsspec.open(file.uri, "rb", compression=compression) as stream:
        for _ in range(_SAMPLE_ROWS):
            line = stream.readline(SAMPLE_BYTES)
            if not line or len(line) == SAMPLE_BYTES:
                break
            if line.strip():
                rows.append(json.loads(line))
    return rows


def _parquet_rows(file: _File) -> list[Any]:
    with fsspec.open(file.uri, "rb") as stream:
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


def _records(file: _File, text_column: str) -> Iterator[tuple[str, str]]:
    """Kind and text, or kind and reason, of some records of a file."""
    ranges = [(0, WHOLE_FILE)]
    if file.format == "parquet":
        ranges = [(0, 1)]  # its first row group
    elif file.format == "jsonl" and file.compression == "none":
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


def _rows(split: Split, columns: ColumnMap) -> Iterator[dict[str, Any]]:
    for batch in read_split(split, columns, ReadLimits()):
        rows = batch.select(["kind", "text", "reason"]).to_pylist()
        yield from (row for row in rows if row["kind"] != "split")


def _languages(texts: Sequence[str]) -> dict[str, float]:
    """Shares of languages, by lines, since one document may hold several."""
    pieces = [piece for text in texts for piece in _pieces(text)]
    found = load_identifier().identify_documents(pieces)
    weights: Counter[str] = Counter()
    for piece, (language, certainty) in zip(pieces, found, strict=True):
        if language != UNDETERMINED and certainty >= _LEAST_CERTAINTY:
            weights[language] += len(piece.encode())
    total = weights.total()
    return {language: weight / total for language, weight in weights.most_common()}


def _pieces(text: str) -> list[str]:
    """Lines that are long enough to tell their language, or the whole text."""
    lines = [line for line in text.splitlines() if len(line) >= _LEAST_LETTERS]
    step = -(-len(lines) // _DOCUMENT_PIECES) or 1
    return lines[::step] or [text]
