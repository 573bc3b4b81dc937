"""Decompress gzip block by block, and find the members that a gzip file consists of.

`gzip.open` is not used: if a call meets damage, it discards what that call had decoded. Here a zlib
decoder is copied before each step (40 KiB). A step that fails is repeated from the copy, by halves,
until the last good byte is out. Archives store each record as a member, so a damaged member does
not cost the thousands after it.
"""

import contextlib
import math
import zlib
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from pivotmine.sources.decoding import CorruptCompression, Damage, Step
from pivotmine.sources.records import BLOCK_BYTES

GZIP_WRAPPER = 31  # zlib's wbits for "gzip header, largest window"
GZIP_MAGIC = b"\x1f\x8b\x08"
_PROBE_BYTES = 4096  # read of a possible member, to see what it begins with
_PROBED_BYTES = 64 * 1024  # decoded at most, if its beginning is not known


def gzip_blocks(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Decompress one or more gzip members. Zero padding after a member is legal (tapes)."""
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
                # After a full output the decoder may hold more, even if its input is used up.
                more = bool(data) or len(out) == BLOCK_BYTES
    if decoder is not None:
        corrupt = CorruptCompression(
            f"the gzip stream ends before its end mark ({n_members} complete members before)"
        )
        # Damage can hide the end of a member, so its content may be that of the next one.
        corrupt.rest, corrupt.tainted = last, n_given > 0
        raise corrupt


def gzip_blocks_past_damage(blocks: Iterable[bytes], begins: bytes) -> Iterator[bytes]:
    """As `gzip_blocks`, but continue after damage at the next member that can be decoded.

    The content of that member starts with `begins`. A `Damage` block marks the bytes lost.
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
    """Find the next good gzip member: the bytes read from its start on, and its offset.

    `data` and the blocks after it are searched. A good member has the magic number and content that
    starts with `begins`; if `begins` is empty, its first 4 KiB can be decoded. Returns None if no
    good member starts within the first `within` bytes.
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
            n_probed = len(begins) or _PROBED_BYTES
            if decoder.decompress(data[at : at + _PROBE_BYTES], n_probed).startswith(begins):
                return data[at:], passed + at
        at += 1


def members(data: bytes, source: Iterator[bytes], at: int) -> Iterator[Step]:
    """Decode members from `data`, which lies at byte `at` of the file, and then from `source`.

    Raises `CorruptCompression` for any damage. Memory is one input block and one output block.
    """
    n_read = at + len(data)
    while data:
        decoder = zlib.decompressobj(wbits=GZIP_WRAPPER)
        while not decoder.eof:
            try:
                out = decoder.decompress(data, BLOCK_BYTES)
            except zlib.error as error:
                raise CorruptCompression(f"{error} (in the member at {at})") from error
            data = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
            if out:
                yield Step(out, n_read - len(data), False)
            if not (decoder.eof or data or len(out) == BLOCK_BYTES):
                data = next(source, b"")
                n_read += len(data)
                if not data:
                    raise CorruptCompression(f"the member at {at} does not end")
        for block in chain((b"",), source):  # zero padding after a member is legal
            n_read += len(block)
            data = (data + block).lstrip(b"\0")
            if data:
                break
        at = n_read - len(data)
        yield Step(b"", at, True)


def _decode_up_to_damage(decoder: Any, data: bytes) -> bytes:
    """The output of `data` before its first bad byte, in about log2(len(data)) steps."""
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
