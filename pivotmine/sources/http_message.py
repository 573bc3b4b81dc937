"""HTTP messages as archives hold them: header fields, transfer and content encodings, media types.

Archives are kinder than RFC 9112: lines end in bare line feeds, encodings that a crawler has
removed are still declared, and misnamed ones are common. So a body that is not encoded as its
header says is taken as it stands, as by warcio. The first bytes of gzip and zstd cannot begin a
text; they overrule the header.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable

import brotli
import zstandard

Fields = dict[str, str]
"""Values by name in lower case; of a name that comes twice, the values in order with commas."""

HEAD_END = re.compile(rb"\r?\n\r?\n")
MAX_LAYERS = 4
"""Content encodings upon each other, from which on a body is taken as it stands."""

_LINE_END = re.compile(rb"\r?\n")
_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]{0,1000})?\r?\n")
_CHARSET = re.compile(r""";\s*charset\s*=\s*(?:"([^"]*)"|'([^']*)'|([^;,\s]*))""", re.IGNORECASE)
_IDENTITY = ("", "identity", "none", "utf-8", "binary", "8bit", "7bit")
_GZIP_MAGIC = b"\x1f\x8b\x08"

# WHATWG MIME Sniffing: tags that begin HTML, and bytes that no text has.
_HTML = re.compile(
    rb"[\t\n\f\r ]*<(?:!--|!doctype html\b|\?xml\b|(?:html|head|script|iframe|h1|div|font|table|a"
    rb"|style|title|b|body|br|p|meta|main|article)[\s/>])",
    re.IGNORECASE,
)
_BINARY = re.compile(rb"[\0-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_BINARY_HEADS = (b"%PDF-", b"%!PS-Adobe-")
_TEXT_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_SNIFFED_BYTES = 1445
_NO_TEXT = "application/octet-stream"


class MalformedBody(Exception):
    """A body begins as its encoding says, and then breaks."""


class InflatesOver(Exception):
    """A body decodes to more than the limit."""


def split_head(message: bytes) -> tuple[bytes, bytes]:
    """Header and body of a message; the body is empty if the header does not end."""
    found = HEAD_END.search(message)
    return (message[: found.start()], message[found.end() :]) if found else (message, b"")


def parse_fields(head: bytes) -> Fields:
    """The fields of a header. Lines without a colon are passed over, folded lines joined."""
    fields: Fields = {}
    name = ""
    for line in _LINE_END.split(head):
        if line[:1] in (b" ", b"\t"):
            if name:
                fields[name] = f"{fields[name]} {_characters(line.strip())}".strip()
            continue
        key, colon, value = line.partition(b":")
        name = _characters(key.strip()).lower() if colon else ""
        if name:
            before = f"{fields[name]}, " if fields.get(name) else ""
            fields[name] = before + _characters(value.strip())
    return fields


def content_type(value: str) -> tuple[str, str | None]:
    """Media type in lower case, and the charset if one is given."""
    found = _CHARSET.search(value)
    charset = next((group for group in found.groups() if group), None) if found else None
    return re.split("[;,]", value)[0].strip().lower(), charset


def sniff(body: bytes) -> str:
    """Media type of a body for which none is given: HTML, plain text, or bytes that are no text."""
    head = body[:_SNIFFED_BYTES]
    if head.startswith(_TEXT_MARKS):
        marked = b"<" in head[:8]
        return "text/html" if marked or _HTML.match(head[3:]) else "text/plain"
    if _HTML.match(head):
        return "text/html"
    if head.startswith(_BINARY_HEADS) or _BINARY.search(head):
        return _NO_TEXT
    return "text/plain"


def read_body(fields: Fields, body: bytes, max_bytes: int) -> bytes:
    """The content of a body: chunks joined, encodings removed.

    Raises `MalformedBody` where an encoding begins and then breaks, or where a declared one does
    not fit and the body is no text; `InflatesOver` if the content is longer than `max_bytes`.
    """
    if "chunked" in fields.get("transfer-encoding", "").lower():
        body = _join_chunks(body)
    declared = ",".join(fields.get(f, "") for f in ("transfer-encoding", "content-encoding"))
    names = [name.strip(" \t\"'").lower() for name in declared.split(",")]
    names = [n for n in names if n != "chunked" and n not in _IDENTITY]
    failed = ""
    for _ in range(MAX_LAYERS):
        name = names.pop() if names else ""
        decoder = _decoder(name, body)
        decoded = decoder(body, max_bytes + 1) if decoder else None
        if decoded is None:  # not encoded so
            failed = failed or name
            if not names:
                break
            continue
        if len(decoded) > max_bytes:
            raise InflatesOver(f"its body decodes to more than max_record_bytes = {max_bytes}")
        body = decoded
    if failed and sniff(body) == _NO_TEXT:
        raise MalformedBody(f"the body is not encoded as {failed!r}, and is no text as it stands")
    if len(body) > max_bytes:
        raise InflatesOver(f"its body has more than max_record_bytes = {max_bytes}")
    return body


def _join_chunks(body: bytes) -> bytes:
    """The content of chunks; the body as it stands if it does not begin with a whole chunk.

    A capture that ends inside a chunk gives what is there.
    """
    parts: list[bytes] = []
    at = 0
    while at < len(body):
        found = _CHUNK_SIZE.match(body, at)
        if found is None:
            break
        n_bytes, begin = int(found[1], 16), found.end()
        if n_bytes == 0:
            return b"".join(parts)
        part = body[begin : begin + n_bytes]
        after = _LINE_END.match(body, begin + n_bytes)
        if after is None and begin + n_bytes < len(body):
            break
        parts.append(part)
        at = after.end() if after else len(body)
    if at >= len(body):
        return b"".join(parts)
    if not parts:
        return body
    raise MalformedBody(f"no chunk begins at byte {at} of the body")


_Decoder = Callable[[bytes, int], bytes | None]


def _decoder(name: str, body: bytes) -> _Decoder | None:
    """What removes an encoding, by the first bytes or by its name; None where there is none."""
    if body.startswith(_GZIP_MAGIC):
        return _gunzip
    if body.startswith(zstandard.FRAME_HEADER):
        return _unzstd
    if "deflate" in name or "zlib" in name:
        return _inflate
    if name in ("br", "brotli", "x-br", "bro"):
        return _unbrotli
    return None


def _gunzip(body: bytes, max_bytes: int) -> bytes | None:
    parts: list[bytes] = []
    left = max_bytes
    while body.startswith(_GZIP_MAGIC) and left > 0:
        decoder = zlib.decompressobj(wbits=31)
        try:
            parts.append(decoder.decompress(body, left))
        except zlib.error as error:
            raise MalformedBody(f"gzip: {error}") from error
        left -= len(parts[-1])
        body = decoder.unused_data
    return b"".join(parts)


def _inflate(body: bytes, max_bytes: int) -> bytes | None:
    """Decode the format of zlib, as the standard has it, or the raw one that many servers send."""
    for wbits in (15, -15):
        decoder = zlib.decompressobj(wbits=wbits)
        try:
            decoded = decoder.decompress(body, max_bytes)
        except zlib.error:
            continue
        if decoder.eof or (wbits == 15 and decoded) or len(decoded) == max_bytes:
            return decoded
    return None


def _unbrotli(body: bytes, max_bytes: int) -> bytes | None:
    decoder, body_head = brotli.Decompressor(), body[:_SNIFFED_BYTES]
    parts: list[bytes] = []
    left = max_bytes
    try:
        while left > 0:
            part = decoder.process(body, output_buffer_limit=left)
            body = b""
            parts.append(part)
            left -= len(part)
            if not part or decoder.is_finished():
                break
    except brotli.error:
        return None
    whole = decoder.is_finished() or left <= 0
    return b"".join(parts) if whole or _BINARY.search(body_head) else None


def _unzstd(body: bytes, max_bytes: int) -> bytes | None:
    with zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(
        body, read_across_frames=True
    ) as reader:
        try:
            return reader.read(max_bytes)
        except zstandard.ZstdError as error:
            raise MalformedBody(f"zstd: {error}") from error


def _characters(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
