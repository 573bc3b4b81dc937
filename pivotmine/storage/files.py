"""Open files of a store: reads that are repeated, and writes that are one operation.

A file that is written lies on this machine until it is closed, in memory up to `MEMORY_BYTES` and
then in a temporary file. It is uploaded whole, so an upload that fails can be repeated, and a file
is in the store completely or not at all.
"""

from __future__ import annotations

import io
import tempfile
from typing import Any

from fsspec.spec import AbstractBufferedFile

MEMORY_BYTES = 16 * 2**20

READ_WHOLE_BYTES = 8 * 2**20
"""A file of up to this size is read in one request."""

BLOCK_BYTES = 2**20
"""What is read beyond the bytes that are asked for."""


def _cache(size: int) -> str:
    return "all" if 0 < size <= READ_WHOLE_BYTES else "readahead"


class ReadFile(AbstractBufferedFile):  # type: ignore[misc]
    """A file of a store, read in blocks; a block that fails is asked for again.

    Parameters
    ----------
    inner
        The store's own file, which knows how to get a range.
    """

    def __init__(self, filesystem: Any, path: str, inner: Any, block_size: int) -> None:
        self._inner = inner
        super().__init__(
            filesystem, path, "rb", block_size, cache_type=_cache(inner.size), size=int(inner.size)
        )

    def _fetch_range(self, start: int, end: int) -> bytes:
        end = min(end, self.size)
        return bytes(
            self.fs.patiently(lambda: self._inner._fetch_range(start, end), self.path)
            if start < end
            else b""
        )


class KnownFile(AbstractBufferedFile):  # type: ignore[misc]
    """A file whose size is known, so that the store is not asked for it."""

    def __init__(self, filesystem: Any, path: str, size: int, block_size: int) -> None:
        super().__init__(filesystem, path, "rb", block_size, cache_type=_cache(size), size=size)

    def _fetch_range(self, start: int, end: int) -> bytes:
        end = min(end, self.size)
        return bytes(self.fs.cat_file(self.path, start=start, end=end) if start < end else b"")


class WholeFile(io.RawIOBase):
    """A file that appears in the store when it is closed; after an error it does not."""

    def __init__(self, filesystem: Any, path: str) -> None:
        super().__init__()
        self.path = path
        self._filesystem = filesystem
        self._stream: Any = io.BytesIO()
        self._is_large = False
        self._is_dropped = False
        self._n_bytes = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        if not self._is_large and self._n_bytes + view.nbytes > MEMORY_BYTES:
            held = self._stream.getvalue()
            self._stream = tempfile.NamedTemporaryFile(prefix="pivotmine-", suffix=".upload")  # noqa: SIM115 - closed in `close`
            self._stream.write(held)
            self._is_large = True
        self._stream.write(view)
        self._n_bytes += view.nbytes
        return view.nbytes

    def tell(self) -> int:
        return self._n_bytes

    def discard(self) -> None:
        """Close without writing to the store."""
        self._is_dropped = True
        self.close()

    def close(self) -> None:
        if self.closed:
            return
        super().close()
        try:
            if not self._is_dropped:
                self._upload()
        finally:
            self._stream.close()

    def _upload(self) -> None:
        if self._is_large:
            self._stream.flush()
            self._filesystem.put_file(self._stream.name, self.path)
        else:
            self._filesystem.pipe_file(self.path, self._stream.getvalue())

    def __exit__(self, kind: Any, *rest: Any) -> None:
        if kind is not None:
            self._is_dropped = True
        self.close()
