"""An object store in memory that names its files as s3fs does: `bucket/key`, without a scheme."""

from __future__ import annotations

from typing import Any, ClassVar

import fsspec
from fsspec.implementations.memory import MemoryFileSystem
from pyiceberg.io import FileIO, InputFile, InputStream, OutputFile, OutputStream


class BucketStore(MemoryFileSystem):
    """Objects of one process; `bucket://` and `bucketa://` are the same store."""

    protocol = ("bucket", "bucketa")
    root_marker = ""
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        if isinstance(path, list):
            return [cls._strip_protocol(item) for item in path]
        return "/" + str(path).partition("://")[2].strip("/") if "://" in path else _rooted(path)

    def ls(self, path: str, detail: bool = True, **kwargs: Any) -> Any:
        """Entries with names such as `bucket/key`."""
        found = super().ls(path, detail=True, **kwargs)
        named = [{**item, "name": item["name"].lstrip("/")} for item in found]
        return named if detail else sorted(item["name"] for item in named)

    def find(self, path: str, *arguments: Any, **kwargs: Any) -> Any:
        """Files below a path, with names such as `bucket/key`."""
        top = self._strip_protocol(path)
        below = [name for name in self.store if name == top or name.startswith(f"{top}/")]
        return sorted(name.lstrip("/") for name in below)

    def unstrip_protocol(self, name: str) -> str:
        """The name with the first of the schemes."""
        return name if "://" in name else f"bucket://{name.lstrip('/')}"


def _rooted(path: str) -> str:
    return "/" + path.strip("/") if path.strip("/") else ""


class BucketFileIO(FileIO):
    """PyIceberg's access to the store."""

    def new_input(self, location: str) -> InputFile:
        return _File(location)

    def new_output(self, location: str) -> OutputFile:
        return _File(location)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        store().rm(location if isinstance(location, str) else location.location)


class _File(InputFile, OutputFile):
    def __len__(self) -> int:
        return int(store().size(self.location))

    def exists(self) -> bool:
        return bool(store().exists(self.location))

    def open(self, seekable: bool = True) -> InputStream:
        stream: InputStream = store().open(self.location, "rb")
        return stream

    def create(self, overwrite: bool = False) -> OutputStream:
        stream: OutputStream = store().open(self.location, "wb")
        return stream

    def to_input_file(self) -> InputFile:
        return self


def store() -> BucketStore:
    """The store."""
    found = fsspec.filesystem("bucket")
    assert isinstance(found, BucketStore)
    return found


fsspec.register_implementation("bucket", BucketStore, clobber=True)
fsspec.register_implementation("bucketa", BucketStore, clobber=True)
