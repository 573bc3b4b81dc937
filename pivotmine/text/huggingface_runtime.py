"""Hugging Face tokenizer.json files as tokenizer runtimes.

Segments are encoded as if the tokenizer read the whole document: the prefix that it puts before a
text (a `Prepend` normalizer, a `Metaspace` or `ByteLevel` prefix) goes before the first segment
only. Tokenizers that first split words at blanks (XLM-R, BERT) mark every word the same way
wherever it stands, and are left as they are.

What a tokenizer does at random in training is off (BPE dropout, sampling of unigrams): one text has
one encoding. Special tokens are never read from the text. The library can leave them out of the
search for added tokens, but the vocabulary may still spell them (`</s>` is a unigram of XLM-R). A
text that does is encoded in two parts, cut inside of the name.
"""

import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from tokenizers import Tokenizer as HuggingFaceTokenizer

from pivotmine.errors import ConfigError
from pivotmine.text.token_notation import read_byte_level
from pivotmine.text.tokenizer_runtime import TokenIds, TokenizerRuntime

_WORD_SPLITTERS = {"WhitespaceSplit", "Whitespace", "BertPreTokenizer"}
_RANDOM_SETTINGS = ("dropout", "alpha", "nbest_size")
"""Settings of BPE and Unigram models that make an encoding random."""

END_NAMES = (
    *("</s>", "<|endoftext|>", "<|end_of_text|>", "<eos>", "<|eos|>", "[EOS]"),
    *("<\uff5cend\u2581of\u2581sentence\uff5c>", "<|im_end|>", "[SEP]"),
)
"""Usual names of the special token that ends a document, where no template says it."""


def load_huggingface(content: bytes) -> TokenizerRuntime:
    """Runtime of the bytes of a tokenizer.json; raises `ConfigError` for other content."""
    # Spark's executors own the parallelism; read by the library at every batch.
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    try:
        config = _without_randomness(json.loads(content))
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
        added = config.get("added_tokens") or ()
        self._added = {token["content"] for token in added}
        # A name of one character has no other spelling, so texts produce it.
        self._special = {
            token["content"]: token["id"]
            for token in added
            if token.get("special") and len(token["content"]) > 1
        }
        self._end = _end_of_document(config, self._special)
        self._unspoken = frozenset(self._special.values()) - {_unknown_id(config["model"])}
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

    def special_tokens(self) -> dict[str, int]:
        return dict(self._special)

    @property
    def end_of_document(self) -> int | None:
        return self._end

    def decode(self, token_ids: Sequence[int] | TokenIds) -> str:
        ids = np.asarray(token_ids, np.int32).tolist()
        return self._first.decode(ids, skip_special_tokens=False)

    def _encode(self, documents: Sequence[Sequence[str]]) -> list[list[int]]:
        texts = [text for segments in documents for text in segments]
        encoded: list[list[int]] = [
            encoding.ids
            for encoding in self._rest.encode_batch_fast(texts, add_special_tokens=False)
        ]
        opening = list(_first_segments(documents)) if self._first is not self._rest else []
        if opening:
            batch = self._first.encode_batch_fast(
                [texts[i] for i in opening], add_special_tokens=False
            )
            for i, encoding in zip(opening, batch, strict=True):
                encoded[i] = encoding.ids
        for i, ids in enumerate(encoded):
            if not self._unspoken.isdisjoint(ids):
                opens = self._first if i in opening else self._rest
                encoded[i] = self._spelled(texts[i], opens)
        return encoded

    def _spelled(self, text: str, opens: HuggingFaceTokenizer) -> list[int]:
        """Ids of a text that holds names of special tokens, without these tokens.

        The text is cut inside of the names. A tokenizer that makes them of other characters has it
        cut between all of them.
        """
        for parts in (_cut_names(text, self._special), list(text)):
            ids = opens.encode(parts[0], add_special_tokens=False).ids
            batch = self._rest.encode_batch_fast(parts[1:], add_special_tokens=False)
            ids += [token_id for encoding in batch for token_id in encoding.ids]
            if self._unspoken.isdisjoint(ids):
                break
        return ids


def _open(config: dict[str, Any]) -> HuggingFaceTokenizer:
    tokenizer = HuggingFaceTokenizer.from_str(json.dumps(config))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    # A page that spells `<|endoftext|>` must not end a document.
    tokenizer.encode_special_tokens = True
    return tokenizer


def without_randomness(content: bytes) -> bytes:
    """A tokenizer.json without what makes its encodings random."""
    return json.dumps(_without_randomness(json.loads(content))).encode()


def _without_randomness(config: dict[str, Any]) -> dict[str, Any]:
    model = config["model"]
    return config | {
        "model": {name: value for name, value in model.items() if name not in _RANDOM_SETTINGS}
    }


def _end_of_document(config: dict[str, Any], special: dict[str, int]) -> int | None:
    """Id of the special token that a template puts after a text, else of one with a usual name."""
    for part in _post_processors(config.get("post_processor")):
        if (name := _after_text(part)) in special:
            return special[str(name)]
    return next((special[name] for name in END_NAMES if name in special), None)


def _post_processors(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        yield part
        for inner in part.get("processors") or ():
            yield from _post_processors(inner)


def _after_text(part: dict[str, Any]) -> str | None:
    """The first special token that a post-processor adds after a single text."""
    if part.get("type") in ("BertProcessing", "RobertaProcessing"):
        return str(part["sep"][0])
    seen_text = False
    for item in part.get("single") or ():
        seen_text |= "Sequence" in item
        if seen_text and "SpecialToken" in item:
            return str(item["SpecialToken"]["id"])
    return None


def _unknown_id(model: dict[str, Any]) -> int | None:
    """Id of the token for what a model cannot spell; texts produce that one."""
    if model.get("unk_id") is not None:
        return int(model["unk_id"])
    vocabulary = model.get("vocab")
    return vocabulary.get(model.get("unk_token")) if isinstance(vocabulary, dict) else None


def _cut_names(text: str, names: Iterable[str]) -> list[str]:
    """A text in parts, cut after the first character of each of the names in it."""
    pattern = re.compile("|".join(map(re.escape, names)))
    cuts = [0, *(found.start() + 1 for found in pattern.finditer(text)), len(text)]
    return [text[start:end] for start, end in pairwise(cuts)]


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
