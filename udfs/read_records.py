"""Source pieces to records: documents with id and language, and rejects with reasons.

A task gets the number of its pack of pieces and reads them by itself, so that reading scales with
the bytes and no record passes through the driver.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pyarrow as pa
from blake3 import blake3

from pivotmine.sources import read_split
from pivotmine.sources.records import RECORD_SCHEMA, ColumnMap, ReadLimits, Split
from pivotmine.text.language import Identifier, load_identifier
from udfs.numbered_tasks import numbers

DOC_ID_BYTES = 16

SCHEMA = pa.schema(
    [
        *RECORD_SCHEMA,
        pa.field("doc_id", pa.string()),
        pa.field("lang", pa.string()),
        pa.field("lang_prob", pa.float32()),
        pa.field("input_index", pa.int32()),
    ]
)


def document_id(text: str) -> str:
    """BLAKE3-128 of the UTF-8 text, hexadecimal: identity comes from content alone."""
    return str(blake3(text.encode()).hexdigest(length=DOC_ID_BYTES))


def bind(
    packs: Sequence[Sequence[Split]],
    columns: Sequence[ColumnMap],
    limits: ReadLimits,
    language_model: str | None,
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Batches of `id` (int64, index into `packs`) to batches of `SCHEMA`.

    Parameters
    ----------
    columns
        One for each input of the recipe; a split names its input.
    """

    def read(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        identifier = load_identifier(language_model)
        for split in (split for number in numbers(batches) for split in packs[number]):
            for records in read_split(split, columns[split.input_index], limits):
                yield _identified(records, identifier, split.input_index)

    return read


def _identified(
    records: pa.RecordBatch, identifier: Identifier, input_index: int
) -> pa.RecordBatch:
    texts = records.column("text").to_pylist()
    languages = [
        (None, None) if text is None else identifier.identify_document(text) for text in texts
    ]
    return pa.RecordBatch.from_arrays(
        [
            *records.columns,
            pa.array([text and document_id(text) for text in texts], pa.string()),
            pa.array([lang for lang, _ in languages], pa.string()),
            pa.array([prob for _, prob in languages], pa.float32()),
            pa.array([input_index] * len(texts), pa.int32()),
        ],
        schema=SCHEMA,
    )
