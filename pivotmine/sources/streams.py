"""Files as blocks of bytes: plain, or decompressed up to the very byte where they are damaged.

Every byte that the format lets one decode before the damage is delivered, then `CorruptCompression`
is raised (`gzip_members.py`, `zstd_frames.py`).

A bomb costs no memory here, but a megabyte of it would cost minutes: a stream that inflates beyond
`ReadLimits.max_inflation` times what was read of it is given up (`InflatesTooMuch`).

Memory: one block of input, one of output (4 MiB each), and the decoder's window.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import fsspec

from pivotmine.sources.decoding import InflatesTooMuch
from pivotmine.sources.gzip_members import gzip_blocks, gzip_blocks_past_damage
from pivotmine.sources.records import BLOCK_BYTES, MIB, WHOLE_FILE, ReadLimits, Split
from pivotmine.sources.zstd_frames import zstd_blocks

# Past its end a split only finishes its last line, rarely longer than this.
TAIL_BYTES = 256 * 1024

FREE_INFLATION_BYTES = 64 * MIB
"""What any stream may inflate to, whatever its size."""


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
