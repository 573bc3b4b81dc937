"""Blocks of bytes out of plain, gzip and zstd files, each block as soon as it is whole.

Why not `gzip.open` and `zstandard.stream_reader`: both throw away what they had decoded of a call
when that call meets damage, and `stream_reader` takes a truncated file for a complete one. Here
the contract is exact: every byte that the format lets one decode before the damage is delivered,
then `CorruptCompression` is raised.

* gzip: a decoder of zlib is copied before each step (40 KiB); a step that fails is repeated from
  the copy in halves until the last good byte is out.
* zstd: the frame's blocks (RFC 8878 section 3.1.1) are fed to the decoder one by one. A block
  holds at most 128 KiB of content, which also bounds what a decompression bomb can do.

A bomb costs no memory here, but a megabyte of it would cost minutes: a stream that inflates beyond
`ReadLimits.max_inflation` times what was read of it is given up (`InflatesTooMuch`).

Memory: one block of input, one of output (4 MiB each), and the decoder's window.
"""

import contextlib
import math
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import Any

import fsspec
import zstandard

from pivotmine.sources.records import MIB, WHOLE_FILE, ReadLimits, Split

BLOCK_BYTES = 4 * MIB
# Past its end a split only finishes its last line, rarely longer than this.
TAIL_BYTES = 256 * 1024

ZSTD_BLOCK_BYTES = 128 * 1024
_ZSTD_HEADER_BYTES = 18  # the longest frame header, magic number included
_ZSTD_SKIPPABLE = range(0x184D2A50, 0x184D2A60)
GZIP_WRAPPER = 31  # zlib's wbits for "gzip header, largest window"
GZIP_MAGIC = b"\x1f\x8b\x08"
_PROBE_BYTES = 4096  # of a would-be member, to see what it begins with

FREE_INFLATION_BYTES = 64 * MIB
"""What any stream may inflate to, whatever its size."""


class CorruptCompression(Exception):
    """The compressed stream is damaged, truncated, or followed by something else.

    Of gzip, `rest` is what was not decoded of the block with the damage, and `tainted` says whether
    bytes of the damaged member were given out before: its checksum does not hold for them.
    """

    rest: bytes = b""
    tainted: bool = False


class WindowTooLarge(Exception):
    """A zstd frame is sound but asks for more memory than is allowed."""


class InflatesTooMuch(Exception):
    """The stream grows beyond all reason when decompressed."""


@contextmanager
def open_blocks(
    split: Split, limits: ReadLimits, resume: bytes | None = None
) -> Iterator[Iterator[bytes]]:
    """The decompressed bytes of a split in blocks, while the context is open.

    Of a plain file they begin at the byte before `split.start`, and do not stop at `split.end`.
    With `resume`, a gzip file goes on after damage at the next member whose content begins so, and
    a `Damage` block stands for what was lost.
    Reading raises `CorruptCompression`, `WindowTooLarge` or `InflatesTooMuch` after all that came
    before, besides what the file system raises.
    """
    fs, path = fsspec.core.url_to_fs(split.uri)
    end = None if split.end == WHOLE_FILE else split.end
    with fs.open(path, "rb", block_size=BLOCK_BYTES) as file:
        if split.compression == "none":
            yield plain_blocks(file, max(split.start - 1, 0), end)
        elif split.compression == "gzip":
            yield inflated(
                plain_blocks(file, 0, None),
                gzip_blocks if resume is None else partial(gzip_blocks_past_damage, begins=resume),
                limits.max_inflation,
            )
        elif split.compression == "zstd":
            yield inflated(
                plain_blocks(file, 0, None),
                lambda blocks: zstd_blocks(blocks, limits.max_window_bytes),
                limits.max_inflation,
            )
        else:
            raise ValueError(f"unknown compression {split.compression!r}")


def inflated(
    blocks: Iterable[bytes],
    decompress: Callable[[Iterable[bytes]], Iterator[bytes]],
    max_inflation: int,
) -> Iterator[bytes]:
    """`decompress(blocks)`, up to `max_inflation` times the bytes taken so far and
    `FREE_INFLATION_BYTES` more; raises `InflatesTooMuch` beyond."""
    n_taken = n_given = 0

    def counted() -> Iterator[bytes]:
        nonlocal n_taken
        for block in blocks:
            n_taken += len(block)
            yield block

    for out in decompress(counted()):
        n_given += len(out)
        if n_given > FREE_INFLATION_BYTES + max_inflation * n_taken:
            raise InflatesTooMuch(
                f"{n_taken} bytes inflate to more than {n_given}; a stream may inflate to "
                f"max_inflation = {max_inflation} times its bytes, and {FREE_INFLATION_BYTES} more"
            )
        yield out


def plain_blocks(file: Any, start: int, end: int | None) -> Iterator[bytes]:
    """Bytes of a binary file from `start` to its end: large reads up to `end`, small ones after
    (the caller stops when it has its last line)."""
    if start:
        file.seek(start)
    offset = start
    while True:
        ahead = BLOCK_BYTES if end is None else end - offset
        block: bytes = file.read(min(BLOCK_BYTES, ahead) if ahead > 0 else TAIL_BYTES)
        if not block:
            return
        offset += len(block)
        yield block


def gzip_blocks(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Decompress one or more gzip members; zero padding after a member is legal (tapes)."""
    decoder: Any = None
    n_members = n_given = 0
    last = b""
    for data in blocks:
        more = True
        while more:
            if decoder is None:
                data = data.lstrip(b"\0") if n_members else data
                if not data:
                    break
                decoder, n_given = zlib.decompressobj(wbits=GZIP_WRAPPER), 0
            before, last = decoder.copy(), data
            try:
                out = decoder.decompress(data, BLOCK_BYTES)
            except zlib.error as error:
                if saved := _decode_up_to_damage(before, data):
                    yield saved
                where = f"after {n_members} complete gzip members" if n_members else "in gzip data"
                corrupt = CorruptCompression(f"{error} ({where})")
                corrupt.rest, corrupt.tainted = last, bool(n_given or saved)
                raise corrupt from error
            if out:
                n_given += len(out)
                yield out
            if decoder.eof:
                data, decoder, n_members = decoder.unused_data, None, n_members + 1
                more = bool(data)
            else:
                data = decoder.unconsumed_tail
                # A full output means the decoder may hold more, even with its input used up.
                more = bool(data) or len(out) == BLOCK_BYTES
    if decoder is not None:
        corrupt = CorruptCompression(
            f"the gzip stream ends before its end mark ({n_members} complete members before)"
        )
        # Damage can hide the end of a member: what looks like its content may be the next one.
        corrupt.rest, corrupt.tainted = last, n_given > 0
        raise corrupt


class Damage(bytes):
    """An empty block that stands where bytes were lost; as `CorruptCompression` tells it."""

    detail: str = ""
    tainted: bool = False


def gzip_blocks_past_damage(blocks: Iterable[bytes], begins: bytes) -> Iterator[bytes]:
    """`gzip_blocks`, which after damage goes on at the next member whose content begins so.

    A `Damage` block stands for what was lost between. Archives hold a member a record, and one
    that is damaged should not cost the thousands after it.
    """
    waiting = iter(blocks)
    source: Iterator[bytes] = waiting
    while True:
        try:
            yield from gzip_blocks(source)
            return
        except CorruptCompression as error:
            lost, rest = Damage(), error.rest
            lost.detail, lost.tainted = str(error), error.tainted
        yield lost
        found = seek_member(rest[1:], waiting, begins)
        if found is None:
            return
        source = chain([found[0]], waiting)


def seek_member(
    data: bytes, blocks: Iterator[bytes], begins: bytes, within: float = math.inf
) -> tuple[bytes, int] | None:
    """What is read of the next good gzip member and after it, and how many bytes stand before it.

    A good one has the magic number and content that begins as it should. None where there is none
    that begins within so many bytes of `data` and the blocks that follow it.
    """
    at = passed = 0
    while True:
        at = data.find(GZIP_MAGIC, at)
        if (at < 0 or len(data) - at < _PROBE_BYTES) and (block := next(blocks, b"")):
            kept = at if at >= 0 else max(len(data) - len(GZIP_MAGIC) + 1, 0)
            data, passed, at = data[kept:] + block, passed + kept, 0
            continue
        if at < 0 or passed + at >= within:
            return None
        with contextlib.suppress(zlib.error):
            decoder = zlib.decompressobj(wbits=GZIP_WRAPPER)
            if decoder.decompress(data[at : at + _PROBE_BYTES], len(begins)) == begins:
                return data[at:], passed + at
        at += 1


def _decode_up_to_damage(decoder: Any, data: bytes) -> bytes:
    """All output of `data` before its first bad byte, in about log2(len(data)) steps."""
    saved = b""
    while data:
        step = (len(data) + 1) // 2
        before = decoder.copy()
        try:
            saved += decoder.decompress(data[:step])
            data = data[step:]
        except zlib.error:
            if step == 1:
                break
            decoder, data = before, data[:step]
    return saved


def zstd_blocks(blocks: Iterable[bytes], max_window_bytes: int) -> Iterator[bytes]:
    """Decompress one or more zstd frames, skippable frames included.

    Raises `WindowTooLarge` for a frame that needs more than `max_window_bytes` to be decoded.
    """
    stream = _Bytes(blocks)
    n_frames = 0
    while magic := stream.take(4):
        number = int.from_bytes(magic, "little")
        try:
            if number in _ZSTD_SKIPPABLE:
                _skip_frame(stream)
            elif magic == zstandard.FRAME_HEADER:
                yield from _frame(stream, magic, max_window_bytes)
            else:
                raise CorruptCompression(f"bytes {magic.hex(' ')} do not begin a zstd frame")
        except (CorruptCompression, zstandard.ZstdError) as error:
            raise CorruptCompression(f"{error} (after {n_frames} complete zstd frames)") from error
        n_frames += 1


def _frame(stream: "_Bytes", magic: bytes, max_window_bytes: int) -> Iterator[bytes]:
    header = magic + stream.peek(_ZSTD_HEADER_BYTES - len(magic))
    header = header[: zstandard.frame_header_size(header)]
    parameters = zstandard.get_frame_parameters(header)
    stream.take(len(header) - len(magic))
    if parameters.window_size > max_window_bytes:
        raise WindowTooLarge(
            f"a zstd frame needs a window of {parameters.window_size} bytes, more than"
            f" max_window_bytes = {max_window_bytes}; raise the limit to read this file"
        )
    decoder = zstandard.ZstdDecompressor(max_window_size=max_window_bytes).decompressobj()
    decoder.decompress(header)
    last = False
    while not last:
        head = stream.exactly(3)
        bits = int.from_bytes(head, "little")
        last, kind, n_bytes = bool(bits & 1), bits >> 1 & 3, bits >> 3
        if kind == 3 or n_bytes > ZSTD_BLOCK_BYTES:
            raise CorruptCompression(f"no zstd block has type {kind} and {n_bytes} bytes")
        # Type 1 repeats a single byte n_bytes times.
        if out := decoder.decompress(head + stream.exactly(1 if kind == 1 else n_bytes)):
            yield out
    if parameters.has_checksum:
        decoder.decompress(stream.exactly(4))
    if not decoder.eof:
        raise CorruptCompression("the zstd frame does not end where its last block says")


def _skip_frame(stream: "_Bytes") -> None:
    left = int.from_bytes(stream.exactly(4), "little")
    while left:
        left -= len(stream.exactly(min(left, BLOCK_BYTES)))


class _Bytes:
    """Take a few bytes at a time out of large blocks."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = iter(blocks)
        self._block = b""
        self._at = 0

    def peek(self, n_bytes: int) -> bytes:
        """The next `n_bytes`, fewer at the end of the stream, left in place."""
        while len(self._block) - self._at < n_bytes:
            block = next(self._blocks, None)
            if block is None:
                break
            self._block, self._at = self._block[self._at :] + block, 0
        return self._block[self._at : self._at + n_bytes]

    def take(self, n_bytes: int) -> bytes:
        """The next `n_bytes`, fewer at the end of the stream."""
        taken = self.peek(n_bytes)
        self._at += len(taken)
        return taken

    def exactly(self, n_bytes: int) -> bytes:
        """The next `n_bytes`; raises `CorruptCompression` when the stream ends before."""
        taken = self.take(n_bytes)
        if len(taken) < n_bytes:
            raise CorruptCompression("the zstd stream ends inside a frame")
        return taken
