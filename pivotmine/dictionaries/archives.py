"""Files inside the archives that dictionaries are published in: wheels, tarballs, Debian packages.

Archives are read as data and never installed. A Debian package is an `ar` file of tarballs. The
standard library reads tarballs but no `ar` files, whose members have a header of sixty bytes.
"""

from __future__ import annotations

import gzip
import io
import re
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError
from importlib.metadata import files as package_files
from pathlib import Path
from typing import IO, NamedTuple, cast

from pivotmine.errors import InputError, SetupError

_AR_MAGIC = b"!<arch>\n"
_AR_HEADER_BYTES = 60
_GZIP_MAGIC = b"\x1f\x8b"
_ZIPS = (".zip", ".whl")
_TARBALLS = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2")


class Member(NamedTuple):
    """An open file."""

    name: str
    """Its name inside the archive, or the path of a file outside archives."""

    stream: IO[bytes]
    """Its content, decompressed where it is gzip."""


@contextmanager
def open_member(path: Path, pattern: str) -> Iterator[Member]:
    """Open the first member, in the order of the archive, whose whole name matches `pattern`.

    A file that is no archive is opened itself. A Debian package is held in memory;
    other files are read as streams.

    Raises
    ------
    InputError
        The file cannot be read or decompressed, also later while the stream is read, or holds no
        such member.
    """
    try:
        with path.open("rb") as file, _member(path, file, re.compile(pattern)) as (name, raw):
            buffered = io.BufferedReader(cast(io.RawIOBase, raw))
            if buffered.peek(2)[:2] == _GZIP_MAGIC:
                with gzip.open(buffered) as stream:
                    yield Member(name, cast(IO[bytes], stream))
            else:
                yield Member(name, buffered)
    except (
        *(OSError, EOFError, ValueError, zlib.error),
        *(tarfile.TarError, zipfile.BadZipFile),
    ) as error:
        raise InputError(f"{path} cannot be read: {error}") from error


def read_member(path: Path, pattern: str) -> bytes:
    """The whole content of a member; raises as `open_member` does."""
    with open_member(path, pattern) as member:
        return member.stream.read()


OnMalformed = Callable[[InputError], None]
"""What is done about a line or entry that cannot be read. If it returns, the reader goes on."""


def stop(error: InputError) -> None:
    """Raise an error: a malformed line ends the reading."""
    raise error


def numbered_lines(
    path: Path, member: Member, on_malformed: OnMalformed = stop
) -> Iterator[tuple[int, str]]:
    """Lines of UTF-8 text without their ends, numbered from 1; others are malformed."""
    for number, line in enumerate(member.stream, 1):
        try:
            text = line.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            on_malformed(malformed(path, member, number, str(error)))
        else:
            yield number, text


def malformed(path: Path, member: Member, line: int, problem: str) -> InputError:
    """An error that names the file, the archive's member and the line."""
    where = f"{path}" if member.name == str(path) else f"{path} ({member.name})"
    return InputError(f"{where}, line {line}: {problem}")


def installed_file(package: str, pattern: str) -> Path:
    """The first file of an installed package whose whole name matches `pattern`.

    Raises
    ------
    SetupError
        The package is not installed, or has no such file.
    """
    try:
        for file in package_files(package) or ():
            if re.fullmatch(pattern, str(file)):
                return Path(str(file.locate()))
    except PackageNotFoundError:
        pass
    raise SetupError(
        f"package {package} with the dictionary is not installed: pip install {package}, or give "
        "the path of the file after the colon"
    )


@contextmanager
def _member(path: Path, file: IO[bytes], wanted: re.Pattern[str]) -> Iterator[Member]:
    if path.suffix in _ZIPS:
        with zipfile.ZipFile(file) as archive:
            names = [name for name in archive.namelist() if wanted.fullmatch(name)]
            if not names:
                raise _missing(path, wanted)
            with archive.open(names[0]) as stream:
                yield Member(names[0], stream)
    elif path.suffix == ".deb" or path.name.endswith(_TARBALLS):
        tarball = _tarball_of_package(file.read()) if path.suffix == ".deb" else file
        with tarfile.open(fileobj=tarball, mode="r:*") as tar:
            for member in tar:
                content = tar.extractfile(member) if wanted.fullmatch(member.name) else None
                if content is not None:
                    yield Member(member.name, content)
                    return
        raise _missing(path, wanted)
    else:
        yield Member(str(path), file)


def _missing(path: Path, wanted: re.Pattern[str]) -> InputError:
    return InputError(
        f"{path} holds no file like {wanted.pattern}: it is another version of the package than "
        "PivotMine knows."
    )


def _tarball_of_package(package: bytes) -> io.BytesIO:
    """The tarball of a Debian package that holds its files."""
    if not package.startswith(_AR_MAGIC):
        raise ValueError("not a Debian package")
    start = len(_AR_MAGIC)
    while start + _AR_HEADER_BYTES <= len(package):
        header = package[start : start + _AR_HEADER_BYTES]
        n_bytes = int(header[48:58])
        start += _AR_HEADER_BYTES
        if header[:16].startswith(b"data.tar"):
            return io.BytesIO(package[start : start + n_bytes])
        start += n_bytes + n_bytes % 2  # members begin at even offsets
    raise ValueError("this Debian package holds no data")
