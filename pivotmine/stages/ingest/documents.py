"""Records of source files to documents with an id and a language, or to rejects with a reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pyarrow as pa
import pyarrow.compute as pc
from blake3 import blake3

from pivotmine.sources.records import RECORD_SCHEMA, Split
from pivotmine.text.language import Identifier
from pivotmine.text.quality import judge

DOC_ID_BYTES = 16

BoundsOf = Callable[[str | None], Mapping[str, float]]
"""Language to the quality bounds of its documents (`pivotmine.text.quality.judge`)."""

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


def identify(records: pa.RecordBatch, identifier: Identifier, split: Split) -> pa.RecordBatch:
    """Records of a split with the id and language of every document: rows of `SCHEMA`."""
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


def reject_low_quality(
    records: pa.RecordBatch, bounds_of: BoundsOf, raw_bytes: int
) -> pa.RecordBatch:
    """Rows of `SCHEMA` in which documents that break a quality bound have become rejects.

    The reason is the name of the setting; `raw` keeps the first `raw_bytes` of the text.
    """
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
