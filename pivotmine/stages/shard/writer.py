"""The interface of a shard writer, and the atomic, hashed file that it writes.

A shard appears under its name only when it is complete. A killed task leaves files whose names end
in `.tmp`, in the folder of a run that was never committed.
"""

from __future__ import annotations

import secrets
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import LakeError
from pivotmine.lake.digests import DigestingWriter
from pivotmine.storage.filesystem import StoreFileSystem, open_filesystem

BLOCK_BYTES = 8 * 2**20


class ShardDocument(NamedTuple):
    """A document to be written to a shard."""

    doc_id: str
    source: str
    position: int
    lang: str
    n_tokens: int
    token_ids: NDArray[np.int32] | None
    """[n_tokens]; None for text formats."""
    text: str | None
    """None for token formats."""


class ShardFile(NamedTuple):
    """A file that was written."""

    path: str
    checksum: str


class TokenFormat(NamedTuple):
    """How token ids are stored; the tokenizer's id space decides."""

    vocab_size: int
    eos_token_id: int | None

    @property
    def dtype(self) -> np.dtype[np.unsignedinteger]:
        """Smallest of uint16 and uint32 that holds every id."""
        return np.dtype(np.uint16) if self.vocab_size <= 2**16 else np.dtype(np.uint32)

    def encode(self, token_ids: NDArray[np.int32]) -> bytes:
        """Little-endian ids of one document, with the id that ends it.

        Raises
        ------
        LakeError
            An id lies outside the id space: storing it would wrap it to another token.
        """
        if (
            token_ids.size
            and not 0 <= int(token_ids.min()) <= int(token_ids.max()) < self.vocab_size
        ):
            raise LakeError(
                f"token ids {token_ids.min()}..{token_ids.max()} do not fit the tokenizer's id "
                f"space of {self.vocab_size}; tokens and tokenizer come from different runs"
            )
        ids = token_ids if self.eos_token_id is None else np.append(token_ids, self.eos_token_id)
        return ids.astype(self.dtype.newbyteorder("<")).tobytes()


class ShardWriter(Protocol):
    """Takes the documents of one shard in order."""

    def __init__(self, path: str, tokens: TokenFormat) -> None: ...

    def add(self, document: ShardDocument) -> None:
        """Append a document."""

    def close(self) -> ShardFile:
        """Complete the shard and give its main file."""

    def abort(self) -> None:
        """Drop what was written."""


class AtomicFile(DigestingWriter):
    """A binary file that appears under `path` when it is closed, with its BLAKE3 hash."""

    _stream: Any  # a store's has `discard`

    def __init__(self, path: str) -> None:
        self.path = path
        self._filesystem, self._target = open_filesystem(path)
        self._filesystem.makedirs(self._filesystem._parent(self._target), exist_ok=True)
        # A store shows a file when it is complete; there a rename would copy it.
        self._is_atomic = isinstance(self._filesystem, StoreFileSystem)
        self._temporary = self._target
        if not self._is_atomic:
            self._temporary += f".{secrets.token_hex(4)}.tmp"
        super().__init__(self._filesystem.open(self._temporary, "wb", block_size=BLOCK_BYTES))

    def commit(self) -> ShardFile:
        """Close, and rename into place where the file is not in its place yet."""
        self._stream.close()
        if not self._is_atomic:
            self._filesystem.mv(self._temporary, self._target)
        self.close()
        return ShardFile(self.path, self.digest().blake3)

    def abort(self) -> None:
        """Close and delete."""
        if self._is_atomic:
            self._stream.discard()
        else:
            self._stream.close()
            if self._filesystem.exists(self._temporary):
                self._filesystem.rm(self._temporary)
        self.close()
