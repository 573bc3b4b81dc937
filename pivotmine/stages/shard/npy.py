"""OLMo-style token memmaps: raw ids without a header, and the documents' boundaries beside them.

`NAME.npy` holds little-endian uint16 or uint32 ids of all documents end to end, each followed by
the end-of-document id where the tokenizer has one. In spite of its suffix it is read by
`numpy.memmap`, not by `numpy.load`. `NAME.csv.gz` says where documents begin (`boundaries.py`).
"""

from __future__ import annotations

from pivotmine.stages.shard.boundaries import Boundaries
from pivotmine.stages.shard.writer import AtomicFile, ShardDocument, ShardFile, TokenFormat


class NpyWriter:
    """Writes `path`.npy and `path`.csv.gz."""

    def __init__(self, path: str, tokens: TokenFormat) -> None:
        self._tokens = tokens
        self._ids = AtomicFile(f"{path}.npy")
        self._boundaries = Boundaries(f"{path}.csv.gz")

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
