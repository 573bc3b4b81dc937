"""What the decoders of gzip and zstd have in common: how they fail, and what they give out."""

from typing import NamedTuple


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


class Damage(bytes):
    """An empty block that stands where bytes were lost; as `CorruptCompression` tells it."""

    detail: str = ""
    tainted: bool = False


class Step(NamedTuple):
    """What comes of decoding a little of a file of several units: gzip members, or zstd frames."""

    out: bytes
    at: int
    """How much of the file is decoded then, its beginning included, in bytes."""
    ends: bool
    """Whether a unit ends here, with the padding behind it; then `out` is empty."""
