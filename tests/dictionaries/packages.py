"""Dictionary files and packages for tests, in the real formats."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path


def base64(value: int) -> str:
    """A number in the digits of dictd."""
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    text = ""
    while value or not text:
        value, digit = divmod(value, 64)
        text = digits[digit] + text
    return text


def dictd(articles: Sequence[tuple[Sequence[str], str]]) -> tuple[bytes, bytes]:
    """Index and compressed articles of a dictionary, each article with its headwords."""
    index, start = [], 0
    for headwords, article in articles:
        size = len(article.encode())
        index += [f"{word}\t{base64(start)}\t{base64(size)}\n" for word in headwords]
        start += size
    texts = "".join(article for _, article in articles).encode()
    return "".join(index).encode(), gzip.compress(texts)


def tar(path: Path, files: Mapping[str, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:
        _add(archive, files)
    return path


def deb(path: Path, files: Mapping[str, bytes]) -> Path:
    """A Debian package: an `ar` file whose last member is a tarball."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:xz") as archive:
        _add(archive, files)
    members = {"debian-binary": b"2.0", "data.tar.xz": buffer.getvalue()}
    with path.open("wb") as file:
        file.write(b"!<arch>\n")
        for name, content in members.items():
            header = f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n"
            file.write(header.encode() + content + b"\n" * (len(content) % 2))
    return path


def _add(archive: tarfile.TarFile, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        info = tarfile.TarInfo(name)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
