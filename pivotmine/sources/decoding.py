"""Errors and results that the gzip and zstd decoders share."""

from typing import NamedTuple


class CorruptCompression(Exception):
    """The compressed stream is damaged, truncated, or followed by something else.

    For gzip, `rest` holds the bytes of the damaged block that were not decoded. `tainted` says
    whether bytes of the damaged member were returned before; no checksum vouches for them.
    """

    rest: bytes = b""
    tainted: bool = False


class WindowTooLarge(Exception):
    """A zstd frame is sound but asks for more memory than is allowed."""


class InflatesTooMuch(Exception):
    """The stream inflates to more than the limits allow."""


class Damage(bytes):
    """An empty block in place of lost bytes, described as by `CorruptCompression`."""

    detail: str = ""
    tainted: bool = False


class Step(NamedTuple):
    """One step of decoding a file of several units: gzip members, or zstd frames."""

    out: bytes
    at: int
    """Offset in the file up to which it is decoded after this step, in bytes."""
    ends: bool
    """Whether a unit and the padding after it end here; `out` is empty in that case."""
