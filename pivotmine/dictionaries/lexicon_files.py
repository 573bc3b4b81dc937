"""Lexicon files: TSV, CSV or Parquet, plain or compressed, as rows of four cells.

A row is a line, since words hold no line ends; so a quote that is never closed spoils its own row
only. TSV has no quoting, as in most published lexicons. In CSV a cell may be quoted.
"""

from __future__ import annotations

import csv
import io
import posixpath
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from blake3 import blake3

from pivotmine.errors import InputError
from pivotmine.redaction import public_uri
from pivotmine.sources.content import WrongContent, compression_of, refuse_content
from pivotmine.sources.decoding import CorruptCompression, WindowTooLarge
from pivotmine.sources.files import list_files
from pivotmine.sources.gzip_members import gzip_blocks
from pivotmine.sources.parquet import as_bytes, is_text
from pivotmine.sources.streams import peek_head, plain_blocks
from pivotmine.sources.zstd_frames import zstd_blocks
from pivotmine.storage.filesystem import open_filesystem

COLUMNS = ("lang_a", "word_a", "lang_b", "word_b")
"""The last two may be missing, in a file or in a row: such rows list single words."""

_PLANTED = "n_docs"
_SUFFIXES = (".tsv", ".csv", ".parquet")
_COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
_MAX_LINE_BYTES = 2**20
_ZSTD_WINDOW_BYTES = 2**27

Cells = tuple[str, str, str, str]


class LexiconFile(NamedTuple):
    """A file of a lexicon as a whole."""

    uri: str
    n_bytes: int
    n_rows: int
    """Rows below the header, blank lines left out."""

    checksum: str
    """BLAKE3 of the file, hexadecimal."""

    @property
    def name(self) -> str:
        """The URI as tables and messages have it: without user, password and signatures."""
        return public_uri(self.uri)


class LexiconRow(NamedTuple):
    """A row as it was found."""

    row: int
    """Line of the decompressed file, the header's is 1; or row of a Parquet file, from 1."""

    cells: Cells | None
    """Text of the four columns, empty where there is none; None where the row cannot be read."""

    problem: str
    """Why it cannot be read: `encoding` or `columns`."""

    raw: bytes

    n_docs: int = -1
    """Documents that hold the pair by plan, in the lexicon of a planted corpus; otherwise -1."""


def list_lexicons(uris: Sequence[str], max_rows: int) -> list[LexiconFile]:
    """The files of a lexicon, read once from end to end.

    Raises
    ------
    InputError
        A file is missing or damaged, has another format or no such columns, or all of them together
        have more than `max_rows` rows.
    """
    files = [_examine(file.uri) for file in list_files(uris)] if uris else []
    n_rows = sum(file.n_rows for file in files)
    if n_rows > max_rows:
        raise InputError(
            f"the lexicons have {n_rows:,} rows, more than terms.max_rows={max_rows:,}; they are "
            "held in memory by every worker. Raise the bound, or list less."
        )
    return files


def lexicon_rows(uri: str) -> Iterator[LexiconRow]:
    """The rows of a file, in order; raises `InputError` where the file cannot be read."""
    with _explained(uri):
        if _format(uri) == ".parquet":
            yield from _parquet_rows(uri)
        else:
            yield from _text_rows(uri)


def _examine(uri: str) -> LexiconFile:
    digest = blake3()
    n_bytes = 0
    with _explained(uri):
        with _open(uri) as file:
            for block in plain_blocks(file, 0, None):
                digest.update(block)
                n_bytes += len(block)
        if _format(uri) == ".parquet":
            with _open(uri) as file:
                n_rows = _parquet_file(file, uri)[0].metadata.num_rows
        else:
            lines = _lines(uri)
            _column_indices(_cells(next(lines, b"").decode("utf-8-sig"), _format(uri)), uri)
            n_rows = sum(1 for line in lines if line.strip())
    return LexiconFile(uri, n_bytes, n_rows, digest.hexdigest())


@contextmanager
def _explained(uri: str) -> Iterator[None]:
    try:
        yield
    except (
        *(OSError, ValueError, CorruptCompression, WindowTooLarge, WrongContent, csv.Error),
        *(pa.ArrowException, EOFError),
    ) as error:
        raise InputError(f"lexicon {uri} cannot be read: {error}") from error


def _format(uri: str) -> str:
    stem, suffix = posixpath.splitext(uri.lower())
    compression = suffix if suffix in _COMPRESSIONS else ""
    suffix = posixpath.splitext(stem)[1] if compression else suffix
    if suffix not in _SUFFIXES or (suffix == ".parquet" and compression):
        raise InputError(
            f"lexicon {uri}: its name does not tell its format; use .tsv or .csv, plain or with "
            ".gz or .zst, or .parquet"
        )
    return suffix


def _open(uri: str) -> Any:
    filesystem, path = open_filesystem(uri)
    return filesystem.open(path, "rb")


def _lines(uri: str) -> Iterator[bytes]:
    """Lines without their ends. Very long lines are cut; they are rejected as words later."""
    with _open(uri) as file:
        head, blocks = peek_head(plain_blocks(file, 0, None))
        suffix = posixpath.splitext(uri.lower())[1]
        compression = compression_of(head, _COMPRESSIONS.get(suffix, "none"))
        if compression == "gzip":
            blocks = gzip_blocks(blocks)
        elif compression == "zstd":
            blocks = zstd_blocks(blocks, _ZSTD_WINDOW_BYTES)
        head, blocks = peek_head(blocks)
        refuse_content(head, "lexicon")
        rest = b""
        for block in blocks:
            *lines, rest = (rest + block).split(b"\n")
            yield from lines
            rest = rest[:_MAX_LINE_BYTES]
        if rest:
            yield rest


def _text_rows(uri: str) -> Iterator[LexiconRow]:
    format = _format(uri)
    lines = _lines(uri)
    header = _cells(next(lines, b"").decode("utf-8-sig"), format)
    indices = _column_indices(header, uri)
    for number, line in enumerate(lines, start=2):
        if not line.strip():
            continue
        try:
            cells = _cells(line.decode("utf-8"), format)
        except UnicodeDecodeError:
            yield LexiconRow(number, None, "encoding", line)
            continue
        except csv.Error:
            cells = []
        if not cells or len(cells) > len(header):
            yield LexiconRow(number, None, "columns", line)
            continue
        a, word_a, b, word_b = (cells[i] if 0 <= i < len(cells) else "" for i in indices)
        yield LexiconRow(number, (a, word_a, b, word_b), "", line)


def _cells(line: str, format: str) -> list[str]:
    line = line.removesuffix("\r")
    if format == ".tsv":
        return line.split("\t")
    if '"' not in line:
        return line.split(",")
    return next(csv.reader(io.StringIO(line), strict=True))


def _column_indices(header: Sequence[str], uri: str) -> list[int]:
    """Indices of the four columns; -1 where there is none."""
    names = [name.strip() for name in header]
    found = [names.index(name) if name in names else -1 for name in COLUMNS]
    if min(found[:2]) < 0 or (found[2] < 0) != (found[3] < 0):
        raise InputError(
            f"lexicon {uri} must have columns lang_a and word_a, and for pairs lang_b and word_b; "
            f"its first line names {', '.join(names)[:200]!r}"
        )
    return found


def _parquet_file(file: Any, uri: str) -> tuple[pq.ParquetFile, list[int]]:
    parquet = pq.ParquetFile(file)
    names = parquet.schema_arrow.names
    indices = _column_indices(names, uri)
    for i in indices:
        kind = parquet.schema_arrow.field(i).type if i >= 0 else pa.string()
        if not is_text(kind):
            raise InputError(f"lexicon {uri}: column {names[i]} is {kind}, not a string")
    return parquet, indices


def _parquet_rows(uri: str) -> Iterator[LexiconRow]:
    with _open(uri) as file:
        parquet, indices = _parquet_file(file, uri)
        names = [name for name, i in zip(COLUMNS, indices, strict=True) if i >= 0]
        is_planted = _PLANTED in parquet.schema_arrow.names
        number = 0
        for batch in parquet.iter_batches(columns=[*names, _PLANTED] if is_planted else names):
            columns = [as_bytes(batch[name]) for name in names]
            planted = batch[_PLANTED].to_pylist() if is_planted else [None] * len(batch)
            for n_docs, *row in zip(planted, *columns, strict=True):
                number += 1
                given = [cell or b"" for cell in row]
                raw = b"\t".join(given)
                try:
                    texts = [cell.decode("utf-8") for cell in given]
                except UnicodeDecodeError:
                    yield LexiconRow(number, None, "encoding", raw)
                    continue
                a, word_a, b, word_b = [*texts, "", ""][:4]
                n_docs = -1 if n_docs is None else n_docs
                yield LexiconRow(number, (a, word_a, b, word_b), "", raw, n_docs)
