"""A count-min sketch as bytes: `docs/sketch-format.md` is the specification.

A sketch is written once and mapped by every worker of a machine, so its counters are in the file as
they are in memory, aligned to cache lines, and opening one copies and reads nothing. The header
holds a digest of all bytes, which is checked if `verify` is set (0.4 s a gigabyte). Everything else
is checked at each opening, the length of the file too: a truncated file would otherwise kill a
worker by SIGBUS.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
from blake3 import blake3
from numpy.typing import NDArray

from pivotmine.errors import InputError
from pivotmine.stages.count.sketch_shape import MAX_DEPTH, CountMinSketch, SketchShape

_MAGIC = b"PMSKETCH"
_VERSION = 1
_HASH = 1  # how a pair finds its counters; renumber when `pair_hash` changes
_FIELDS = struct.Struct("<8sIIQIIQQ")
_DIGEST = slice(64, 96)
_ADDED_START = 96
_ALIGNMENT = 64
_PIECE_BYTES = 2**24


def write_sketch(sketch: CountMinSketch, file: IO[bytes]) -> None:
    """Write a sketch to a binary file or stream, from its start to its end, without seeking."""
    digest = blake3()
    for piece in _pieces(sketch):
        digest.update(piece)
    pieces = _pieces(sketch)
    file.write(next(pieces))
    file.write(digest.digest())
    for piece in pieces:
        file.write(piece)


def open_sketch(path: str | Path, *, verify: bool = False) -> CountMinSketch:
    """Map a sketch file into memory, read-only; processes of one machine share its pages.

    Parameters
    ----------
    verify
        Compare the digest of all bytes, which reads the whole file.

    Raises
    ------
    InputError
        The file cannot be read, is no sketch, has another version or hash, is truncated or longer
        than its header says, or (with `verify`) was changed.
    """
    try:
        # An empty file cannot be mapped; `_parse` reports it better.
        empty = Path(path).stat().st_size == 0
        data = np.empty(0, np.uint8) if empty else np.memmap(path, np.uint8, "r").view(np.ndarray)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    return _parse(data, str(path), verify)


def _pieces(sketch: CountMinSketch) -> Iterator[bytes | memoryview]:
    """The bytes of a sketch without the digest, which belongs after the first piece."""
    shape = sketch.shape
    fields = _FIELDS.pack(
        _MAGIC,
        _VERSION,
        _HASH,
        shape.blocks,
        shape.depth,
        shape.counter_bytes,
        shape.width,
        sketch.n_added,
    )
    yield fields.ljust(_DIGEST.start, b"\0")
    yield sketch.added.astype("<u8").tobytes().ljust(_counters_start(shape) - _ADDED_START, b"\0")
    stored = sketch.counters.astype(f"<u{shape.counter_bytes}", copy=False)
    counters = np.ascontiguousarray(stored).reshape(-1).view(np.uint8).data
    for start in range(0, len(counters), _PIECE_BYTES):
        yield counters[start : start + _PIECE_BYTES]


def _counters_start(shape: SketchShape) -> int:
    return -(-(_ADDED_START + 8 * shape.blocks) // _ALIGNMENT) * _ALIGNMENT


def _parse(data: NDArray[np.uint8], name: str, verify: bool) -> CountMinSketch:
    head = data[:_ADDED_START].tobytes()
    if head[: len(_MAGIC)] != _MAGIC[: len(head)]:
        raise InputError(f"{name} is not a sketch: it starts with {head[: len(_MAGIC)]!r}")
    if len(head) < _ADDED_START:
        raise InputError(f"{name} is truncated: {len(head)} bytes, a header has {_ADDED_START}")
    _, version, hash_id, blocks, depth, counter_bytes, width, n_added = _FIELDS.unpack_from(head)
    for what, found, known in (("format version", version, _VERSION), ("hash", hash_id, _HASH)):
        if found != known:
            raise InputError(f"{name} has {what} {found}, this program reads {known}; rebuild it")
    shape = SketchShape(blocks, depth, width, counter_bytes)
    powers_of_two = (1 << power for power in range(33))
    if not (
        1 <= blocks <= 2**32
        and 1 <= depth <= MAX_DEPTH
        and counter_bytes in (1, 2, 4)
        and width in powers_of_two
    ):
        raise InputError(f"{name} is damaged: its header says {shape}")
    start = _counters_start(shape)
    if len(data) != start + shape.n_bytes:
        problem = "truncated" if len(data) < start + shape.n_bytes else "too long"
        raise InputError(f"{name} is {problem}: {len(data)} bytes, not {start + shape.n_bytes}")
    if verify and _digest(data) != head[_DIGEST]:
        raise InputError(f"{name} is damaged: its bytes do not match its checksum; rebuild it")
    # Both arrays are aligned, as compiled kernels need them: a file is mapped from a page boundary.
    added = data[_ADDED_START : _ADDED_START + 8 * blocks].view("<u8")
    if int(added.sum()) != n_added:
        raise InputError(f"{name} is damaged: blocks sum to {added.sum()}, not to {n_added}")
    counters = data[start:].view(f"<u{counter_bytes}").reshape(shape[:3])
    return CountMinSketch(shape, counters, added)


def _digest(data: NDArray[np.uint8]) -> bytes:
    digest = blake3(data[: _DIGEST.start].data)
    for start in range(_DIGEST.stop, len(data), _PIECE_BYTES):
        digest.update(data[start : start + _PIECE_BYTES].data)
    return digest.digest()
