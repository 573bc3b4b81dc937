"""Document texts to token ids, segments and segment languages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pyarrow as pa

from pivotmine.lake.tables import TOKENS
from pivotmine.numeric.arrow_batches import slice_by_bytes
from pivotmine.stages.tokenize.languages import tokens_by_language
from pivotmine.text.language import load_identifier
from pivotmine.text.segments import split_segments
from pivotmine.text.tokenizer import Tokenizer

_MAX_BYTES = 4 * 2**20
"""Bytes of text tokenized at once; an encoder holds about 100 bytes a token while it works."""


def bind(
    tokenizer: Tokenizer, languages: Sequence[str], language_model: str | None
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Batches of (`doc_id`, `lang`, `text`) to rows of table `tokens`, one for one."""

    def tokenize(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        encoder = tokenizer.load()
        identifier = load_identifier(language_model)
        pieces = (piece for batch in batches for piece in slice_by_bytes(batch, "text", _MAX_BYTES))
        for batch in pieces:
            documents = [split_segments(text) for text in batch.column("text").to_pylist()]
            token_ids, segment_ends = zip(*encoder.encode_documents(documents), strict=True)
            segment_langs = [
                identifier.identify_segments(segments, lang, languages)
                for segments, lang in zip(documents, batch.column("lang").to_pylist(), strict=True)
            ]
            yield pa.RecordBatch.from_arrays(
                [
                    batch.column("doc_id"),
                    batch.column("lang"),
                    pa.array(token_ids, TOKENS.schema.field("token_ids").type),
                    pa.array(segment_ends, TOKENS.schema.field("segment_ends").type),
                    pa.array(segment_langs, TOKENS.schema.field("segment_langs").type),
                    pa.array([len(ids) for ids in token_ids], pa.int32()),
                    pa.array(
                        map(tokens_by_language, segment_ends, segment_langs),
                        TOKENS.schema.field("lang_tokens").type,
                    ),
                ],
                schema=TOKENS.schema,
            )

    return tokenize
