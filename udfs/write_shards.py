"""Selected documents, sorted, to shard files; emits one row a file.

Writing files from a task is what this step is for. It is safe to repeat: names come from arm and
shard number, bytes from the documents, and a file appears only when it is complete.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby

import pyarrow as pa

from pivotmine.lake.tables import SHARDS
from pivotmine.stages.shard.formats import TEXT_FORMATS, WRITERS, ShardDocument, TokenFormat

Placed = tuple[tuple[str, int], ShardDocument]


def bind(
    folder: str, format_name: str, tokens: TokenFormat
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Batches sorted by (`arm`, `shard`, `position`) to rows of table `shards`.

    A partition must hold whole shards. Columns besides those three: `doc_id`, `source`, `lang`,
    `n_tokens`, and `token_ids` or `text`.
    """
    kind = "text" if format_name in TEXT_FORMATS else "tokens"

    def write(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        placed = (item for batch in batches for item in _documents(batch, kind))
        for (arm, shard), items in groupby(placed, key=lambda item: item[0]):
            writer = WRITERS[format_name](f"{folder}/{arm}/{kind}-{shard:05d}", tokens)
            n_docs = n_tokens = 0
            first_position = None
            try:
                for _, document in items:
                    writer.add(document)
                    n_docs += 1
                    n_tokens += document.n_tokens
                    first_position = document.position if first_position is None else first_position
                file = writer.close()
            except BaseException:
                writer.abort()
                raise
            row = {
                "arm": arm,
                "path": file.path,
                "n_tokens": n_tokens,
                "n_docs": n_docs,
                "first_position": first_position,
                "checksum": file.checksum,
                "format": format_name,
            }
            yield pa.RecordBatch.from_pylist([row], schema=SHARDS.schema)

    return write


def _documents(batch: pa.RecordBatch, kind: str) -> Iterator[Placed]:
    shards = zip(batch.column("arm").to_pylist(), batch.column("shard").to_pylist(), strict=True)
    names = ("doc_id", "source", "position", "lang", "n_tokens")
    columns = zip(*(batch.column(name).to_pylist() for name in names), strict=True)
    for row, (shard, (doc_id, source, position, lang, n_tokens)) in enumerate(
        zip(shards, columns, strict=True)
    ):
        text = batch.column("text")[row].as_py() if kind == "text" else None
        ids = batch.column("token_ids")[row].values.to_numpy() if kind == "tokens" else None
        yield shard, ShardDocument(doc_id, source, position, lang, n_tokens, ids, text)
