"""Token ids of segments, by a tokenizer trained on the corpus or a given one.

A `Tokenizer` is a value: the bytes of the model and how it is used. It has 1 to 10 MB, so it can be
broadcast, and fingerprints hold its checksum. `load` turns it into a runtime, once per
process. Every segment is encoded by itself. No token crosses a segment, so counts, windows and
shards agree on its tokens. The ids of a document's segments, end to end, decode to the document.

Models trained here follow the line-prefix convention (`lines.py`), and a mark in the model says so.
Given models keep their own convention. One that puts a space before a text puts it before the
document, and not again before every sentence.

Threads: sentencepiece and Hugging Face tokenizers start one thread per core by default. Spark's
executors own the parallelism, so both are held to one. One core encodes 7 to 12 MB/s of software
manuals with a unigram model of 32,000 pieces, and 3 to 9 MB/s with BPE.
"""

import json
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Literal

from pivotmine.errors import ConfigError
from pivotmine.storage.filesystem import open_file
from pivotmine.text.tokenizer_runtime import TokenizerRuntime

Kind = Literal["sentencepiece", "huggingface"]


@dataclass(frozen=True)
class Tokenizer:
    """A tokenizer as a value; equal, and hashed, by `sha256`."""

    kind: Kind = field(compare=False)
    model: bytes = field(compare=False, repr=False)
    line_prefix: bool | None = field(compare=False, default=None)
    """Whether to use the convention of `lines.py`; `None`: if the model says so."""
    sha256: str = field(init=False)
    """Hexadecimal checksum of kind, convention and model."""

    def __post_init__(self) -> None:
        digest = sha256(f"{self.kind}\n{self.line_prefix}\n".encode() + self.model).hexdigest()
        object.__setattr__(self, "sha256", digest)

    def load(self) -> TokenizerRuntime:
        """The runtime of this tokenizer, the same object whenever called in this process.

        Raises `ConfigError` when the model is not of its kind.
        """
        return _load(self)


def read_tokenizer_file(uri: str) -> tuple[Kind, bytes]:
    """Kind and content of a tokenizer file, local or at any address that fsspec opens.

    The content decides, not the name. Raises `ConfigError` when the file cannot be read, or is
    neither a sentencepiece model nor a Hugging Face tokenizer.json.
    """
    try:
        with open_file(uri) as file:
            content: bytes = file.read()
    except (OSError, ValueError, ImportError) as error:
        raise ConfigError(
            f"tokenizer {uri} cannot be read ({error}): give the path of a sentencepiece model"
            " or of a Hugging Face tokenizer.json"
        ) from error
    kind: Kind = "huggingface" if _is_json(content) else "sentencepiece"
    try:
        Tokenizer(kind, content).load()
    except ConfigError as error:
        raise ConfigError(
            f"tokenizer {uri} is neither a sentencepiece model nor a Hugging Face tokenizer.json:"
            f" {error}"
        ) from error
    return kind, content


@lru_cache(maxsize=4)
def _load(tokenizer: Tokenizer) -> TokenizerRuntime:
    # Each library is imported only when a run uses it.
    if tokenizer.kind == "sentencepiece":
        from pivotmine.text.sentencepiece_runtime import load_sentencepiece

        return load_sentencepiece(tokenizer.model, tokenizer.line_prefix)
    from pivotmine.text.huggingface_runtime import load_huggingface

    return load_huggingface(tokenizer.model)


def _is_json(content: bytes) -> bool:
    try:
        return isinstance(json.loads(content), dict)
    except ValueError:
        return False
