"""Bytes of the web to characters: what a label means, and whether the bytes agree with it.

A label in a header or a page is a label of the WHATWG Encoding standard, which is not the Python
codec of that name: `gb2312` means GB 18030, `iso-8859-1` means windows-1252. `webencodings` knows
the labels. `_CODECS` names the codecs of Python that decode more of an encoding than the ones that
it chooses.

The bytes decide against a label. Text in a legacy encoding is almost never valid UTF-8, so bytes
that are valid UTF-8 with multi-byte sequences are UTF-8, whatever the label says.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import webencodings
from resiliparse.parse.encoding import detect_encoding

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UTF16 = ("utf-16-le", "utf-16-be")

# The first codec that decodes all bytes is taken. Those of JIS X 0213 have the characters that
# browsers decode beyond JIS X 0208 (the circled digits of NEC's row 13).
_CODECS = {
    "gbk": ("gb18030",),
    "euc-jp": ("euc_jp", "euc_jis_2004"),
    "iso-2022-jp": ("iso2022_jp", "iso2022_jp_ext", "iso2022_jp_2004"),
    "utf-16le": ("utf-16-le",),
    "utf-16be": ("utf-16-be",),
    "iso-8859-8-i": ("iso8859-8",),
    "x-mac-cyrillic": ("mac-cyrillic",),
    "macintosh": ("mac-roman",),
    "windows-874": ("cp874",),
    "shift_jis": ("cp932",),
    "big5": ("big5hkscs",),
    "euc-kr": ("cp949",),
}
_NO_CHARACTERS = (
    *("replacement", "x-user-defined"),
    # Codecs of Python that are notations of characters.
    *("idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"),
)

_ESCAPE_SEQUENCES = (b"\x1b$", b"\x1b(")  # of ISO-2022
_MULTI_BYTE = re.compile("[\x80-\U0010ffff]")

MIN_EVIDENCE = 2
"""Continuation bytes from which on valid UTF-8 overrules a label: of two random characters in
GB 2312 one pair in 60 is valid UTF-8, and one of three bytes is none in any encoding of two bytes.
"""

_DAMAGE = 8
"""Multi-byte sequences for each bad byte, from which on bytes are damaged UTF-8."""


class Decoded(NamedTuple):
    """Characters, and what was lost: a description of the first bad byte, empty if none was."""

    text: str
    lost: str


def codec_names(label: str | None) -> tuple[str, ...]:
    """Python codecs for a label of the web, the best first; none if it means no encoding.

    Labels that the standard does not know are tried as names of Python codecs (`iso-8859-9e` is
    neither, `koi8_t` is one).
    """
    if not label:
        return ()
    label = label.strip("\t\n\f\r \"'")
    try:
        found = webencodings.lookup(label)
        if found is None:
            b"a".decode(label, "ignore")  # refuses codecs of bytes to bytes
            name = codecs.lookup(label).name
            return () if name in _NO_CHARACTERS else (name,)
    except (LookupError, ValueError):  # unknown, or not a name at all
        return ()
    return () if found.name in _NO_CHARACTERS else _CODECS.get(found.name, (found.name,))


def decode(
    data: bytes, labels: Iterable[str | None], *, guess: bool = True, evidence: int = MIN_EVIDENCE
) -> Decoded:
    """Decode bytes by their mark, by themselves, by the first label that fits, or by statistics.

    Parameters
    ----------
    labels
        Declared encodings, the most trusted first. Unknown ones are passed over.
    guess
        Whether to detect the encoding by statistics where no label fits.
    evidence
        Least number of continuation bytes with which valid UTF-8 overrules a label.
    """
    if marked := decode_marked(data):
        return marked
    declared = list(dict.fromkeys(name for label in labels for name in codec_names(label)))
    if (text := _as_utf8(data, declared, evidence)) is not None:
        return text
    for codec in _candidates(data, declared, guess):
        if (found := _strict(data, codec)) is not None:
            return Decoded(found, "")
    return _lossy(data, next(iter(declared), "utf-8"))


def decode_marked(data: bytes) -> Decoded | None:
    """Decode bytes by their byte order mark; None if they have none."""
    for mark, codec in _MARKS:
        if data.startswith(mark):
            return _lossy(data[len(mark) :], codec)
    return None


def _as_utf8(data: bytes, declared: list[str], evidence: int) -> Decoded | None:
    """The text of bytes that are UTF-8, or were before a few of them were damaged."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        damaged = data.decode("utf-8", "replace")
        n_good = len(_MULTI_BYTE.findall(damaged))
        n_bad = damaged.count("\ufffd") - data.count(b"\xef\xbf\xbd")
        return _lossy(data, "utf-8") if n_bad * _DAMAGE < n_good - n_bad else None
    if text.isascii():
        # Encodings that use ASCII's bytes for other things show it.
        in_utf16 = _tags_in_utf16(data) or (
            b"\0" in data and bool(declared) and declared[0] in _UTF16
        )
        return None if in_utf16 or any(e in data for e in _ESCAPE_SEQUENCES) else Decoded(text, "")
    n_continuation = len(data) - len(text)
    weak = not declared or declared[0] in ("windows-1252", "utf-8")
    if weak or n_continuation >= evidence or all(_strict(data, c) is None for c in declared):
        return Decoded(text, "")
    return None


def _candidates(data: bytes, declared: list[str], guess: bool) -> Iterator[str]:
    if guess and (found := _tags_in_utf16(data)):
        yield found
    for codec in declared:
        if codec not in _UTF16 or b"\0" in data:
            yield codec
    if not guess:
        return
    yield from codec_names(detect_encoding(data, from_html_meta=False))
    if data.isascii():
        yield "ascii"


def _tags_in_utf16(data: bytes) -> str:
    """The byte order of a page in UTF-16 without a mark; empty if it is no such page."""
    head = data[:1024]
    if len(re.findall(rb"<\0[!a-z/]\0|\0<\0[!a-z/]", head, re.IGNORECASE)) < 2:
        return ""
    return _UTF16[head[0::2].count(0) > head[1::2].count(0)]


def _strict(data: bytes, codec: str) -> str | None:
    """The text, None if a byte of it cannot be decoded; as `_lossy` for the last character."""
    found = _lossy(data, codec)
    return None if found.lost else found.text


def _lossy(data: bytes, codec: str) -> Decoded:
    """The text with U+FFFD for bad bytes. A character cut off by the end of the data is left out.

    A capture that was cut at a length often ends inside a character. Of single-byte encodings the
    bytes 80 to 9F that Python leaves undefined are control characters in the standard.
    """
    try:
        return Decoded(data.decode(codec, _CONTROLS), "")
    except UnicodeDecodeError as error:
        good = data[: error.start]
        if error.reason in _CUT_OFF and not good.isascii():
            return Decoded(good.decode(codec, _CONTROLS), "")
        lost = f"byte 0x{data[error.start]:02x} at offset {error.start}: {error.reason}, as {codec}"
    except UnicodeError as error:
        lost = f"{error}, as {codec}"
    return Decoded(data.decode(codec, "replace"), lost)


_CUT_OFF = ("unexpected end of data", "truncated data", "incomplete multibyte sequence")
_CONTROLS = "pivotmine-c1-controls"


def _control(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeDecodeError) or error.encoding != "charmap":
        raise error
    found = error.object[error.start : error.end]
    if not all(0x80 <= byte <= 0x9F for byte in found):
        raise error
    return "".join(map(chr, found)), error.end


codecs.register_error(_CONTROLS, _control)
