"""Token ids of segments, by the run's own tokenizer or by the one of the model to be trained.

A `Tokenizer` is a value: the bytes of the model and how it is used, small enough (1 to 10 MB) to be
broadcast, with a checksum that stands for it in fingerprints. `load` turns it into a runtime, once
per process. Every segment is encoded by itself, so that no token crosses a segment and counts,
windows and shards agree on its tokens; the ids of a document's segments, end to end, decode to the
document.

Our own models follow the line-prefix convention (see `lines.py`) and say so themselves. Given
models keep theirs: one that puts a space before a text puts it before the document and not again
before every sentence.

Threads: sentencepiece releases the GIL while it encodes (measured: another Python thread kept
running) and would start one thread per core by default; Hugging Face tokenizers too. Spark's
executors own the parallelism, so both are held to one. Measured on software manuals, 32k pieces,
one busy core: unigram 7 to 12 MB/s (en 7.5, fr 10, zh 9.5, ja 12), BPE 3 to 9 MB/s.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from itertools import accumulate, chain
from typing import Literal

import fsspec
import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import ConfigError

Kind = Literal["sentencepiece", "huggingface"]
TokenIds = NDArray[np.int32]


@dataclass(frozen=True)
class Tokenizer:
    """A tokenizer as a value; equal, and hashed, by `sha256`."""

    kind: Kind = field(compare=False)
    model: bytes = field(compare=False, repr=False)
    line_prefix: bool | None = field(compare=False, default=None)
    """Whether to use the convention of `lines.py`; `None`: if the model says it was trained so."""
    sha256: str = field(init=False)
    """Hexadecimal checksum of kind, convention and model."""

    def __post_init__(self) -> None:
        digest = sha256(f"{self.kind}\n{self.line_prefix}\n".encode() + self.model).hexdigest()
        object.__setattr__(self, "sha256", digest)

    def load(self) -> "TokenizerRuntime":
        """The runtime of this tokenizer, the same object whenever called in this process.

        Raises `ConfigError` when the model is not of its kind.
        """
        return _load(self)


class TokenizerRuntime(ABC):
    """A loaded tokenizer. Safe to share between threads."""

    @property
    @abstractmethod
    def vocab_size(self) -> int:
        """Size of the complete id space, added tokens included: every id is below it."""

    @abstractmethod
    def pieces(self) -> list[str]:
        """str[vocab_size]: each id in the notation of `pieces.py`; `<unused 7>` for a hole."""

    @abstractmethod
    def decode(self, token_ids: Sequence[int] | TokenIds) -> str:
        """Text of the ids of a document, or of its segments from a line start on."""

    @abstractmethod
    def _encode(self, documents: Sequence[Sequence[str]]) -> list[list[int]]:
        """Ids of every segment of every document, in order."""

    def encode_segments(self, segments: Sequence[str]) -> tuple[TokenIds, TokenIds]:
        """Token ids of one document's segments and where each segment ends.

        Returns int32[T] and int32[S]: segment `s` holds `token_ids[ends[s - 1]:ends[s]]`. Special
        tokens are never added, nor read from the text.
        """
        return self.encode_documents([segments])[0]

    def encode_documents(
        self, documents: Sequence[Sequence[str]]
    ) -> list[tuple[TokenIds, TokenIds]]:
        """`encode_segments` of many documents, in one call of the library.

        Memory is about 100 bytes per token of the batch.
        """
        encoded = self._encode(documents)
        results = []
        first = 0
        for segments in documents:
            ids = encoded[first : first + len(segments)]
            first += len(segments)
            ends = np.fromiter(accumulate(map(len, ids)), np.int32, len(ids))
            n_tokens = int(ends[-1]) if len(ends) else 0
            results.append((np.fromiter(chain.from_iterable(ids), np.int32, n_tokens), ends))
        return results


def load_tokenizer(kind: Kind, model: bytes, line_prefix: bool | None = None) -> TokenizerRuntime:
    """Runtime of a model, cached per process by checksum; same as `Tokenizer(...).load()`."""
    return Tokenizer(kind, model, line_prefix).load()


@lru_cache(maxsize=4)
def _load(tokenizer: Tokenizer) -> TokenizerRuntime:
    # Each library is imported only when a run uses it.
    if tokenizer.kind == "sentencepiece":
        from pivotmine.text.sentencepiece_runtime import load_sentencepiece

        return load_sentencepiece(tokenizer.model, tokenizer.line_prefix)
    from pivotmine.text.huggingface_runtime import load_huggingface

    return load_huggingface(tokenizer.model)


def read_tokenizer_file(uri: str) -> tuple[Kind, bytes]:
    """Kind and content of a tokenizer file, local or at any address that fsspec opens.

    The content decides, not the name. Raises `ConfigError` when the file cannot be read, or is
    neither a sentencepiece model nor a Hugging Face tokenizer.json.
    """
    try:
        with fsspec.open(uri, "rb") as file:
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


def _is_json(content: bytes) -> bool:
    try:
        return isinstance(json.loads(content), dict)
    except ValueError:
        return False
