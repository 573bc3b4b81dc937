"""Hugging Face tokenizer.json files as tokenizer runtimes.

Segments are encoded as if the tokenizer read the whole document: the prefix that it puts before a
text (a `Prepend` normalizer, a `Metaspace` or `ByteLevel` prefix) goes before the first segment
only. Tokenizers that first split words at blanks (XLM-R, BERT) mark every word the same way
wherever it stands, and are left as they are.
"""

import json
import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from tokenizers import Tokenizer as HuggingFaceTokenizer

from pivotmine.errors import ConfigError
from pivotmine.text.token_notation import read_byte_level
from pivotmine.text.tokenizer_runtime import TokenIds, TokenizerRuntime

_WORD_SPLITTERS = {"WhitespaceSplit", "Whitespace", "BertPreTokenizer"}


def load_huggingface(content: bytes) -> TokenizerRuntime:
    """Runtime of the bytes of a tokenizer.json; raises `ConfigError` for other content."""
    # Spark's executors own the parallelism; read by the library at every batch.
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    try:
        config = json.loads(content)
        first = _open(config)
        bare = _without_prefix(config)
        rest = first if bare == config else _open(bare)
    # The library raises plain Exception for every malformed file.
    except Exception as error:
        raise ConfigError(f"not a Hugging Face tokenizer.json: {error}") from error
    return HuggingFace(first, rest, config)


class HuggingFace(TokenizerRuntime):
    """A tokenizer.json with its own conventions; see the module docstring."""

    def __init__(
        self, first: HuggingFaceTokenizer, rest: HuggingFaceTokenizer, config: dict[str, Any]
    ) -> None:
        self._first = first
        self._rest = rest
        self._is_byte_level = any(part.get("type") == "ByteLevel" for part in _parts(config))
        self._added = {token["content"] for token in config.get("added_tokens") or ()}
        self._ids = first.get_vocab(with_added_tokens=True)
        self._size = max(self._ids.values(), default=-1) + 1

    @property
    def vocab_size(self) -> int:
        return self._size

    def pieces(self) -> list[str]:
        pieces = [f"<unused {token_id}>" for token_id in range(self._size)]
        for piece, token_id in self._ids.items():
            as_text = self._is_byte_level and piece not in self._added
            pieces[token_id] = read_byte_level(piece) if as_text else piece
        return pieces

    def decode(self, token_ids: Sequence[int] | TokenIds) -> str:
        ids = np.asarray(token_ids, np.int32).tolist()
        return self._first.decode(ids, skip_special_tokens=False)

    def _encode(self, documents: Sequence[Sequence[str]]) -> list[list[int]]:
        texts = [text for segments in documents for text in segments]
        encoded: list[list[int]] = [
            encoding.ids
            for encoding in self._rest.encode_batch_fast(texts, add_special_tokens=False)
        ]
        if self._first is not self._rest:
            opening = list(_first_segments(documents))
            batch = self._first.encode_batch_fast(
                [texts[i] for i in opening], add_special_tokens=False
            )
            for i, encoding in zip(opening, batch, strict=True):
                encoded[i] = encoding.ids
        return encoded


def _open(config: dict[str, Any]) -> HuggingFaceTokenizer:
    tokenizer = HuggingFaceTokenizer.from_str(json.dumps(config))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    # A page that spells `<|endoftext|>` must not end a document.
    tokenizer.encode_special_tokens = True
    return tokenizer


def _first_segments(documents: Sequence[Sequence[str]]) -> Iterator[int]:
    """Positions, over all documents, of the first segment with text of each document."""
    offset = 0
    for segments in documents:
        for i, segment in enumerate(segments):
            if segment:
                yield offset + i
                break
        offset += len(segments)


def _parts(config: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every normalizer, pre-tokenizer and decoder, those inside sequences too."""
    pending = [config.get(name) for name in ("normalizer", "pre_tokenizer", "decoder")]
    while pending:
        part = pending.pop()
        if isinstance(part, dict):
            yield part
            for inner in ("normalizers", "pretokenizers", "decoders"):
                pending.extend(part.get(inner) or ())


def _without_prefix(config: dict[str, Any]) -> dict[str, Any]:
    """The same tokenizer without what it puts before a text."""
    if any(part.get("type") in _WORD_SPLITTERS for part in _parts(config)):
        return config
    changed: dict[str, Any] = json.loads(json.dumps(config))
    for part in _parts(changed):
        match part.get("type"):
            case "Metaspace":
                part.pop("add_prefix_space", None)
                part["prepend_scheme"] = "never"
            case "ByteLevel":
                part["add_prefix_space"] = False
            case "Prepend":
                part["prepend"] = ""
    return changed
