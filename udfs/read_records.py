"""Source pieces to records: documents with id and language, and rejects with reasons.

A task gets the number of its piece and reads that piece by itself, so that reading scales with the
pieces and no record passes through the driver.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pyarrow as pa
from blake3 import blake3

from pivotmine.sources import read_split
from pivotmine.sources.records import RECORD_SCHEMA, ColumnMap, ReadLimits, Split
from pivotmine.text.language import load_identifier

DOC_ID_BYTES = 16

SCHEMA = pa.schema(
    [
        *RECORD_SCHEMA,
        pa.field("doc_id", pa.string()),
        pa.field("lang", pa.string()),
        pa.field("lang_prob", pa.float32()),
    ]
)


def document_id(text: str) -> str:
    """BLAKE3-128 of the UTF-8 text, hexadecimal: identity comes from content alone."""
    return str(blake3(text.encode()).hexdigest(length=DOC_ID_BYTES))


def bind(
    splits: Sequence[Split],
    columns: Sequence[ColumnMap],
    limits: ReadLimits,
    language_model: str | None,
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Batches of `id` (int64, index into `splits`) to batches of `SCHEMA`.

    Parameters
    ----------
    columns
        One for each input of the recipe; a split names its input.
    """

    def read(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        identifier = load_identifier(language_model)
        for batch in batches:
            for index in batch.column("id").to_pylist():
                split = splits[index]
                for records in read_split(split, columns[split.input_index], limits):
                    texts = records.column("text").to_pylist()
                    languages = [
                        (None, None) if text is None else identifier.identify_document(text)
                        for text in texts
                    ]
                    yield pa.RecordBatch.from_arrays(
                        [
                            *records.columns,
                            pa.array([text and document_id(text) for text in texts], pa.string()),
                            pa.array([lang for lang, _ in languages], pa.string()),
                            pa.array([prob for _, prob in languages], pa.float32()),
                        ],
                        schema=SCHEMA,
                    )

    return read
