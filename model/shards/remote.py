"""A shard in an object store: blocks of it are fetched when they are needed, and kept.

The cache holds a file of the shard's size, filled block by block, and a byte for every block that
says whether it is there. Workers of a machine share both. When the last block has arrived, the
checksum of the whole is computed once and the file gets its final name; what was read before is
checked only in so far as documents end where they should (`packing.py`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import InputError
from pivotmine.model.locks import alone
from pivotmine.model.shards.verified import verify

BLOCK_BYTES = 2**20
"""Bytes of a request. Documents are read in random order, so larger blocks would mostly bring what
is not yet needed, and smaller ones cost more requests a shard."""


class RemoteIds:
    """Token ids of a remote shard; `self[start:stop]` is like that of an array.

    Memory: one byte a block. Disk: the shard's size.
    """

    def __init__(
        self,
        filesystem: Any,
        path: str,
        dtype: np.dtype[np.unsignedinteger],
        n_tokens: int,
        checksum: str,
        cache: Path,
    ) -> None:
        self._filesystem, self._path, self._dtype = filesystem, path, dtype
        self._n_tokens, self._checksum, self._cache = n_tokens, checksum, cache
        self._n_bytes = n_tokens * dtype.itemsize
        self._n_blocks = -(-self._n_bytes // BLOCK_BYTES)
        self._whole = cache / f"{checksum}.npy"
        self._parts = cache / f"{checksum}.parts"
        self._there = cache / f"{checksum}.blocks"

    def __len__(self) -> int:
        return self._n_tokens

    def __getitem__(self, tokens: slice) -> NDArray[np.unsignedinteger]:
        start, stop, _ = tokens.indices(self._n_tokens)
        self.fetch([(start, stop)])
        size = self._dtype.itemsize
        file = self._whole if self._whole.exists() else self._parts
        try:
            with file.open("rb") as stream:
                content = os.pread(stream.fileno(), (stop - start) * size, start * size)
        except FileNotFoundError:  # it became whole meanwhile
            content = self._whole.read_bytes()[start * size : stop * size]
        return np.frombuffer(content, self._dtype)

    def fetch(self, spans: Iterable[tuple[int, int]], executor: Executor | None = None) -> None:
        """Bring the blocks of token ranges into the cache, several at once with an executor.

        Raises
        ------
        InputError
            The store does not give them, or the whole shard is not what was written.
        """
        if self._whole.exists():
            return
        there = self._blocks()
        size = self._dtype.itemsize
        wanted = {
            block
            for start, stop in spans
            if stop > start
            for block in range(start * size // BLOCK_BYTES, -(-stop * size // BLOCK_BYTES))
            if not there[block]
        }
        if not wanted:
            return
        for _ in (executor.map if executor else map)(self._fetch, sorted(wanted)):
            pass
        if self._blocks().all():
            self._finish()

    def whole(self, again: bool) -> Path | None:
        """The cache's file, if the whole shard is there. With `again` it is brought there, and its
        checksum is computed even if that was done before.

        Raises
        ------
        InputError
            It is not what was written. It is dropped from the cache.
        """
        if again and self._n_tokens and not self._whole.exists():
            self.fetch([(0, self._n_tokens)])
        if not self._whole.exists():
            return None
        try:
            verify(self._whole, self._checksum, self._path, self._cache, again)
        except InputError:
            self._whole.unlink(missing_ok=True)
            raise
        return self._whole

    def _blocks(self) -> NDArray[np.uint8]:
        """[blocks] 1 where a block is in the cache."""
        if not self._there.exists():
            with alone(self._there):
                if not self._there.exists() and not self._whole.exists():
                    for path, n in ((self._parts, self._n_bytes), (self._there, self._n_blocks)):
                        partial = path.with_suffix(f".{os.getpid()}")
                        with partial.open("wb") as stream:
                            stream.truncate(n)
                        partial.replace(path)
        try:
            return np.fromfile(self._there, np.uint8)
        except FileNotFoundError:  # another worker has found the shard whole
            return np.ones(self._n_blocks, np.uint8)

    def _fetch(self, block: int) -> None:
        start = block * BLOCK_BYTES
        stop = min(start + BLOCK_BYTES, self._n_bytes)
        try:
            content = self._filesystem.cat_file(self._path, start=start, end=stop)
        except OSError as error:
            raise InputError(f"shard {self._path} cannot be read: {error}") from None
        if len(content) != stop - start:
            raise InputError(f"shard {self._path} is cut off: it has no bytes at {start:,}")
        for path, value, place in (
            (self._parts, content, start), (self._there, b"\1", block),
        ):  # fmt: skip
            if not path.exists():  # another worker has found the shard whole
                return
            with path.open("r+b") as stream:
                os.pwrite(stream.fileno(), value, place)

    def _finish(self) -> None:
        with alone(self._there):
            if self._whole.exists():
                return
            try:
                verify(self._parts, self._checksum, self._path, self._cache)
            except InputError:
                self._parts.unlink()
                self._there.unlink()
                raise
            self._parts.replace(self._whole)
            self._there.unlink()
