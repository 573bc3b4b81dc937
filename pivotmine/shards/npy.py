"""OLMo-style token memmaps: raw ids without a header, and the documents' boundaries beside them.

`NAME.npy` holds little-endian uint16 or uint32 ids of all documents end to end (each followed by
the end-of-document id, where the tokenizer has one); in spite of its suffix it is what
`numpy.memmap` reads, not `numpy.load`. `NAME.csv.gz` has a line `start,end,id,src,loc` a document,
offsets in tokens, as dolma's tokenizer writes it.
"""

from __future__ import annotations

import csv
import gzip
import io

from pivotmine.shards.writer import AtomicFile, ShardDocument, ShardFile, TokenFormat


class NpyWriter:
    """Writes `path`.npy and `path`.csv.gz."""

    def __init__(self, path: str, tokens: TokenFormat) -> None:
        self._tokens = tokens
        self._ids = AtomicFile(f"{path}.npy")
        self._boundaries = AtomicFile(f"{path}.csv.gz")
        # No time stamp and no name in the gzip header: the same shard has the same bytes.
        self._gzip = gzip.GzipFile(filename="", mode="wb", fileobj=self._boundaries, mtime=0)
        self._text = io.TextIOWrapper(self._gzip, encoding="utf-8", newline="")
        self._csv = csv.writer(self._text, lineterminator="\n")
        self._end = 0

    def add(self, document: ShardDocument) -> None:
        assert document.token_ids is not None
        data = self._tokens.encode(document.token_ids)
        start, self._end = self._end, self._end + len(data) // self._tokens.dtype.itemsize
        self._ids.write(data)
        row = (start, self._end, document.doc_id, document.source, document.position)
        self._csv.writerow(row)

    def close(self) -> ShardFile:
        self._text.close()
        self._gzip.close()
        self._boundaries.commit()
        return self._ids.commit()

    def abort(self) -> None:
        self._ids.abort()
        self._boundaries.abort()
