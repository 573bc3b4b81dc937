"""The token that ends a document, which tokenizer files do not name in one common way."""

from __future__ import annotations

from collections.abc import Sequence

_NAMES = ("</s>", "<|endoftext|>", "<|end_of_text|>", "<eos>", "<|eos|>", "<|im_end|>", "[SEP]")


def end_of_document_id(pieces: Sequence[str]) -> int | None:
    """Id of the end-of-document piece by the names in use, in the order of `_NAMES`; else None."""
    by_piece = {piece: token_id for token_id, piece in enumerate(pieces)}
    return next((by_piece[name] for name in _NAMES if name in by_piece), None)
