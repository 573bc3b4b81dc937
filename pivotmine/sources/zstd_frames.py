"""Decompress zstd block by block, and find the frames that a zstd file consists of.

`zstandard.stream_reader` is not used: if a call meets damage, it discards what that call had
decoded, and it takes a truncated file for a complete one. Here the blocks of a frame (RFC 8878
section 3.1.1) are given to the decoder one by one. A block has at most 128 KiB of content, which
also bounds the damage of a decompression bomb.
"""

from collections.abc import Iterable, Iterator

import zstandard

from pivotmine.sources.decoding import CorruptCompression, Step, WindowTooLarge
from pivotmine.sources.records import BLOCK_BYTES

MAX_WINDOW_BYTES = 1 << 31
"""The largest window that the library decodes, that of `zstd --long=31`."""

ZSTD_BLOCK_BYTES = 128 * 1024
_ZSTD_HEADER_BYTES = 18  # the longest frame header, magic number included
_ZSTD_SKIPPABLE = range(0x184D2A50, 0x184D2A60)
_PROBE_BYTES = _ZSTD_HEADER_BYTES + ZSTD_BLOCK_BYTES + 3  # header and first block of a frame


def zstd_blocks(blocks: Iterable[bytes], max_window_bytes: int) -> Iterator[bytes]:
    """Decompress one or more zstd frames, skippable frames included.

    Raises `WindowTooLarge` for a frame that needs more than `max_window_bytes` to be decoded.
    """
    return (step.out for step in frames(Bytes(blocks), max_window_bytes) if step.out)


def frames(stream: "Bytes", max_window_bytes: int) -> Iterator[Step]:
    """Decode the frames from here on. Skippable frames are padding of the frame before them."""
    n_frames = 0
    try:
        _skip_frames(stream)
        while magic := stream.take(4):
            if magic != zstandard.FRAME_HEADER:
                raise CorruptCompression(f"bytes {magic.hex(' ')} do not begin a zstd frame")
            for out in _frame(stream, magic, max_window_bytes):
                yield Step(out, stream.position, False)
            n_frames += 1
            _skip_frames(stream)
            yield Step(b"", stream.position, True)
    except (CorruptCompression, zstandard.ZstdError) as error:
        raise CorruptCompression(f"{error} (after {n_frames} complete zstd frames)") from error


def seek_frame(stream: "Bytes", begins: bytes, end: int, max_window_bytes: int) -> bool:
    """Go to the next good frame that begins before byte `end`. Returns whether there is one.

    The first block of a good frame can be decoded, and its content starts with `begins`.
    """
    while stream.skip_to(zstandard.FRAME_HEADER) and stream.position < end:
        probe = Bytes([stream.peek(_PROBE_BYTES)])
        content = b""
        try:
            for out in _frame(probe, probe.take(4), max_window_bytes):
                content += out
                if len(content) >= len(begins):
                    break
            if content.startswith(begins):
                return True
        except (CorruptCompression, WindowTooLarge, zstandard.ZstdError):
            pass
        stream.take(1)
    return False


class Bytes:
    """Reads a few bytes at a time from large blocks.

    Parameters
    ----------
    start
        Offset of the first block in the file.
    """

    def __init__(self, blocks: Iterable[bytes], start: int = 0) -> None:
        self._blocks = iter(blocks)
        self._block = b""
        self._at = 0
        self._n_read = start

    @property
    def position(self) -> int:
        """Offset of the next byte in the file."""
        return self._n_read - len(self._block) + self._at

    def peek(self, n_bytes: int) -> bytes:
        """The next `n_bytes` without taking them; fewer at the end of the stream."""
        while len(self._block) - self._at < n_bytes:
            block = next(self._blocks, None)
            if block is None:
                break
            self._block, self._at = self._block[self._at :] + block, 0
            self._n_read += len(block)
        return self._block[self._at : self._at + n_bytes]

    def take(self, n_bytes: int) -> bytes:
        """The next `n_bytes`, fewer at the end of the stream."""
        taken = self.peek(n_bytes)
        self._at += len(taken)
        return taken

    def exactly(self, n_bytes: int) -> bytes:
        """Take exactly `n_bytes`. Raises `CorruptCompression` if the stream ends before."""
        taken = self.take(n_bytes)
        if len(taken) < n_bytes:
            raise CorruptCompression("the zstd stream ends inside a frame")
        return taken

    def skip_to(self, mark: bytes) -> bool:
        """Go to the next `mark`, or to the end. Returns whether there is one."""
        while (found := self._block.find(mark, self._at)) < 0:
            self._at = max(self._at, len(self._block) - len(mark) + 1)
            if len(self.peek(len(mark))) < len(mark):
                self._at = len(self._block)
                return False
        self._at = found
        return True


def _frame(stream: "Bytes", magic: bytes, max_window_bytes: int) -> Iterator[bytes]:
    header = magic + stream.peek(_ZSTD_HEADER_BYTES - len(magic))
    header = header[: zstandard.frame_header_size(header)]
    parameters = zstandard.get_frame_parameters(header)
    stream.take(len(header) - len(magic))
    if parameters.window_size > max_window_bytes:
        can = parameters.window_size <= MAX_WINDOW_BYTES
        advice = "raise that to read the file" if can else "pack the file anew without --ultra"
        raise WindowTooLarge(
            f"a zstd frame needs a window of {parameters.window_size} bytes, more than"
            f" ingest.max_window_bytes = {max_window_bytes}; {advice}"
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


def _skip_frames(stream: "Bytes") -> None:
    while int.from_bytes(stream.peek(4), "little") in _ZSTD_SKIPPABLE:
        stream.take(4)
        left = int.from_bytes(stream.exactly(4), "little")
        while left:
            left -= len(stream.exactly(min(left, BLOCK_BYTES)))
