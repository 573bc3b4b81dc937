"""Read files as blocks of bytes, plain or decompressed up to the first damaged byte.

Every byte that can be decoded before the damage is returned, then `CorruptCompression` is raised
(`gzip_members.py`, `zstd_frames.py`).

A decompression bomb costs no memory here, but a megabyte of it would cost minutes. So reading ends
with `InflatesTooMuch` if a stream inflates beyond `ReadLimits.max_inflation` times the bytes read.

Memory is one block of input, one of output (4 MiB each), and the decoder's window.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from pivotmine.sources.content import HEAD_BYTES, compression_of, refuse_content
from pivotmine.sources.decoding import Damage, InflatesTooMuch
from pivotmine.sources.gzip_members import gzip_blocks, gzip_blocks_past_damage
from pivotmine.sources.records import BLOCK_BYTES, MIB, WHOLE_FILE, ReadLimits, Split
from pivotmine.sources.zstd_frames import zstd_blocks
from pivotmine.storage.filesystem import open_filesystem

# After its end a split reads only the rest of its last line, which is rarely longer than this.
TAIL_BYTES = 256 * 1024

MAX_LAYERS = 3
"""How many times upon each other a file may be compressed."""

FREE_INFLATION_BYTES = 64 * MIB
"""Bytes that any stream may inflate to, whatever its size."""


@contextmanager
def open_blocks(
    split: Split, limits: ReadLimits, resume: bytes | None = None
) -> Iterator[Iterator[bytes]]:
    """The decompressed bytes of a split in blocks, while the context is open.

    For a plain file they begin at the byte before `split.start` and go on after `split.end`. With
    `resume`, reading of a gzip file continues after damage at the next member whose content starts
    with these bytes, and a `Damage` block marks what was lost.

    The first bytes of a file tell its compression, `split.compression` only where they do not, or
    where the recipe names it.
    Reading raises `CorruptCompression`, `WindowTooLarge` or `InflatesTooMuch` after all good bytes,
    `WrongContent` before the first, and what the file system raises.
    """
    fs, path = open_filesystem(split.uri)
    end = None if split.end == WHOLE_FILE else split.end
    with fs.open(path, "rb", block_size=BLOCK_BYTES) as file:
        if split.start:
            yield plain_blocks(file, split.start - 1, end)
        else:
            yield _found_blocks(plain_blocks(file, 0, end), split, limits, resume)


def _found_blocks(
    blocks: Iterator[bytes], split: Split, limits: ReadLimits, resume: bytes | None
) -> Iterator[bytes]:
    """The content of a file from its beginning, whatever it is compressed with."""
    head, blocks = peek_head(blocks)
    found = split.compression if split.is_named else compression_of(head, split.compression)
    if found != "none":

        def decompress(packed: Iterable[bytes]) -> Iterator[bytes]:
            return _unpacked(packed, found, limits, resume, MAX_LAYERS)

        blocks = inflated(blocks, decompress, limits.max_inflation)
        head, blocks = peek_head(blocks)
    refuse_content(head, split.format)
    yield from blocks


def _unpacked(
    blocks: Iterable[bytes], compression: str, limits: ReadLimits, resume: bytes | None, more: int
) -> Iterator[bytes]:
    """Decompress what is compressed once or several times."""
    if compression == "zstd":
        out = zstd_blocks(blocks, limits.max_window_bytes)
    elif resume is None:
        out = gzip_blocks(blocks)
    else:
        out = gzip_blocks_past_damage(blocks, resume)
    head, out = peek_head(out)
    inner = compression_of(head, "none")
    if inner != "none" and more > 1:
        out = _unpacked(out, inner, limits, None, more - 1)
    yield from out


def peek_head(blocks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first `HEAD_BYTES` of a stream, fewer before its end or an error; and the whole stream.

    An error is raised when the stream comes to it.
    """
    seen: list[bytes] = []
    n_bytes = 0
    error: Exception | None = None
    while n_bytes < HEAD_BYTES:
        try:
            block = next(blocks, None)
        except Exception as raised:
            error = raised
            break
        if block is None:
            break
        seen.append(block)
        n_bytes += len(block)
        if isinstance(block, Damage):
            break
    return b"".join(seen)[:HEAD_BYTES], _again(seen, blocks, error)


def _again(seen: list[bytes], rest: Iterator[bytes], error: Exception | None) -> Iterator[bytes]:
    while seen:
        yield seen.pop(0)
    if error is not None:
        raise error
    yield from rest


def inflated(
    blocks: Iterable[bytes],
    decompress: Callable[[Iterable[bytes]], Iterator[bytes]],
    max_inflation: int,
) -> Iterator[bytes]:
    """Decompress blocks, within the inflation limit.

    Raises `InflatesTooMuch` if the output exceeds `max_inflation` times the bytes taken so far plus
    `FREE_INFLATION_BYTES`.
    """
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
    """Bytes of a binary file from `start` on, in large reads up to `end` and small ones after it.

    The caller stops when it has its last line.
    """
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
