"""Texts to their segments, those of table `tokens`."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from pivotmine.text.segments import split_segments

SCHEMA = pa.schema([("doc_id", pa.string()), ("segments", pa.list_(pa.string()))])


def split_texts(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Batches of (`doc_id`, `text`) to rows of `SCHEMA`, one for one."""
    for batch in batches:
        segments = [split_segments(text) for text in batch.column("text").to_pylist()]
        yield pa.RecordBatch.from_pydict(
            {"doc_id": batch.column("doc_id"), "segments": segments}, schema=SCHEMA
        )
