r"""Token files: ids of all documents end to end, and the documents' boundaries beside them.

Each document is followed by the end-of-document id where the tokenizer has one. Numbers are
little-endian.

OLMo's memmap, `NAME.npy`, holds uint16 or uint32 ids without a header. In spite of its suffix it is
read by `numpy.memmap`, not by `numpy.load`.

Megatron's indexed dataset, as Megatron-LM's `megatron/core/datasets/indexed_dataset.py` reads it:

    .bin    the ids, each document with the end-of-document id (`--append-eod`)
    .idx    9 bytes `MMIDIDX\0\0`, uint64 version 1, uint8 type of ids (8: uint16, 4: int32),
            uint64 sequences, uint64 documents + 1,
            int32 length in ids of each sequence, int64 byte where it begins in .bin,
            int64 first sequence of each document, and the number of sequences

A document is one sequence. Megatron takes the path without suffix, and blends a list of shards.
"""

from __future__ import annotations

import struct
from typing import IO, cast

import numpy as np

from pivotmine.lake.boundaries import BoundaryWriter, boundaries_path
from pivotmine.stages.shard.writer import AtomicFile, ShardDocument, ShardFile, TokenFormat

_HEADER = b"MMIDIDX\x00\x00"
_VERSION = 1
_CODES = {2: 8, 4: 4}
"""Bytes of an id to Megatron's code; ids of four bytes are below 2^31, and so the same as int32."""


class NpyWriter:
    """Writes `path`.npy and `path`.csv.gz."""

    def __init__(self, path: str, tokens: TokenFormat) -> None:
        self._tokens = tokens
        self._ids = AtomicFile(f"{path}.npy")
        self._boundaries = _BoundaryFile(f"{path}.npy")

    def add(self, document: ShardDocument) -> None:
        assert document.token_ids is not None
        data = self._tokens.encode(document.token_ids)
        self._ids.write(data)
        self._boundaries.add(document, len(data) // self._tokens.dtype.itemsize)

    def close(self) -> ShardFile:
        self._boundaries.commit()
        return self._ids.commit()

    def abort(self) -> None:
        self._ids.abort()
        self._boundaries.abort()


class MegatronWriter:
    """Writes `path`.bin, `path`.idx and `path`.bin.csv.gz; memory: 8 bytes a document."""

    def __init__(self, path: str, tokens: TokenFormat) -> None:
        self._tokens = tokens
        self._ids = AtomicFile(f"{path}.bin")
        self._index = AtomicFile(f"{path}.idx")
        self._boundaries = _BoundaryFile(f"{path}.bin")
        self._lengths: list[int] = []

    def add(self, document: ShardDocument) -> None:
        assert document.token_ids is not None
        data = self._tokens.encode(document.token_ids)
        self._ids.write(data)
        self._lengths.append(len(data) // self._tokens.dtype.itemsize)
        self._boundaries.add(document, self._lengths[-1])

    def close(self) -> ShardFile:
        n_bytes = self._tokens.dtype.itemsize
        lengths = np.array(self._lengths, "<i4")
        ends = np.cumsum(lengths, dtype="<i8") * n_bytes
        n = len(lengths)
        self._index.write(_HEADER + struct.pack("<QBQQ", _VERSION, _CODES[n_bytes], n, n + 1))
        self._index.write(lengths.tobytes())
        self._index.write((ends - lengths * n_bytes).astype("<i8").tobytes())
        self._index.write(np.arange(n + 1, dtype="<i8").tobytes())
        self._index.commit()
        self._boundaries.commit()
        return self._ids.commit()

    def abort(self) -> None:
        for file in (self._ids, self._index, self._boundaries):
            file.abort()


class _BoundaryFile:
    """The boundaries beside a shard, which appear when they are complete."""

    def __init__(self, shard: str) -> None:
        self._file = AtomicFile(boundaries_path(shard))
        self._writer = BoundaryWriter(cast(IO[bytes], self._file))

    def add(self, document: ShardDocument, n_ids: int) -> None:
        self._writer.add(document.doc_id, document.source, document.position, n_ids)

    def commit(self) -> None:
        self._writer.close()
        self._file.commit()

    def abort(self) -> None:
        self._file.abort()
