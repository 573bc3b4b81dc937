"""Checksums of shards: computed once, and remembered for as long as the file does not change.

A note in the cache stands for the size, the time of change and the inode that a file had when its
checksum was right. Of several workers on a machine one computes it, and the others wait for its
note.
"""

from __future__ import annotations

from pathlib import Path

from blake3 import blake3

from pivotmine.errors import InputError
from pivotmine.model.locks import alone

BLOCK_BYTES = 8 * 2**20


def verify(path: Path, checksum: str, name: str, cache: Path, again: bool = False) -> None:
    """Raise `InputError` if a file does not have a checksum (BLAKE3, about 1 GB/s on one core).

    `name` is for the message; `again` computes it whatever was noted.
    """
    try:
        note = _note(path, checksum, cache)
        if note.exists() and not again:
            return
        with alone(note):
            if note.exists() and not again:
                return
            found = _digest(path)
            if found == checksum and note == _note(path, checksum, cache):
                note.touch()
    except OSError as error:
        raise InputError(f"shard {name} cannot be read: {error.strerror or error}") from None
    if found != checksum:
        raise InputError(
            f"shard {name} is not what was written: its BLAKE3 is {found[:16]}…, the manifest says "
            f"{checksum[:16]}…; copy it again, or run the shard stage again"
        )


def _note(path: Path, checksum: str, cache: Path) -> Path:
    """The file whose presence says that a file of this state has the checksum."""
    at = path.stat()
    state = f"{checksum} {at.st_dev} {at.st_ino} {at.st_size} {at.st_mtime_ns}"
    return cache / "verified" / str(blake3(state.encode()).hexdigest())[:32]


def _digest(path: Path) -> str:
    digest = blake3()
    with path.open("rb") as stream:
        while block := stream.read(BLOCK_BYTES):
            digest.update(block)
    return str(digest.hexdigest())
