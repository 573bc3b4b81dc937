"""Files for the ingest race: JSON Lines of real documents, and a WARC of real HTML pages."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import orjson
import pyarrow.parquet as pq
from blake3 import blake3

T = TypeVar("T", str, bytes)

COPIES = 0.05
"""Share of documents that are written twice: copies to drop."""

_HTTP = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
_DATE = datetime(2026, 1, 1, tzinfo=UTC).isoformat().replace("+00:00", "Z")


def write_jsonl(documents: Path, folder: Path, n_bytes: int, n_files: int) -> int:
    """Write documents of a Parquet file (column `text`), ordered by a hash of their text.

    Objects have the fields that dolma needs: id, text, source. Returns bytes of text.
    """
    texts = pq.read_table(documents, columns=["text"])["text"].to_pylist()
    chosen = _with_copies(_take(sorted(texts, key=_key), n_bytes))
    folder.mkdir(parents=True)
    for number in range(n_files):
        part = chosen[number::n_files]
        with gzip.open(folder / f"part-{number:03}.jsonl.gz", "wb", compresslevel=6) as file:
            for at, text in enumerate(part):
                record = {"id": f"{number}-{at}", "text": text, "source": "documents"}
                file.write(orjson.dumps(record) + b"\n")
    return sum(len(text.encode()) for text in chosen)


def write_warc(pages: Path, folder: Path, n_bytes: int, n_files: int) -> int:
    """Write HTML files below a folder as response records; returns bytes of HTML."""
    paths = sorted(pages.rglob("*.html"), key=lambda path: _key(str(path.relative_to(pages))))
    found = (path.read_bytes() for path in paths if path.is_file() and not path.is_symlink())
    chosen = _with_copies(_take(found, n_bytes))
    folder.mkdir(parents=True)
    for number in range(n_files):
        name = f"part-{number:03}.warc.gz"
        with (folder / name).open("wb") as file:
            file.write(_record("warcinfo", name, "application/warc-fields", b"software: bench\r\n"))
            for at, page in enumerate(chosen[number::n_files]):
                url = f"http://pages.example/{number}/{at}.html"
                file.write(
                    _record("response", url, "application/http; msgtype=response", _HTTP + page)
                )
    return sum(map(len, chosen))


def _record(kind: str, name: str, content_type: str, body: bytes) -> bytes:
    """A WARC record with the headers that real crawls have, as a gzip member."""
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Date: {_DATE}\r\n"
        f"WARC-Record-ID: <urn:uuid:{_uuid(name)}>\r\n"
        f"WARC-Payload-Digest: sha1:{_uuid(name)}\r\n"
        f"WARC-Identified-Payload-Type: {'text/html' if kind == 'response' else content_type}\r\n"
        f"{'WARC-Target-URI' if kind == 'response' else 'WARC-Filename'}: {name}\r\n"
        f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return gzip.compress(head.encode() + body + b"\r\n\r\n", 6)


def _uuid(url: str) -> str:
    digits = blake3(url.encode()).hexdigest(length=16)
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _key(text: str) -> bytes:
    return blake3(text.encode()).digest()


def _take(items: Iterable[T], n_bytes: int) -> Iterator[T]:
    for item in items:
        if n_bytes <= 0:
            return
        n_bytes -= len(item.encode() if isinstance(item, str) else item)
        yield item


def _with_copies(items: Iterable[T]) -> Sequence[T]:
    chosen = list(items)
    return chosen + chosen[: int(len(chosen) * COPIES)]
