"""Document texts to token ids, segments and segment languages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pyarrow as pa

from pivotmine.schema import TOKENS
from pivotmine.text.language import load_identifier
from pivotmine.text.segments import split_segments
from pivotmine.text.tokenizer import Tokenizer, load_tokenizer


def bind(
    tokenizer: Tokenizer, languages: Sequence[str], language_model: str | None
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Batches of (`doc_id`, `lang`, `text`) to rows of table `tokens`, one for one."""

    def tokenize(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        encoder = load_tokenizer(tokenizer)
        identifier = load_identifier(language_model)
        for batch in batches:
            token_ids, segment_ends, segment_langs = [], [], []
            texts = batch.column("text").to_pylist()
            for text, lang in zip(texts, batch.column("lang").to_pylist(), strict=True):
                segments = split_segments(text)
                ids, ends = encoder.encode_segments(segments)
                token_ids.append(ids)
                segment_ends.append(ends)
                segment_langs.append(identifier.identify_segments(segments, lang, languages))
            yield pa.RecordBatch.from_arrays(
                [
                    batch.column("doc_id"),
                    batch.column("lang"),
                    pa.array(token_ids, TOKENS.schema.field("token_ids").type),
                    pa.array(segment_ends, TOKENS.schema.field("segment_ends").type),
                    pa.array(segment_langs, TOKENS.schema.field("segment_langs").type),
                    pa.array([len(ids) for ids in token_ids], pa.int32()),
                ],
                schema=TOKENS.schema,
            )

    return tokenize
