"""Writing documents to a file in the format of its name, with the same bytes each time.

Same documents and library versions give byte-identical files: the gzip header holds no time, and
compression runs in one thread.
"""

import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from pivotmine.demo.documents import Document

Write = Callable[[Document], None]

_ROW_GROUP_DOCS = 1000
_GZIP_LEVEL = 6
_ZSTD_LEVEL = 3
_SCHEMA = pa.schema([(name, pa.string()) for name in Document._fields])


class _Sink(Protocol):
    def write(self, data: bytes, /) -> object: ...


@contextmanager
def open_writer(path: Path) -> Iterator[Write]:
    """A function that writes one document to `path`: Parquet, or JSON Lines plain, gzip or zstd."""
    with path.open("wb") as raw:
        if path.suffix == ".parquet":
            with _parquet(raw) as write:
                yield write
        elif path.suffix == ".gz":
            with gzip.GzipFile("", "wb", _GZIP_LEVEL, fileobj=raw, mtime=0) as gzipped:
                yield _json_lines(gzipped)
        elif path.suffix == ".zst":
            compressor = zstandard.ZstdCompressor(level=_ZSTD_LEVEL)
            with compressor.stream_writer(raw, closefd=False) as zstd:
                yield _json_lines(zstd)
        else:
            yield _json_lines(raw)


def _json_lines(sink: _Sink) -> Write:
    def write(document: Document) -> None:
        line = json.dumps(document._asdict(), ensure_ascii=False, separators=(",", ":"))
        sink.write(line.encode("utf-8") + b"\n")

    return write


@contextmanager
def _parquet(sink: _Sink) -> Iterator[Write]:
    rows: list[dict[str, str]] = []
    with pq.ParquetWriter(sink, _SCHEMA, compression="zstd") as parquet:

        def flush() -> None:
            parquet.write_table(pa.Table.from_pylist(rows, schema=_SCHEMA))
            rows.clear()

        def write(document: Document) -> None:
            rows.append(document._asdict())
            if len(rows) == _ROW_GROUP_DOCS:
                flush()

        yield write
        if rows:
            flush()
