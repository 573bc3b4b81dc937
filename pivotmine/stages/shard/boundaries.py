"""Where each document of a token file begins and ends, as gzipped lines `start,end,id,src,loc`.

Offsets are in tokens; dolma's tokenizer writes the same lines, and `pivotmine audit` reads them.
"""

from __future__ import annotations

import csv
import gzip
import io

from pivotmine.stages.shard.writer import AtomicFile, ShardDocument


class Boundaries:
    """Writes one line a document to `path`, which ends in .csv.gz."""

    def __init__(self, path: str) -> None:
        self._file = AtomicFile(path)
        # No time stamp and no name in the gzip header: the same shard has the same bytes.
        self._gzip = gzip.GzipFile(filename="", mode="wb", fileobj=self._file, mtime=0)
        self._text = io.TextIOWrapper(self._gzip, encoding="utf-8", newline="")
        self._csv = csv.writer(self._text, lineterminator="\n")
        self._end = 0

    def add(self, document: ShardDocument, n_ids: int) -> None:
        """Append a document of `n_ids` ids, the one that ends it included."""
        start, self._end = self._end, self._end + n_ids
        row = (start, self._end, document.doc_id, document.source, document.position)
        self._csv.writerow(row)

    def commit(self) -> None:
        self._text.close()
        self._gzip.close()
        self._file.commit()

    def abort(self) -> None:
        self._file.abort()
