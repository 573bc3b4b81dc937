"""What a file holds, told by its first bytes: compression, and things that are no data.

Names of files lie: a download tool unpacks a `.gz` or leaves its suffix out, a server sends an
error page in place of a file, a checkout leaves Git LFS pointers. So first bytes decide, and names
help where these do not tell.
"""

from __future__ import annotations

import codecs
import re

import zstandard

from pivotmine.sources.gzip_members import GZIP_MAGIC

HEAD_BYTES = 1445
"""First bytes that are looked at, as in WHATWG MIME Sniffing."""

# Beginnings that no text has. zstd may begin with a skippable frame (RFC 8878, section 3.1.2).
_ZSTD = re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18", re.DOTALL)
_UNSUPPORTED = (
    (re.compile(rb"BZh[1-9]1AY&SY"), "bzip2"),
    (re.compile(rb"\xfd7zXZ\0"), "xz"),
    (re.compile(rb"\x04\x22\x4d\x18"), "lz4"),
    (re.compile(rb"7z\xbc\xaf\x27\x1c"), "a 7z archive"),
    (re.compile(rb"PK(?:\x03\x04|\x05\x06)"), "a zip archive"),
    (re.compile(rb".{257}ustar", re.DOTALL), "a tar archive"),
)
_BINARY = re.compile(rb"[\0-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_POINTER = b"version https://git-lfs.github.com/spec/"
_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html)\b", re.IGNORECASE)
_XML = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:\?xml\b|Error>)", re.IGNORECASE)
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
_DATA = ("jsonl", "warc", "gettext", "parquet", "")
"""Formats that are no pages; the empty one stands for any of those that are cut into pieces."""


class WrongContent(Exception):
    """A file is something else than its name says."""


def compression_of(head: bytes, named: str) -> str:
    """`none`, `gzip` or `zstd`, by the first bytes of a file; by its name if they do not tell.

    Raises `WrongContent` for a compression or an archive that cannot be read.
    """
    if head.startswith(GZIP_MAGIC):
        return "gzip"
    if _ZSTD.match(head):
        return "zstd"
    if found := next((name for mark, name in _UNSUPPORTED if mark.match(head)), ""):
        raise WrongContent(
            f"the file is {found}, which is not read; unpack it, or use gzip or zstd"
        )
    magic = {"gzip": GZIP_MAGIC, "zstd": zstandard.FRAME_HEADER}.get(named, b"")
    is_damaged = magic.startswith(head) or _BINARY.search(head[:HEAD_BYTES])
    return named if is_damaged else "none"


def refuse_content(head: bytes, format: str) -> None:
    """Raise `WrongContent` where decompressed data is known not to be of a format."""
    if head.startswith(_POINTER):
        raise WrongContent(
            "the file is a Git LFS pointer, not the data; fetch that with `git lfs pull`"
        )
    if format == "lexicon" and _PAGE.match(head):
        raise WrongContent("the file is an HTML page")
    if format not in _DATA:
        return
    if head.startswith(b"PAR1") and format != "parquet":
        raise WrongContent("the file is Parquet; set the format, or name it .parquet")
    if _PAGE.match(head) or _XML.match(head):
        what = "an HTML page" if _PAGE.match(head) else "XML"
        title = re.search(rb"<(title|Message|Code)>\s*([^<]{1,80})", head, re.IGNORECASE)
        about = f" ({title[2].decode('utf-8', 'replace').strip()!r})" if title else ""
        raise WrongContent(
            f"the file is {what}{about}, perhaps an error of the server that it came from"
        )
    if format == "jsonl" and head.startswith(b"WARC/"):
        raise WrongContent("the file is WARC; set the format, or name it .warc")
    if format in ("jsonl", "gettext") and head.startswith(_WIDE_MARKS):
        raise WrongContent("the file is in UTF-16 or UTF-32; convert it to UTF-8")
