"""Text shards: JSON Lines with zstd, and Parquet, for trainers that tokenise by themselves."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from pivotmine.stages.shard.writer import AtomicFile, ShardDocument, ShardFile, TokenFormat

_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("text", pa.string()),
        ("source", pa.string()),
        ("lang", pa.string()),
        ("n_tokens", pa.int32()),
    ]
)
_ROW_GROUP_BYTES = 32 * 2**20


class JsonlWriter:
    """Writes `path`.jsonl.zst: an object a line with id, text, source, lang, n_tokens."""

    def __init__(self, path: str, tokens: TokenFormat) -> None:
        self._file = AtomicFile(f"{path}.jsonl.zst")
        self._zstd = zstandard.ZstdCompressor(level=3).compressobj()

    def add(self, document: ShardDocument) -> None:
        line = json.dumps(_record(document), ensure_ascii=False, separators=(",", ":"))
        self._file.write(self._zstd.compress(line.encode() + b"\n"))

    def close(self) -> ShardFile:
        self._file.write(self._zstd.flush())
        return self._file.commit()

    def abort(self) -> None:
        self._file.abort()


class ParquetWriter:
    """Writes `path`.parquet with the same columns; row groups of about 32 MiB of text."""

    def __init__(self, path: str, tokens: TokenFormat) -> None:
        self._file = AtomicFile(f"{path}.parquet")
        self._parquet = pq.ParquetWriter(
            self._file, _SCHEMA, compression="zstd", write_page_checksum=True
        )
        self._rows: list[dict[str, object]] = []
        self._bytes = 0

    def add(self, document: ShardDocument) -> None:
        self._rows.append(_record(document))
        self._bytes += len(document.text or "")
        if self._bytes >= _ROW_GROUP_BYTES:
            self._flush()

    def close(self) -> ShardFile:
        self._flush()
        self._parquet.close()
        return self._file.commit()

    def abort(self) -> None:
        self._parquet.close()  # else its finaliser would write a footer to the closed file
        self._file.abort()

    def _flush(self) -> None:
        if self._rows:
            self._parquet.write_table(pa.Table.from_pylist(self._rows, schema=_SCHEMA))
        self._rows, self._bytes = [], 0


def _record(document: ShardDocument) -> dict[str, object]:
    return {
        "id": document.doc_id,
        "text": document.text,
        "source": document.source,
        "lang": document.lang,
        "n_tokens": document.n_tokens,
    }
