"""Selected documents to shard files, and texts to segments, which the control arm exchanges."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby

import pyarrow as pa

from pivotmine.lake.addresses import Artifacts
from pivotmine.lake.tables import SHARDS
from pivotmine.stages.shard.formats import TEXT_FORMATS, write_shard
from pivotmine.stages.shard.writer import ShardDocument, TokenFormat
from pivotmine.text.segments import split_segments

Batches = Iterator[pa.RecordBatch]
Placed = tuple[tuple[str, int], ShardDocument]

SEGMENTS = pa.schema([("doc_id", pa.string()), ("segments", pa.list_(pa.string()))])


def bind_write(
    place: Artifacts, format_name: str, tokens: TokenFormat
) -> Callable[[Batches], Batches]:
    """Batches sorted by (`arm`, `shard`, `position`) to rows of table `shards`, one a file.

    A partition must hold whole shards. Columns besides those three: `doc_id`, `source`, `lang`,
    `n_tokens`, and `token_ids` or `text`. A task may run twice: names come from arm and shard
    number, bytes from the documents, and a file appears only when it is complete.
    """
    kind = "text" if format_name in TEXT_FORMATS else "tokens"

    def write(batches: Batches) -> Batches:
        placed = (item for batch in batches for item in _documents(batch, kind))
        for (arm, shard), items in groupby(placed, key=lambda item: item[0]):
            path = f"{place.folder}/{arm}/{kind}-{shard:05d}"
            documents = (document for _, document in items)
            written = write_shard(format_name, path, tokens, documents)
            row = {"arm": arm, "format": format_name, **written._asdict()}
            row["path"] = place.name + written.path[len(place.folder) :]
            yield pa.RecordBatch.from_pylist([row], schema=SHARDS.schema)

    return write


def split_texts(batches: Batches) -> Batches:
    """Batches of (`doc_id`, `text`) to rows of `SEGMENTS`, one for one."""
    for batch in batches:
        segments = [split_segments(text) for text in batch.column("text").to_pylist()]
        yield pa.RecordBatch.from_pydict(
            {"doc_id": batch.column("doc_id"), "segments": segments}, schema=SEGMENTS
        )


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
