"""Where each document of a token shard begins and ends: the one writer and the one reader.

A file of boundaries is gzip with a line `start,end,id,src,loc` for each document, as dolma's
tokenizer writes it: the first of its ids in the shard and the one after its last, its `doc_id`, its
source, and its position in the arm. Sources are free text, and readers of this format split lines
at commas, so a source is percent-encoded (RFC 3986): the file holds no quotes, and no separator
that is not one.
"""

from __future__ import annotations

import gzip
from typing import IO, Any, NamedTuple, cast
from urllib.parse import quote

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

_COLUMNS = {
    "start": pa.int64(),
    "end": pa.int64(),
    "doc_id": pa.string(),
    "source": pa.string(),
    "position": pa.int64(),
}
_PLAIN = "/:@!$&()*+=?~#"
"""Characters of a source that stay as they are, besides letters, digits and `_.-~`."""


class Boundaries(NamedTuple):
    """Documents of a shard in its order."""

    starts: NDArray[np.int64]
    """[D] first id of each document in the shard."""

    ends: NDArray[np.int64]
    """[D] the id after its last one."""

    doc_ids: pa.StringArray
    """[D]"""


def boundaries_path(shard: str) -> str:
    """Path of the boundaries of a shard: `NAME.npy` has them in `NAME.csv.gz`, other files beside
    themselves."""
    return f"{shard.removesuffix('.npy')}.csv.gz"


class BoundaryWriter:
    """Writes boundaries to an open file; the same documents give the same bytes."""

    def __init__(self, file: IO[bytes]) -> None:
        # No time stamp and no name in the header.
        self._gzip = gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0)
        self._end = 0

    def add(self, doc_id: str, source: str, position: int, n_ids: int) -> None:
        """Append a document of `n_ids` ids, the one that ends it included."""
        start, self._end = self._end, self._end + n_ids
        label = quote(source, safe=_PLAIN)
        self._gzip.write(f"{start},{self._end},{doc_id},{label},{position}\n".encode())

    def close(self) -> None:
        """Complete the stream; the file stays open."""
        self._gzip.close()


def read_boundaries(filesystem: Any, path: str) -> Boundaries:
    """Read the boundaries of one shard.

    Parameters
    ----------
    filesystem, path
        fsspec's filesystem, and a path on it.

    Raises
    ------
    OSError, EOFError, ValueError
        The file is missing, is no gzip, or holds other lines.
    """
    with filesystem.open(path, "rb") as file, gzip.open(file) as stream:
        content = cast(IO[bytes], stream).read()
    if not content:
        none = np.empty(0, np.int64)
        return Boundaries(none, none, pa.array([], pa.string()))
    table = pa.csv.read_csv(
        pa.py_buffer(content),
        pa.csv.ReadOptions(column_names=list(_COLUMNS), use_threads=False),
        pa.csv.ParseOptions(quote_char=False, double_quote=False),
        pa.csv.ConvertOptions(column_types=_COLUMNS, strings_can_be_null=False),
    ).combine_chunks()
    return Boundaries(
        table["start"].to_numpy(), table["end"].to_numpy(), table["doc_id"].combine_chunks()
    )
