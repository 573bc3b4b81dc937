"""JSON values over many lines: the elements of arrays, and objects one after another, as records.

Some files of JSON are one array, on one line or printed over many, and some are objects printed one
below another. Every element of an array at the top is a record, and so is every other value there.
Values are cut where their brackets close, and are parsed as lines of JSON are. Nothing but the
value that is open is held, up to `max_record_bytes`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pivotmine.sources.framing import BrokenStream, Line, head_of
from pivotmine.sources.records import ReadLimits, RecordCount

_SPREAD = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:\[\s*\{|\[[ \t\r]*\n|\[\s*\]\s*\Z|\{[ \t\r]*\n[ \t]*\")"
)
_INSIDE = re.compile(rb'[^"\[\]{}]*+(["\[\]{}])?')
_STRING = re.compile(rb'(?:[^"\\]|\\.)*+', re.DOTALL)
_SCALAR = re.compile(rb"[^\s,\[\]{}\"]*+")
_BETWEEN = re.compile(rb"(?:\xef\xbb\xbf|[\s,])*+")
OPEN_ARRAY = b""
"""Data of the record that stands for the missing end of an array."""


def is_spread(head: bytes) -> bool:
    """Whether a file with these first bytes holds an array, or values over many lines.

    Lines of JSON are not taken for it unless the first one is an array of objects.
    """
    return _SPREAD.match(head) is not None


def frame_values(blocks: Iterable[bytes], limits: ReadLimits, count: RecordCount) -> Iterator[Line]:
    """The values of a stream. Raises `BrokenStream` from any error of the blocks.

    A value that is open where the stream ends is given as far as it goes. If the stream ends inside
    its array but outside its elements, `OPEN_ARRAY` follows.
    """
    framer = _Framer(limits)
    source = iter(blocks)
    while True:
        try:
            block = next(source, b"")
        except Exception as error:
            partial = head_of(framer.held, limits.raw_bytes)
            raise BrokenStream(framer.position, partial) from error
        count.n_bytes += len(block)
        for line in framer.feed(block) if block else framer.end():
            count.n_records += 1
            yield line
        if not block:
            return


class _Framer:
    """Where values begin and end, over the blocks of a stream."""

    def __init__(self, limits: ReadLimits) -> None:
        self._limits = limits
        self.position = 0  # of the bytes that come next
        self.held: list[bytes] = []  # of the open value
        self._n_bytes = 0  # of the open value, so far
        self._begin = 0
        self._base = 0  # 1 inside an array at the top
        self._depth = 0  # brackets that are open in the open value
        self._kind = ""  # of the open value: "", bracket, string or scalar
        self._in_string = False
        self._escaped = False  # the block before ended in a backslash

    def feed(self, block: bytes) -> Iterator[Line]:
        """The values that end in a block."""
        at = 0
        while at < len(block):
            if not self._kind:
                at = self._advance(_BETWEEN.match(block, at), block)
                if at == len(block):
                    break
                if self._base == 0 and block[at : at + 1] == b"[":
                    self._base, at = 1, at + 1
                    self.position += 1
                    continue
                if self._base == 1 and block[at : at + 1] == b"]":
                    self._base, at = 0, at + 1
                    self.position += 1
                    continue
                self._open(block[at])
            end, is_whole = self._value_end(block, at)
            self._hold(block[at:end])
            at = end
            if is_whole:
                yield self._close()

    def end(self) -> Iterator[Line]:
        """What is open at the end of the stream."""
        if self._kind:
            yield self._close()
        if self._base:
            yield Line(self.position, OPEN_ARRAY, 0)

    def _advance(self, found: re.Match[bytes] | None, block: bytes) -> int:
        end = found.end() if found else len(block)
        self.position += end - (found.start() if found else 0)
        return end

    def _open(self, first: int) -> None:
        self._begin, self._n_bytes, self.held, self._depth = self.position, 0, [], 0
        self._kind = {0x22: "string"}.get(first, "bracket" if first in b"[]{}" else "scalar")

    def _value_end(self, block: bytes, at: int) -> tuple[int, bool]:
        """Where the open value ends in a block, or the block; and whether it is the value."""
        if self._kind == "scalar":
            end = _SCALAR.match(block, at).end()  # type: ignore[union-attr]
            return end, end < len(block)
        while at < len(block):
            if self._in_string:
                at = self._string_end(block, at)
                if not self._in_string and self._depth == 0:
                    return at, True
                continue
            found = _INSIDE.match(block, at)
            assert found is not None
            at, token = found.end(), found[1]
            if token == b'"':
                self._in_string = True
            elif token is not None:
                self._depth += 1 if token in b"[{" else -1
                if self._depth <= 0:
                    return at, True
        return at, False

    def _string_end(self, block: bytes, at: int) -> int:
        """Where the open string ends in a block, its quote included, or the block."""
        if self._escaped:
            at, self._escaped = at + 1, False
        end = _STRING.match(block, at).end()  # type: ignore[union-attr]
        if end == len(block):
            return end
        self._in_string = block[end : end + 1] != b'"'
        self._escaped = self._in_string  # a backslash, of which the rest is in the next block
        return end + 1

    def _hold(self, data: bytes) -> None:
        self._n_bytes += len(data)
        self.position += len(data)
        if self._n_bytes <= self._limits.max_record_bytes:
            self.held.append(data)
        else:
            more = data[: self._limits.raw_bytes]
            self.held = [head_of([*self.held, more], self._limits.raw_bytes)]

    def _close(self) -> Line:
        line = Line(self._begin, b"".join(self.held), self._n_bytes)
        self._kind, self.held, self._in_string, self._escaped = "", [], False, False
        return line
