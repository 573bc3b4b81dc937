"""The row of table `tokenizer` for a model, trained or given."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from pivotmine.lake.tables import TOKENIZER
from pivotmine.text.tokenizer import Tokenizer

_END_OF_DOCUMENT = (
    "</s>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<eos>",
    "<|eos|>",
    "<|im_end|>",
    "[SEP]",
)
"""Names of the piece that ends a document; tokenizer files have no common way to name it."""


def tokenizer_row(tokenizer: Tokenizer, origin: str) -> pa.RecordBatch:
    """One row of table `tokenizer`; `origin` says where the model comes from."""
    runtime = tokenizer.load()
    row = {
        "tokenizer_id": tokenizer.sha256,
        "kind": tokenizer.kind,
        "vocab_size": runtime.vocab_size,
        "eos_token_id": end_of_document_id(runtime.pieces()),
        "origin": origin,
        "model": tokenizer.model,
    }
    return pa.RecordBatch.from_pylist([row], schema=TOKENIZER.schema)


def end_of_document_id(pieces: Sequence[str]) -> int | None:
    """Id of the piece that ends a document, by the first of the usual names; None without one."""
    by_piece = {piece: token_id for token_id, piece in enumerate(pieces)}
    return next((by_piece[name] for name in _END_OF_DOCUMENT if name in by_piece), None)
