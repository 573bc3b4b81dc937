r"""Gettext catalogues (.po) as bilingual pages: messages with their translations below them.

A page consists of `PAGE_MESSAGES` neighbouring messages, because neighbours come from one part of a
program and share its words. Untranslated, fuzzy and obsolete entries are left out. Of plurals the
first form of each side is taken. An entry that breaks the grammar is rejected alone.

polib is not used because it holds the whole file in memory, gives no positions, and loses the file
to a single bad line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pivotmine import plugins
from pivotmine.sources.encodings import codec_names, decode
from pivotmine.sources.framing import BrokenStream, Line, broken_row, frame_lines, too_long
from pivotmine.sources.parse import UTF8_BOM, Reason, Refusal, check_text, fate_row
from pivotmine.sources.records import ColumnMap, ReadLimits, RecordCount, Row, Split, reject_row
from pivotmine.sources.streams import open_blocks

PAGE_MESSAGES = 20

_LINE = re.compile(rb'(?:(msgctxt|msgid_plural|msgid|msgstr|msgstr\[\d+\])\s*)?"(.*)"', re.DOTALL)
_CHARSET = re.compile(rb"charset\s*=\s*([\w.:-]+)", re.ASCII | re.IGNORECASE)
# A run of numeric escapes, since the bytes of one character are escaped one by one; or any other.
_ESCAPE = re.compile(r"((?:\\[0-7]{1,3}|\\x[0-9A-Fa-f]{1,2})+)|\\(.)", re.DOTALL)
_NUMBER = re.compile(r"\\(?:x([0-9A-Fa-f]+)|([0-7]+))")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_TRANSLATIONS = (b"msgstr", b"msgstr[0]")
_EVIDENCE = 12
"""Continuation bytes in an entry with which UTF-8 overrules the header (`encodings.decode`). More
than for a page, since a catalogue has thousands of short strings."""


class Entry(NamedTuple):
    """One entry: its strings by keyword, as bytes before unescaping. `raw` is its first lines."""

    position: int
    strings: dict[bytes, bytes]
    fuzzy: bool
    raw: bytes
    problem: str | None


@plugins.source("gettext", suffixes=[".po"])
def read_gettext(
    split: Split, columns: ColumnMap, limits: ReadLimits, count: RecordCount
) -> Iterator[Row]:
    """Pages and rejects of one catalogue, in file order. Raises what opening the file raises.

    Memory is a page of `max_document_bytes`, an entry of `max_record_bytes`, and a block.
    """
    framing = RecordCount()
    charset = "utf-8"
    page: list[str] = []
    position = 0
    with open_blocks(split, limits) as blocks:
        lines = frame_lines(blocks, 0, None, limits, framing)
        try:
            for entry in parse_entries(lines, limits):
                fate = read_entry(entry, charset)
                if isinstance(fate, Refusal):
                    count.n_records += 1
                    yield fate_row(fate, split, entry.position, entry.raw, columns, limits)
                elif not entry.strings.get(b"msgid") and b"msgctxt" not in entry.strings:
                    found = _CHARSET.search(entry.strings.get(b"msgstr", b""))
                    charset = found[1].decode() if found else charset
                elif fate:
                    position = position if page else entry.position
                    page += fate
                full = sum(map(len, page)) > limits.max_document_bytes
                if full or len(page) >= 2 * PAGE_MESSAGES:
                    count.n_records += 1
                    yield _page(page, split, position, columns, limits)
                    page = []
            broken = None
        except BrokenStream as error:
            broken = error
    count.n_bytes = framing.n_bytes
    if page:
        count.n_records += 1
        yield _page(page, split, position, columns, limits)
    if broken is not None:
        count.n_records += 1
        yield broken_row(broken, split, columns)
    elif count.n_records == 0:
        count.n_records += 1
        what = "holds no translated message" if count.n_bytes else "holds no bytes"
        yield reject_row(split, columns, 0, Reason.EMPTY_FILE, f"the file {what}")


def parse_entries(lines: Iterable[Line], limits: ReadLimits) -> Iterator[Entry]:
    """Entries of a catalogue. An entry ends where a comment or a `msgid` follows a `msgstr`."""
    strings: dict[bytes, list[bytes]] = {}
    position, n_bytes, raw, keyword, fuzzy = 0, 0, b"", b"", False
    problem: str | None = None

    def entry() -> Iterator[Entry]:
        if strings or problem:
            joined = {key: b"".join(pieces) for key, pieces in strings.items()}
            yield Entry(position, joined, fuzzy, raw, problem)

    for line in lines:
        data = line.data.removeprefix(UTF8_BOM).strip()
        begins = data.startswith((b"#", b"msgctxt", b"msgid")) and not data.startswith(
            b"msgid_plural"
        )
        closed = problem is not None or any(key.startswith(b"msgstr") for key in strings)
        if begins and closed:
            yield from entry()
            strings, n_bytes, raw, keyword, fuzzy, problem = {}, 0, b"", b"", False, None
        if not raw:
            position = line.position
        n_bytes += line.n_bytes
        if len(raw) < limits.raw_bytes:
            raw += data[: limits.raw_bytes] + b"\n"
        if data.startswith(b"#"):
            fuzzy = fuzzy or (data.startswith(b"#,") and b"fuzzy" in data)
            if not strings and not data.startswith(b"#,"):
                raw, n_bytes = b"", 0  # an entry begins with its flags or its message
            continue
        found = _LINE.fullmatch(data)
        if problem:
            continue
        if n_bytes > limits.max_record_bytes:
            problem, strings = too_long(n_bytes, limits), {}
        elif found is None or (not found[1] and not keyword):
            problem = f"no line of a catalogue at byte {line.position}"
        elif found[1] and found[1] in strings:
            problem = f"{found[1].decode()} comes twice"
        else:
            keyword = found[1] or keyword
            strings.setdefault(keyword, []).append(found[2])
    yield from entry()


def read_entry(entry: Entry, charset: str) -> tuple[str, str] | Refusal | None:
    """Message and translation of an entry; None where it has no confirmed translation."""
    if entry.problem:
        return Refusal(Reason.MALFORMED_RECORD, entry.problem)
    translation = next((s for key in _TRANSLATIONS if (s := entry.strings.get(key))), b"")
    message = entry.strings.get(b"msgid")
    if message is None:
        return Refusal(Reason.MALFORMED_RECORD, "an entry without msgid")
    if not message or not translation or entry.fuzzy:
        return None
    decoded = _decoded(message, translation, charset)
    if isinstance(decoded, Refusal):
        return decoded
    try:
        return _unescape(decoded[0], charset), _unescape(decoded[1], charset)
    except UnicodeError as error:
        return Refusal(Reason.UNDECODABLE_BYTES, f"an escaped byte: {error}")


def _decoded(message: bytes, translation: bytes, charset: str) -> list[str] | Refusal:
    """Both strings of an entry as characters; together they tell more about their encoding."""
    # A header that was read by its bytes is in an encoding that has ASCII's bytes.
    known = codec_names(charset) and not charset.lower().startswith("utf-16")
    labels = (charset,) if known else ("utf-8",)
    found = decode(message + b"\n" + translation, labels, guess=False, evidence=_EVIDENCE)
    if found.lost:
        return Refusal(Reason.UNDECODABLE_BYTES, found.lost)
    return found.text.split("\n")


def _unescape(text: str, charset: str) -> str:
    """Escapes as characters; numeric ones are bytes of the catalogue's encoding."""

    def meant(found: re.Match[str]) -> str:
        if found[2]:
            return _ESCAPED.get(found[2], found[2])
        numbers = (int(h, 16) if h else int(o, 8) & 0xFF for h, o in _NUMBER.findall(found[1]))
        escaped = decode(bytes(numbers), (charset,), guess=False, evidence=_EVIDENCE)
        if escaped.lost:
            raise UnicodeError(escaped.lost)
        return escaped.text

    return _ESCAPE.sub(meant, text)


def _page(
    lines: list[str], split: Split, position: int, columns: ColumnMap, limits: ReadLimits
) -> Row:
    text = "\n".join(lines)
    raw = text.encode("utf-8", "surrogatepass")
    return fate_row(check_text(text, None, columns, limits), split, position, raw, columns, limits)
