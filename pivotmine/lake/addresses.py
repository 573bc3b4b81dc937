"""Addresses of files: one normal form, in which two spellings of a place can be compared.

The same file has several spellings. Spark says `s3a://bucket/key` and s3fs lists `bucket/key`; Java
says `file:/data/a`, Python `/data/a` and PyIceberg `file:///data/a`. Code that compares addresses
compares their normal forms and nothing else.

Characters are taken as the stores have them: nothing is percent-decoded, because `a%20b` and `a b`
are two keys of an object store, and two files on disk.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pivotmine.errors import LakeError

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(/.*)", re.DOTALL)

_ALIASES = {
    **{"s3a": "s3", "s3n": "s3"},
    "gcs": "gs",
    **{"abfss": "abfs", "az": "abfs", "wasb": "abfs", "wasbs": "abfs"},
    "local": "file",
}

_HOST_IS_CONNECTION = {"hdfs", "viewfs", "webhdfs"}
"""Stores whose host says whom to ask. Listings leave it out, and a lake asks one."""


@dataclass(frozen=True)
class Artifacts:
    """A folder for files that a table lists but does not hold."""

    folder: str
    """Its address."""

    name: str
    """What tables call it: its path in the lake, which stays when the lake is moved."""


def normal_address(address: str, filesystem: AbstractFileSystem | None = None) -> str:
    """The normal form of an address: `scheme://` and the parts of the path, with single slashes.

    A local path becomes absolute. Aliases of a scheme become one (`s3a`, `s3n`: `s3`). Empty parts
    of a path, and the slash at its end, are dropped.

    Parameters
    ----------
    address
        A URI or a local path; with `filesystem`, a name that it lists, which may have no scheme.
    filesystem
        The fsspec filesystem that the name comes from. All schemes that it calls its own are one.

    Examples
    --------
    >>> normal_address("s3a://bucket//lake/")
    's3://bucket/lake'
    >>> normal_address("file:/data/a") == normal_address("/data/x/../a")
    True
    """
    if filesystem is not None and _SCHEME.fullmatch(address) is None:
        address = str(filesystem.unstrip_protocol(address))
    found = _SCHEME.fullmatch(address)
    scheme = found[1].lower() if found else "file"
    if filesystem is not None:
        names = filesystem.protocol
        scheme = names[0] if not isinstance(names, str) and scheme in names else scheme
    scheme = _ALIASES.get(scheme, scheme)
    path = found[2] if found else address
    if scheme == "file":
        return "file://" + _absolute(path)
    has_host = path.startswith("//") and not path.startswith("///")
    parts = [part for part in path.split("/") if part]
    if has_host and scheme in _HOST_IS_CONNECTION:
        parts = parts[1:]
    if parts and scheme == "abfs":
        parts[0] = parts[0].partition("@")[0]
    return f"{scheme}://{'/'.join(parts)}"


def is_local(address: str) -> bool:
    """Whether an address is one of this machine's files."""
    return normal_address(address).startswith("file://")


def local_path(address: str) -> str:
    """The path of an address on this machine; other addresses stay as they are."""
    normal = normal_address(address)
    return normal.removeprefix("file://") if normal.startswith("file://") else address


def relative_address(address: str, folder: str) -> str:
    """The path of an address below a folder, both in normal form; empty for the folder itself.

    Raises
    ------
    LakeError
        It is not below: the store lists a folder under another address than it was asked for.
    """
    start = folder.rstrip("/") + "/"
    if address != folder and not address.startswith(start):
        raise LakeError(f"{folder} was listed, and the store named {address}, which is not in it")
    return address[len(start) :]


def _absolute(path: str) -> str:
    for host in ("//localhost/", "//"):  # file://localhost/a, file:///a
        if path.startswith(host):
            path = "/" + path.removeprefix(host).lstrip("/")
            break
    absolute = os.path.abspath(os.path.expanduser(path))
    return "/" + absolute.lstrip("/")
