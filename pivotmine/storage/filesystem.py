"""The one way to a file: sources, tables, shards, catalogs and queries open files here.

A filesystem is fsspec's, made with the settings of the process (`settings.py`). Those of stores are
wrapped: what can be repeated is repeated while the error may pass (`patience.py`), listings are
never taken from a cache, and what the store refuses is said in one line. Files of this machine are
opened as they are.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from typing import IO, Any, TypeVar

import fsspec
from fsspec.implementations.local import LocalFileSystem

from pivotmine.errors import StorageError
from pivotmine.storage.failures import explain, is_whole_store, without_secrets
from pivotmine.storage.files import BLOCK_BYTES, KnownFile, ReadFile, WholeFile
from pivotmine.storage.patience import patiently
from pivotmine.storage.settings import StorageSettings, current, sent_variables

Result = TypeVar("Result")

_ALIASES = {"s3n": "s3a"}
"""Schemes that fsspec does not know, and what they are."""

_WITHOUT_FOLDERS = {"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az"}
"""Stores in which a folder is only the beginning of a name: there is nothing to create."""

_REQUEST_ATTEMPTS = 5
"""How often a request is sent before the whole operation counts as failed, and is repeated later:
a listing of a thousand pages would never end if one failed page began it anew."""


def open_filesystem(uri: str, settings: StorageSettings | None = None) -> tuple[Any, str]:
    """The filesystem of an address, and its name there.

    Raises
    ------
    StorageError
        The package for the scheme is not installed, or the scheme is unknown.
    """
    if "::" in uri:  # fsspec's own chains, such as simplecache::s3://
        return tuple(fsspec.core.url_to_fs(uri))  # type: ignore[return-value]
    scheme, colon, rest = uri.partition("://")
    if not colon:
        return tuple(fsspec.core.url_to_fs(uri))  # type: ignore[return-value]
    scheme = _ALIASES.get(scheme, scheme)
    if issubclass(_class(scheme, uri), LocalFileSystem):
        return tuple(fsspec.core.url_to_fs(uri))  # type: ignore[return-value]
    host = uri if scheme in {"hdfs", "webhdfs", "sftp", "ssh", "ftp", "smb", "github"} else ""
    names = frozenset(sent_variables().items())
    filesystem = _filesystem(scheme, host, settings or current(), names, os.getpid())
    return filesystem, filesystem._strip_protocol(f"{scheme}://{rest}")


def open_file(uri: str, mode: str = "rb", *, size: int | None = None, **options: Any) -> IO[Any]:
    """Open a file at any address; a known size spares a request to a store.

    Raises
    ------
    FileNotFoundError
        It is not there.
    StorageError
        The store refuses, or does not answer.
    """
    filesystem, path = open_filesystem(uri)
    if size is not None and isinstance(filesystem, StoreFileSystem):
        options["size"] = size
    stream: IO[Any] = filesystem.open(path, mode, **options)
    return stream


class StoreFileSystem(fsspec.AbstractFileSystem):  # type: ignore[misc]
    """A store's filesystem with patience, and with errors that say what to do.

    Parameters
    ----------
    inner
        The filesystem of fsspec that it asks.
    """

    cachable = False

    def __init__(self, inner: Any, settings: StorageSettings) -> None:
        super().__init__()
        self.inner = inner
        self.settings = settings
        self.protocol = inner.protocol
        names = {inner.protocol} if isinstance(inner.protocol, str) else set(inner.protocol)
        self._is_s3 = "s3" in names
        self.has_folders = not names & _WITHOUT_FOLDERS

    def patiently(self, operation: Callable[[], Result], path: Any) -> Result:
        """The result of an operation on a path that may be repeated."""
        subject = str(self.unstrip_protocol(path) if isinstance(path, str) else path)
        try:
            return patiently(operation, subject, self.settings)
        except (FileNotFoundError, FileExistsError, IsADirectoryError, NotADirectoryError) as error:
            if not is_whole_store(error):
                raise
            raise StorageError(f"{subject}: {explain(error)}") from error
        except StorageError:
            raise
        except (OSError, ImportError) as error:
            raise StorageError(f"{subject}: {explain(error)}") from error
        except Exception as error:
            if type(error).__module__.startswith(("botocore", "aiobotocore", "aiohttp", "gcsfs")):
                raise StorageError(f"{subject}: {explain(error)}") from error
            raise

    # ---- names -------------------------------------------------------------------------------

    def _strip_protocol(self, path: Any) -> Any:
        return self.inner._strip_protocol(path)

    def unstrip_protocol(self, name: str) -> str:
        return str(self.inner.unstrip_protocol(name))

    def _parent(self, path: str) -> str:
        return str(self.inner._parent(path))

    # ---- looking -----------------------------------------------------------------------------

    def info(self, path: str, **options: Any) -> dict[str, Any]:
        return dict(self.patiently(lambda: self.inner.info(path, **options), path))

    def exists(self, path: str, **options: Any) -> bool:
        try:
            self.info(path, **options)
        except FileNotFoundError:
            return False
        return True

    def size(self, path: str) -> Any:
        return self.info(path)["size"]

    def ls(self, path: str, detail: bool = True, **options: Any) -> Any:
        return self.patiently(lambda: self.inner.ls(path, detail=detail, **options), path)

    def find(self, path: str, *args: Any, **options: Any) -> Any:
        return self.patiently(lambda: self.inner.find(path, *args, **options), path)

    def glob(self, path: str, **options: Any) -> Any:
        return self.patiently(lambda: self.inner.glob(path, **options), path)

    def ukey(self, path: str) -> str:
        return str(self.patiently(lambda: self.inner.ukey(path), path))

    def invalidate_cache(self, path: str | None = None) -> None:
        self.inner.invalidate_cache(path)

    # ---- content -----------------------------------------------------------------------------

    def cat_file(
        self, path: str, start: int | None = None, end: int | None = None, **options: Any
    ) -> bytes:
        if self._is_s3 and start is None and end is None:
            options |= {"max_concurrency": 1}  # else s3fs asks for the size first
        return bytes(
            self.patiently(lambda: self.inner.cat_file(path, start=start, end=end, **options), path)
        )

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **options: Any) -> None:
        self._make_parent(path)
        self.patiently(lambda: self.inner.pipe_file(path, value, **options), path)

    def put_file(self, lpath: str, rpath: str, *args: Any, **options: Any) -> None:
        self._make_parent(rpath)
        self.patiently(lambda: self.inner.put_file(lpath, rpath, *args, **options), rpath)

    def get_file(self, rpath: str, lpath: str, *args: Any, **options: Any) -> None:
        self.patiently(lambda: self.inner.get_file(rpath, lpath, *args, **options), rpath)

    def _open(
        self,
        path: str,
        mode: str = "rb",
        block_size: int | None = None,
        size: int | None = None,
        **options: Any,
    ) -> Any:
        if mode == "wb":
            return WholeFile(self, path)
        if mode != "rb":
            raise StorageError(f"{path}: a file of a store is read or written whole, not {mode!r}")
        if size is not None:
            return KnownFile(self, path, size, block_size or BLOCK_BYTES)
        inner = self.patiently(lambda: self.inner.open(path, "rb", cache_type="none"), path)
        if isinstance(inner, fsspec.spec.AbstractBufferedFile) and inner.size is not None:
            return ReadFile(self, path, inner, block_size or BLOCK_BYTES)
        return inner

    # ---- changing ----------------------------------------------------------------------------

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        if self.has_folders:
            self.patiently(lambda: self.inner.makedirs(path, exist_ok=exist_ok), path)

    mkdirs = makedirs

    def mkdir(self, path: str, create_parents: bool = True, **options: Any) -> None:
        self.makedirs(path, exist_ok=True)

    def rm(self, path: Any, recursive: bool = False, maxdepth: int | None = None) -> None:
        self.patiently(lambda: self.inner.rm(path, recursive=recursive, maxdepth=maxdepth), path)

    def rm_file(self, path: str) -> None:
        self.patiently(lambda: self.inner.rm_file(path), path)

    def mv(self, path1: str, path2: str, **options: Any) -> None:
        self.patiently(lambda: self.inner.mv(path1, path2, **options), path1)

    def cp_file(self, path1: str, path2: str, **options: Any) -> None:
        self.patiently(lambda: self.inner.cp_file(path1, path2, **options), path1)

    def _make_parent(self, path: str) -> None:
        if self.has_folders and (parent := self._parent(path)):
            self.makedirs(parent, exist_ok=True)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "inner":
            raise AttributeError(name)
        return getattr(self.inner, name)


@lru_cache(maxsize=32)
def _filesystem(
    scheme: str,
    uri: str,
    settings: StorageSettings,
    environment: frozenset[tuple[str, str]],
    pid: int,
) -> StoreFileSystem:
    """One a scheme and process: a connection of the parent is of no use after a fork."""
    options: dict[str, Any] = {}
    if scheme in ("s3", "s3a"):
        options = _s3_options(settings)
    elif scheme in ("gs", "gcs") and settings.anonymous:
        options = {"token": "anon"}
    elif uri:
        options = _class(scheme, uri)._get_kwargs_from_urls(uri)
    try:
        inner = fsspec.filesystem(
            scheme, **{"use_listings_cache": False, "skip_instance_cache": True, **options}
        )
    except Exception as error:
        raise StorageError(f"{scheme}://: {without_secrets(explain(error))}") from error
    if scheme in ("s3", "s3a"):
        inner.retries = 1  # requests are repeated by botocore, operations by `patiently`
    return StoreFileSystem(inner, settings)


def _s3_options(settings: StorageSettings) -> dict[str, Any]:
    region = settings.region or os.environ.get("AWS_REGION") or None
    return {
        "anon": settings.anonymous,
        "profile": settings.profile or None,
        "endpoint_url": settings.endpoint or None,
        "client_kwargs": {"region_name": region} if region else {},
        "config_kwargs": {
            "retries": {"total_max_attempts": _REQUEST_ATTEMPTS, "mode": "standard"},
            "connect_timeout": min(10.0, settings.timeout_seconds),
            "read_timeout": settings.timeout_seconds,
        },
    }


def _class(scheme: str, uri: str) -> Any:
    try:
        return fsspec.get_filesystem_class(scheme)
    except ImportError as error:
        raise StorageError(f"{uri}: {explain(error)}") from error
    except ValueError:
        raise StorageError(
            f"{uri}: there is no filesystem for {scheme}://; known are s3, gs, abfs, hdfs, http "
            "and file paths"
        ) from None
