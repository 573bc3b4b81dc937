"""Source pieces to records: documents with id and language, and rejects with reasons.

A task gets the number of its pack of pieces and reads them by itself, so that reading scales with
the bytes and no record passes through the driver.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc
from blake3 import blake3

from pivotmine.sources import read_split
from pivotmine.sources.records import RECORD_SCHEMA, ColumnMap, ReadLimits, Split
from pivotmine.text.language import Identifier, load_identifier
from pivotmine.text.quality import judge
from pivotmine.udfs.numbered_tasks import numbers

DOC_ID_BYTES = 16

SCHEMA = pa.schema(
    [
        *RECORD_SCHEMA,
        pa.field("doc_id", pa.string()),
        pa.field("lang", pa.string()),
        pa.field("lang_prob", pa.float32()),
        pa.field("input_index", pa.int32()),
        pa.field("split_start", pa.int64()),
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
    bounds_of: Callable[[str | None], Mapping[str, float]] = lambda lang: {},
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Batches of `id` (int64, index into `packs`) to batches of `SCHEMA`.

    Parameters
    ----------
    columns
        One for each input of the recipe; a split names its input.
    bounds_of
        What the text of a document in a language must keep to (`pivotmine.text.quality.judge`).
    """

    def read(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        identifier = load_identifier(language_model)
        for split in (split for number in numbers(batches) for split in packs[number]):
            for records in read_split(split, columns[split.input_index], limits):
                found = _identified(records, identifier, split)
                yield _judged(found, bounds_of, limits.raw_bytes)

    return read


def _identified(records: pa.RecordBatch, identifier: Identifier, split: Split) -> pa.RecordBatch:
    texts = records.column("text").to_pylist()
    named = iter(identifier.identify_documents([text for text in texts if text is not None]))
    languages = [(None, None) if text is None else next(named) for text in texts]
    return pa.RecordBatch.from_arrays(
        [
            *records.columns,
            pa.array([text and document_id(text) for text in texts], pa.string()),
            pa.array([lang for lang, _ in languages], pa.string()),
            pa.array([prob for _, prob in languages], pa.float32()),
            pa.array([split.input_index] * len(texts), pa.int32()),
            pa.array([split.start] * len(texts), pa.int64()),
        ],
        schema=SCHEMA,
    )


def _judged(
    records: pa.RecordBatch,
    bounds_of: Callable[[str | None], Mapping[str, float]],
    raw_bytes: int,
) -> pa.RecordBatch:
    """The same records; documents that break a bound of their language are rejects."""
    languages = records.column("lang").to_pylist()
    bounds = {lang: bounds_of(lang) for lang in dict.fromkeys(languages)}
    if not any(bounds.values()):
        return records
    texts = records.column("text").to_pylist()
    verdicts = [
        None if text is None else judge(text, lang, bounds[lang])
        for text, lang in zip(texts, languages, strict=True)
    ]
    refused = pa.array([verdict is not None for verdict in verdicts])
    rows = records.filter(refused).to_pylist()
    for row, verdict in zip(rows, filter(None, verdicts), strict=True):
        compared = "under" if verdict.setting.startswith("min") else "over"
        row |= {
            **dict.fromkeys(("text", "doc_id", "lang", "lang_prob", "n_bytes")),
            "kind": "reject",
            "reason": verdict.setting,
            "detail": f"{verdict.value:.4g}, {compared} {verdict.setting} = {verdict.bound:g} "
            f"(language {row['lang']})",
            "raw": row["text"].encode()[:raw_bytes],
        }
    changed = pa.RecordBatch.from_pylist(rows, schema=SCHEMA)
    columns = zip(records.columns, changed.columns, strict=True)
    return pa.RecordBatch.from_arrays(
        [pc.replace_with_mask(before, refused, after) for before, after in columns], schema=SCHEMA
    )
