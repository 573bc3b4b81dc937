"""A stream of bytes that can be looked at before they are taken."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from pivotmine.sources.decoding import Damage
from pivotmine.sources.framing import why_broken
from pivotmine.sources.parse import Reason, Refusal


class LookAhead:
    """A stream of blocks, for formats whose records say how long they are.

    The stream stops where bytes were lost; `broken` then says why. Memory is the bytes looked at,
    and a block.
    """

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._held = b""
        self._at = 0
        self.position = 0
        self.broken: Refusal | None = None
        self.tainted = False  # whether the bytes before the loss may be wrong, too
        self._ended = False
        self.ended_early = False  # whether reading failed, as opposed to decoding

    def go_on(self) -> None:
        """Continue after lost bytes. All bytes before them must have been taken."""
        self.broken, self.tainted = None, False
        self.position += 1  # a loss counts as one byte, so that no two records have one position

    def peek(self, n_bytes: int) -> bytes:
        """The next `n_bytes` without taking them; fewer before the end or a loss."""
        while len(self._held) - self._at < n_bytes and self._read():
            pass
        return self._held[self._at : self._at + n_bytes]

    def skip(self, n_bytes: int) -> int:
        """Take `n_bytes`, or fewer before the end or a loss. Returns how many."""
        n_taken = 0
        while True:
            step = min(len(self._held) - self._at, n_bytes - n_taken)
            self._at += step
            n_taken += step
            if n_taken == n_bytes or not self._read():
                self.position += n_taken
                return n_taken

    def skip_newlines(self) -> None:
        while (found := self.peek(1)) and found in b"\r\n":
            self.skip(1)

    def find_end(self, mark: re.Pattern[bytes], within: int) -> int:
        """Offset from here of the end of a mark; -1 if it does not end within `within` bytes."""
        n_bytes = 1024
        while True:
            found = mark.search(self.peek(n_bytes))
            if found:
                return found.end()
            if n_bytes >= within or len(self._held) - self._at < n_bytes:
                return -1
            n_bytes = min(2 * n_bytes, within)

    def skip_to(self, mark: bytes, within: float = math.inf) -> int:
        """Take all bytes up to the first byte of a mark, that byte included.

        Without a mark, take all bytes before the end or a loss, or stop after more than `within`
        bytes. Returns how many were taken.
        """
        n_taken = 0
        while True:
            found = self._held.find(mark, self._at)
            if found >= 0:
                return n_taken + self.skip(found + 1 - self._at)
            n_taken += self.skip(max(len(self._held) - self._at - len(mark) + 1, 0))
            if n_taken > within or not self._read():
                return n_taken + self.skip(len(self._held) - self._at)

    def _read(self) -> bool:
        if self._ended or self.broken:
            return False
        try:
            block = next(self._blocks, b"")
        except Exception as error:
            self.broken, self._ended = Refusal(*why_broken(error)), True
            self.ended_early = True
            return False
        if isinstance(block, Damage):
            self.broken = Refusal(Reason.CORRUPT_COMPRESSION, block.detail)
            self.tainted = block.tainted
            return False
        self._ended = not block
        self._held, self._at = self._held[self._at :] + block, 0
        return bool(block)
