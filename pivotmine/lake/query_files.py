"""The files of snapshots as DuckDB opens them: sizes come from manifests, small files are kept.

DuckDB asks whether a file exists, how large it is and when it was changed, and opens it once to
learn its columns and once for each query. Files of a snapshot never change, so all but the reading
is answered from the manifests.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from fsspec import AbstractFileSystem

from pivotmine.storage.files import READ_WHOLE_BYTES

_WRITTEN = datetime(2000, 1, 1, tzinfo=UTC)
"""A time for all known files; DuckDB only asks whether it has changed."""

KEPT_BYTES = 256 * 2**20
"""Small files that a connection holds at most, together."""


class SnapshotFiles(AbstractFileSystem):  # type: ignore[misc]
    """A filesystem of known files over the lake's own, which is asked for all others.

    Parameters
    ----------
    inner
        The filesystem of the warehouse.
    sizes
        Addresses of the known files, as the tables spell them, with their bytes.
    """

    cachable = False

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner = inner
        self.protocol = inner.protocol
        self._sizes: dict[str, int] = {}
        self._kept: dict[str, bytes] = {}

    def add(self, sizes: Mapping[str, int]) -> None:
        """Make files known, by their addresses, with their bytes."""
        self._sizes |= {self._strip_protocol(path): size for path, size in sizes.items()}

    def _strip_protocol(self, path: Any) -> Any:
        return self.inner._strip_protocol(path)

    def unstrip_protocol(self, name: str) -> str:
        return str(self.inner.unstrip_protocol(name))

    def info(self, path: str, **options: Any) -> dict[str, Any]:
        name = self._strip_protocol(path)
        if name in self._sizes:
            return {"name": name, "size": self._sizes[name], "type": "file"}
        return dict(self.inner.info(path, **options))

    def exists(self, path: str, **options: Any) -> bool:
        return self._strip_protocol(path) in self._sizes or bool(self.inner.exists(path))

    def glob(self, path: str, **options: Any) -> Any:
        name = self._strip_protocol(path)
        return [name] if name in self._sizes else self.inner.glob(path, **options)

    def ls(self, path: str, detail: bool = True, **options: Any) -> Any:
        return self.inner.ls(path, detail=detail, **options)

    def modified(self, path: str) -> Any:
        return _WRITTEN if self._strip_protocol(path) in self._sizes else self.inner.modified(path)

    def _open(self, path: str, mode: str = "rb", **options: Any) -> Any:
        size = self._sizes.get(path) if mode == "rb" else None
        if size is None:
            return self.inner.open(path, mode)
        if size > READ_WHOLE_BYTES:
            return self.inner.open(path, mode, size=size)
        if path not in self._kept:
            if sum(map(len, self._kept.values())) + size > KEPT_BYTES:
                self._kept.clear()
            self._kept[path] = self.inner.cat_file(path)
        return io.BytesIO(self._kept[path])
