"""Parse JSON records of which a value is broken that nobody asked for.

Four things are let through that RFC 8259 forbids or leaves to the parser, and that common writers
put into fields beside the text: lone surrogate escapes (`\ud800`, half an emoji), the constants
NaN and Infinity that Python writes, numbers beyond double precision (`1e999`, integers of
thousands of digits), and values nested deeper than parsers go. Numbers are not read at all, deep
values are null.
"""

from __future__ import annotations

import json
import re
from typing import Any

MAX_DEPTH = 200
"""Values that lie deeper become null; the standard library's own limit is the interpreter's."""

MAX_BRACKETS = 2_000_000
"""Most brackets of a record that is searched for deep values; 0.2 us each."""

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)
_CLOSES = {b"]": b"[", b"}": b"{"}


def loads_leniently(record: bytes) -> Any:
    """The value of a record. Raises `ValueError` where it cannot be read."""
    return json.loads(
        _cut_deep_values(record), parse_constant=_number, parse_float=_number, parse_int=_number
    )


def _number(digits: str) -> float:
    return 0.0


def _cut_deep_values(record: bytes) -> bytes:
    """The record with null for every array or object at `MAX_DEPTH`."""
    if record.count(b"[") + record.count(b"{") < MAX_DEPTH:
        return record
    parts: list[bytes] = []
    open_: list[bytes] = []
    copied = begin = n_brackets = 0
    for found in _TOKEN.finditer(record):
        token = found[0]
        if token in (b"[", b"{"):
            n_brackets += 1
            if n_brackets > MAX_BRACKETS:
                raise ValueError(f"more than {MAX_BRACKETS} brackets")
            open_.append(token)
            if len(open_) == MAX_DEPTH:
                begin = found.start()
        elif token in _CLOSES:
            if not open_ or open_.pop() != _CLOSES[token]:
                raise ValueError(f"bracket {token!r} at byte {found.start()} closes nothing")
            if len(open_) == MAX_DEPTH - 1:
                parts += (record[copied:begin], b"null")
                copied = found.end()
    return b"".join([*parts, record[copied:]])
