"""Document texts to token ids, segments and segment languages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pyarrow as pa

from pivotmine.numeric.arrow_batches import slice_by_bytes
from pivotmine.stages.tokenize.rows import token_rows
from pivotmine.text.language import load_identifier
from pivotmine.text.tokenizer import Tokenizer

_MAX_BYTES = 4 * 2**20
"""Bytes of text tokenized at once; an encoder holds about 100 bytes a token while it works."""


def bind(
    tokenizer: Tokenizer, languages: Sequence[str], language_model: str | None
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Batches of (`doc_id`, `source`, `lang`, `text`) to rows of table `tokens`, one for one."""

    def tokenize(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        encoder = tokenizer.load()
        identifier = load_identifier(language_model)
        pieces = (piece for batch in batches for piece in slice_by_bytes(batch, "text", _MAX_BYTES))
        for batch in pieces:
            yield token_rows(batch, encoder, identifier, languages)

    return tokenize
