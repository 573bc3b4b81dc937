r"""Megatron's indexed dataset: `NAME.bin` with token ids, `NAME.idx` with where documents lie.

Little-endian, as Megatron-LM's `megatron/core/datasets/indexed_dataset.py` reads it:

    .bin    ids of all documents end to end, each with the end-of-document id (`--append-eod`)
    .idx    9 bytes `MMIDIDX\0\0`, uint64 version 1, uint8 type of ids (8: uint16, 4: int32),
            uint64 sequences, uint64 documents + 1,
            int32 length in ids of each sequence, int64 byte where it begins in .bin,
            int64 first sequence of each document, and the number of sequences

A document is one sequence. Megatron takes the path without suffix, and blends shards by a list of
them. `NAME.bin.csv.gz` names the documents (`boundaries.py`).
"""

from __future__ import annotations

import struct

import numpy as np

from pivotmine.stages.shard.boundaries import Boundaries
from pivotmine.stages.shard.writer import AtomicFile, ShardDocument, ShardFile, TokenFormat

_HEADER = b"MMIDIDX\x00\x00"
_VERSION = 1
_CODES = {2: 8, 4: 4}
"""Bytes of an id to Megatron's code; ids of four bytes are below 2^31, and so the same as int32."""


class MegatronWriter:
    """Writes `path`.bin, `path`.idx and `path`.bin.csv.gz; memory: 8 bytes a document."""

    def __init__(self, path: str, tokens: TokenFormat) -> None:
        self._tokens = tokens
        self._ids = AtomicFile(f"{path}.bin")
        self._index = AtomicFile(f"{path}.idx")
        self._boundaries = Boundaries(f"{path}.bin.csv.gz")
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
