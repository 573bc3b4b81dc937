"""Expand files, directories and glob patterns into a sorted list of files.

This runs on the driver, once per input. One listing serves both the fingerprint of the inputs
(`InputFile.stamp`) and the splits.

Names that begin with `_` or `.` (`_SUCCESS`, `.crc`, `_delta_log`) are skipped where a directory or
pattern is expanded, as in Spark and Hive. To read such a file or directory, name it in full.
Nothing else is left out: a directory that may not be listed is an error, links are followed, and a
broken link is listed so that its reader rejects it.
"""

import os
import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

from fsspec.implementations.local import LocalFileSystem
from fsspec.utils import glob_translate

from pivotmine.errors import InputError
from pivotmine.redaction import public_uri
from pivotmine.storage.filesystem import open_filesystem

_GLOB_CHARACTERS = "*?["
_NEARBY_NAMES = 8
# Object stores name their version stamps differently; the first that is there is used.
_STAMP_KEYS = ("ETag", "etag", "md5", "mtime", "LastModified", "last_modified", "updated")


class InputFile(NamedTuple):
    """A file to read.

    `uri` is what reads it, with the secrets that this takes; `name` is what is written.
    `size_bytes` is None if the store does not report it. `stamp` is the version of the content as
    the store reports it: ETag, or modification time.
    """

    uri: str
    size_bytes: int | None
    stamp: str

    @property
    def name(self) -> str:
        """The URI as tables and messages have it: without user, password and signatures."""
        return public_uri(self.uri)


def list_files(uris: Sequence[str]) -> list[InputFile]:
    """Expand files, directories and glob patterns into files, each once, sorted by URI.

    Returned URIs are absolute and have a protocol (`file:///data/a.jsonl`). Their characters are
    those on disk, without percent-encoding. A path that exists is taken literally, even if it
    contains glob characters. Raises `InputError` if nothing matches or listing fails.
    """
    found: dict[str, InputFile] = {}
    for uri in uris:
        if "::" in uri:
            raise InputError(f"{uri}: chained URIs cannot be split; unpack the archive first")
        try:
            fs, path = open_filesystem(uri)
            fs.invalidate_cache()  # a driver may live long: do not plan from an old listing
            infos = _expand(fs, path)
            nearby = "" if infos else _nearby(fs, path)
        except (OSError, ValueError, ImportError) as error:
            raise InputError(f"{uri}: cannot list it: {error}") from error
        if not infos:
            raise InputError(f"{uri}: no file matches{nearby}")
        for name, info in infos.items():
            file = _input_file(fs, name, info)
            found[file.uri] = file
    if not found:
        raise InputError("no input URIs given; name files, directories or glob patterns")
    return sorted(found.values())


def _expand(fs: Any, path: str) -> dict[str, Any]:
    """Files that a path or pattern names: name -> information from the store."""
    try:
        info = fs.info(path)
    except FileNotFoundError:
        info = None
    if info is not None:
        if info["type"] != "directory":
            return {path: info}
        return dict(_walk(fs, path, ()))
    if not any(c in path for c in _GLOB_CHARACTERS):
        return {}
    folder = _existing_folder(fs, path)
    rest = path[len(folder) :].split("/")
    literal = {part for part in rest if not any(c in part for c in _GLOB_CHARACTERS)}
    literal.update(folder.split("/"))
    found: dict[str, Any] = {}
    for name, info in _glob(fs, path, folder):
        if any(_is_hidden(part) for part in name.split("/") if part not in literal):
            continue
        if info["type"] == "directory":
            found.update(_walk(fs, name, (name.rpartition("/")[0],)))
        else:
            found[name] = info
    return found


def _existing_folder(fs: Any, path: str) -> str:
    """The longest beginning of a local pattern that is a folder: its characters are literal."""
    folder = path.rpartition("/")[0] if isinstance(fs, LocalFileSystem) else ""
    while folder and not Path(folder).is_dir():
        folder = folder.rpartition("/")[0]
    return folder


def _glob(fs: Any, path: str, literal: str) -> Iterator[tuple[str, Any]]:
    """Files and directories that match a pattern below a folder that is taken literally.

    Local patterns are expanded here. fsspec and Python silently skip directories that may not be
    listed. fsspec also skips linked directories, in which corpora are often kept (on another disk,
    in a hub's cache).
    """
    if not isinstance(fs, LocalFileSystem):
        yield from fs.glob(path, detail=True).items()
        return
    below = path[len(literal) :]
    plain, deep, _ = below.partition("**")
    found = [Path(literal or "/")]
    for part in (plain.rpartition("/")[0] if deep else below).split("/")[1:]:
        if any(c in part for c in _GLOB_CHARACTERS):
            inside = (file for folder in found if folder.is_dir() for file in folder.iterdir())
            found = [f for f in inside if fnmatchcase(f.name, part) and not _is_hidden(f.name)]
        else:
            found = [f for folder in found if os.path.lexists(f := folder / part)]
    pattern = re.compile(glob_translate(below))
    for name in map(str, found):
        if not deep:
            yield name, _follow(fs, name, {"type": "other", "islink": True, "mtime": "broken"})
            continue
        for file, info in _walk(fs, name, ()):
            parts = file[len(literal) :].split("/")
            if any(pattern.match("/".join(parts[: n + 1])) for n in range(len(parts))):
                yield file, info


def _walk(fs: Any, root: str, parents: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Visible files under a directory, links followed (model hubs cache files as links).

    `parents` are the directories on the way here. A link to one of them, or to a directory that
    contains one, is not followed, since it would lead in a circle. Raises `OSError` for a local
    directory that may not be listed. fsspec's own `find` skips such a directory silently, and its
    `on_error` does not reach below the first level.
    """
    if isinstance(fs, LocalFileSystem):
        real = os.path.realpath(root)
        if any(f"{os.path.realpath(parent)}/".startswith(f"{real}/") for parent in parents):
            return
        found = {info["name"]: info for info in fs.ls(root, detail=True)}
    else:
        found = fs.find(root, detail=True)
    for name, info in found.items():
        if any(_is_hidden(part) for part in name[len(root) :].split("/")):
            continue
        info = _follow(fs, name, info)
        if info["type"] == "directory":
            yield from _walk(fs, name, (*parents, root))
        else:
            yield name, info


def _follow(fs: Any, name: str, info: dict[str, Any]) -> dict[str, Any]:
    """Information on the target of a link. A broken link is kept; its reader rejects it."""
    if not info.get("islink"):
        return info
    try:
        return dict(fs.info(name))
    except OSError:
        return info


def _is_hidden(name: str) -> bool:
    return name.startswith(("_", "."))


def _input_file(fs: Any, name: str, info: dict[str, Any]) -> InputFile:
    uri: str = fs.unstrip_protocol(name)
    try:
        uri.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(f"{uri!r}: the file name is not valid UTF-8; rename the file") from error
    if info["type"] != "file" and not info.get("islink"):
        raise InputError(f"{uri}: not a regular file; reading it could wait for ever")
    stamp = next((str(info[k]) for k in _STAMP_KEYS if info.get(k)), None) or str(fs.ukey(name))
    size = info.get("size")
    return InputFile(uri, None if size is None else int(size), stamp)


def _nearby(fs: Any, path: str) -> str:
    """What the nearest existing directory contains, for the error message."""
    parent = path.rstrip("/").rsplit("/", 1)[0]
    while parent and any(c in parent for c in _GLOB_CHARACTERS):
        parent = parent.rsplit("/", 1)[0]
    try:
        entries = (n.rstrip("/").rpartition("/")[2] for n in fs.ls(parent or "/", detail=False))
        names = sorted(name for name in entries if not _is_hidden(name))
    except OSError:
        return f"; there is no {parent}"
    shown = ", ".join(names[:_NEARBY_NAMES]) + (", ..." if len(names) > _NEARBY_NAMES else "")
    return f"; {parent} holds {shown or 'nothing'}"
