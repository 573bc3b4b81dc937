r"""Parse one record of any format: to a document, or to a refusal with its reason.

Nothing here raises: any bytes give a `Document` or a `Refusal`, because the framing layer has
already counted the record.

orjson parses first (about 1 GB/s). What it rejects is parsed again by `lenient_json.py`: a document
should not be lost to a broken value in another field.
"""

from enum import StrEnum
from typing import Any, NamedTuple

import orjson

from pivotmine.sources.encodings import Decoded, decode_marked
from pivotmine.sources.lenient_json import loads_leniently
from pivotmine.sources.records import ColumnMap, ReadLimits, Row, Split, reject_row

UTF8_BOM = b"\xef\xbb\xbf"


class Reason(StrEnum):
    """Why a record, or the rest of a file, did not become a document."""

    UNDECODABLE_BYTES = "undecodable_bytes"
    INVALID_JSON = "invalid_json"
    NOT_AN_OBJECT = "not_an_object"
    MISSING_TEXT = "missing_text"
    WRONG_TYPE = "wrong_type"
    EMPTY_TEXT = "empty_text"
    DOCUMENT_TOO_LONG = "document_too_long"
    UNENCODABLE_TEXT = "unencodable_text"
    RECORD_TOO_LONG = "record_too_long"
    EMPTY_FILE = "empty_file"
    CORRUPT_COMPRESSION = "corrupt_compression"
    UNREADABLE_FILE = "unreadable_file"
    MISSING_COLUMN = "missing_column"
    INFLATES_TOO_MUCH = "inflates_too_much"
    MALFORMED_RECORD = "malformed_record"
    HTTP_STATUS = "http_status"
    NOT_TEXT = "not_text"
    WRONG_CONTENT = "wrong_content"


EXPLANATIONS: dict[Reason, str] = {
    Reason.UNDECODABLE_BYTES: "The text is not valid in its encoding; detail: the first bad byte.",
    Reason.INVALID_JSON: "The line is not one JSON value (NaN and Infinity are let through).",
    Reason.NOT_AN_OBJECT: "The line is JSON, but an array, a string, a number or a literal.",
    Reason.MISSING_TEXT: "The text column is absent from the record, or null.",
    Reason.WRONG_TYPE: "The text is not a string; for Parquet, the whole column is not.",
    Reason.EMPTY_TEXT: "The text is empty or white space only.",
    Reason.DOCUMENT_TOO_LONG: "The text is longer than max_document_bytes in UTF-8.",
    Reason.UNENCODABLE_TEXT: "The text holds a lone surrogate, which UTF-8 cannot express.",
    Reason.RECORD_TOO_LONG: "The line is longer than max_record_bytes; it was skipped unparsed.",
    Reason.EMPTY_FILE: "The file holds no bytes (decompressed), or is Parquet without rows.",
    Reason.CORRUPT_COMPRESSION: "The gzip or zstd stream is damaged; what came before was kept.",
    Reason.UNREADABLE_FILE: "The file, or the part of it that detail names, could not be read.",
    Reason.MISSING_COLUMN: "The Parquet file has no such text column; none of its rows was read.",
    Reason.INFLATES_TOO_MUCH: "The data inflates beyond max_inflation; what came before was kept.",
    Reason.MALFORMED_RECORD: "The bytes are not a record of the format (WARC, catalogue entry).",
    Reason.HTTP_STATUS: "The captured response has a status other than 200; detail: the status.",
    Reason.NOT_TEXT: "The captured page is neither HTML nor plain text; detail: its type.",
    Reason.WRONG_CONTENT: "The file is not what its name says; detail: what it is.",
}


class Document(NamedTuple):
    """Text ready for Arrow; `n_bytes` is its length in UTF-8."""

    text: str
    source: str
    n_bytes: int


class Refusal(NamedTuple):
    """Why there is no document. `detail` gives values and offsets, for people."""

    reason: Reason
    detail: str


def parse_json(record: bytes, columns: ColumnMap, limits: ReadLimits) -> Document | Refusal:
    """Parse one JSON Lines record without its newline.

    A byte order mark is ignored at the beginning of any line, since concatenated files have it
    inside.
    """
    body = record.removeprefix(UTF8_BOM)
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if undecodable := refuse_undecodable(record):
            return undecodable
        try:
            value = loads_leniently(body)
        except (ValueError, RecursionError, MemoryError):
            return Refusal(Reason.INVALID_JSON, str(error))
    except (RecursionError, MemoryError) as error:
        return Refusal(Reason.INVALID_JSON, f"{type(error).__name__} while parsing")
    if not isinstance(value, dict):
        return Refusal(Reason.NOT_AN_OBJECT, f"the record is {_json_type(value)}")
    found = _look_up(value, columns.text)
    if isinstance(found, Refusal):
        return found
    source = None if columns.source is None else _look_up(value, columns.source)
    return check_text(found, source, columns, limits)


def parse_text(
    data: bytes, columns: ColumnMap, limits: ReadLimits, source: object = None
) -> Document | Refusal:
    """Parse a record that is text as a whole: UTF-8, or what its byte order mark says."""
    if marked := decode_marked(data):
        return check_decoded(marked, source, columns, limits)
    return refuse_undecodable(data) or check_text(data.decode(), source, columns, limits)


def check_decoded(
    decoded: Decoded, source: object, columns: ColumnMap, limits: ReadLimits
) -> Document | Refusal:
    """`check_text`, and a refusal where a character of the text was lost."""
    if decoded.lost:
        return Refusal(Reason.UNDECODABLE_BYTES, decoded.lost)
    return check_text(decoded.text, source, columns, limits)


def parse_bytes(
    text: bytes | None, source: bytes | None, columns: ColumnMap, limits: ReadLimits
) -> Document | Refusal:
    """Parse a value of a typed column (Parquet)."""
    if text is None:
        return Refusal(Reason.MISSING_TEXT, f"column {columns.text!r} is null")
    if undecodable := refuse_undecodable(text):
        return undecodable
    label = None if source is None else source.decode("utf-8", "surrogateescape")
    return check_text(text.decode("utf-8"), label, columns, limits)


def check_text(
    text: object, source: object, columns: ColumnMap, limits: ReadLimits
) -> Document | Refusal:
    """Check a text, the last step for all formats.

    The text is not changed: NULs and unusual spaces stay, because normalisation belongs to the
    tokenizer.
    """
    if not isinstance(text, str):
        return Refusal(Reason.WRONG_TYPE, f"{columns.text!r} is {_json_type(text)}, not a string")
    if not text or text.isspace():
        return Refusal(Reason.EMPTY_TEXT, f"{len(text)} characters, all white space")
    try:
        n_bytes = len(text) if text.isascii() else len(text.encode("utf-8"))
    except UnicodeEncodeError as error:
        code = ord(text[error.start])
        return Refusal(
            Reason.UNENCODABLE_TEXT, f"lone surrogate U+{code:04X} at character {error.start}"
        )
    if n_bytes > limits.max_document_bytes:
        return Refusal(
            Reason.DOCUMENT_TOO_LONG,
            f"{n_bytes} bytes, over max_document_bytes = {limits.max_document_bytes}",
        )
    return Document(text, _label(source, columns), n_bytes)


def fate_row(
    fate: Document | Refusal,
    split: Split,
    position: int,
    raw: bytes | None,
    columns: ColumnMap,
    limits: ReadLimits,
) -> Row:
    """The row of a parsed record; of a refused one, `raw` is cut to `raw_bytes`."""
    if isinstance(fate, Document):
        return Row("document", fate.source, split.name, position, fate.text, n_bytes=fate.n_bytes)
    head = None if raw is None else raw[: limits.raw_bytes]
    return reject_row(split, columns, position, *fate, head)


def refuse_undecodable(value: bytes) -> Refusal | None:
    """A refusal `undecodable_bytes` if `value` is not UTF-8, else None."""
    try:
        value.decode("utf-8")
    except UnicodeDecodeError as error:
        return Refusal(
            Reason.UNDECODABLE_BYTES,
            f"byte 0x{value[error.start]:02x} at offset {error.start}: {error.reason}",
        )
    return None


def _look_up(record: dict[str, Any], path: str) -> Any | Refusal:
    """The value at a key, or at a dotted path if no key has that name."""
    value: Any = record
    for key in [path] if path in record else path.split("."):
        if not isinstance(value, dict) or key not in value:
            keys = ", ".join(repr(k) for k in list(record)[:8])
            return Refusal(Reason.MISSING_TEXT, f"no key {path!r}; the record has {keys or 'none'}")
        value = value[key]
    return Refusal(Reason.MISSING_TEXT, f"{path!r} is null") if value is None else value


def _label(source: object, columns: ColumnMap) -> str:
    if not isinstance(source, str) or not source:
        return columns.source_label
    try:
        source.encode("utf-8")
    except UnicodeEncodeError:
        return columns.source_label
    return source


def _json_type(value: object) -> str:
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean"}
    if value is None:
        return "null"
    return names.get(type(value), "a number")
