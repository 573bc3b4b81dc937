"""Decompression up to the very byte that is damaged."""

import gzip
import random
import zlib
from collections.abc import Iterable, Iterator

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from pivotmine.sources.decoding import CorruptCompression
from pivotmine.sources.gzip_members import gzip_blocks
from pivotmine.sources.records import BLOCK_BYTES
from pivotmine.sources.zstd_frames import zstd_blocks

WINDOW = 1 << 27
CONTENT = random.Random(3).randbytes(400) + b"a word and " * 300


def chopped(data: bytes, n_bytes: int) -> list[bytes]:
    return [data[i : i + n_bytes] for i in range(0, len(data), n_bytes)]


def drain(blocks: Iterable[bytes]) -> tuple[bytes, bool]:
    """All that came out, and whether the stream was sound."""
    out = b""
    try:
        for block in blocks:
            out += block
    except CorruptCompression:
        return out, False
    return out, True


def byte_by_byte(data: bytes) -> tuple[bytes, bool]:
    """The slow, obvious decoder of one gzip member."""
    decoder = zlib.decompressobj(wbits=31)
    out = b""
    for i in range(len(data)):
        try:
            out += decoder.decompress(data[i : i + 1])
        except zlib.error:
            return out, False
        if decoder.eof:
            return out, i == len(data) - 1
    return out, False


@settings(deadline=None)
@given(st.data(), st.integers(1, 5000))
def test_gzip_gives_as_much_as_feeding_zlib_one_byte_at_a_time(
    data: st.DataObject, block_bytes: int
) -> None:
    packed = bytearray(gzip.compress(CONTENT, mtime=0))
    at = data.draw(st.integers(0, len(packed) - 1))
    packed[at] ^= data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(1, len(packed)))
    damaged = bytes(packed[:cut])
    assert drain(gzip_blocks(chopped(damaged, block_bytes))) == byte_by_byte(damaged)


@pytest.mark.parametrize("cut", range(1, 20))
def test_output_behind_a_full_block_is_not_lost_at_a_truncation(cut: int) -> None:
    damaged = gzip.compress(b"\0" * (BLOCK_BYTES + 5000), mtime=0)[:-cut]
    out, sound = drain(gzip_blocks([damaged]))
    assert not sound
    assert len(out) == len(zlib.decompressobj(wbits=31).decompress(damaged))


@given(st.integers(1, 400), st.integers(1, 4), st.booleans())
def test_undamaged_streams_are_decoded_completely_in_any_blocks(
    block_bytes: int, n_parts: int, checksum: bool
) -> None:
    parts = chopped(CONTENT, len(CONTENT) // n_parts + 1)
    members = b"".join(gzip.compress(part, mtime=0) for part in parts)
    compressor = zstandard.ZstdCompressor(write_checksum=checksum)
    frames = b"".join(compressor.compress(part) for part in parts)
    assert drain(gzip_blocks(chopped(members, block_bytes))) == (CONTENT, True)
    assert drain(zstd_blocks(chopped(frames, block_bytes), WINDOW)) == (CONTENT, True)


@given(st.data(), st.integers(1, 400))
def test_a_zstd_stream_is_never_sound_when_cut_inside_a_frame(
    data: st.DataObject, block_bytes: int
) -> None:
    packed = zstandard.compress(CONTENT)
    cut = data.draw(st.integers(1, len(packed) - 1))
    out, sound = drain(zstd_blocks(chopped(packed[:cut], block_bytes), WINDOW))
    assert not sound
    assert CONTENT.startswith(out)


def bombs() -> Iterator[tuple[str, Iterator[bytes]]]:
    zeros = b"\0" * (64 << 20)
    yield "gzip", gzip_blocks([gzip.compress(zeros, 1)])
    yield "zstd", zstd_blocks([zstandard.compress(zeros)], WINDOW)


@pytest.mark.parametrize("index", [0, 1])
def test_a_decompression_bomb_comes_out_in_bounded_blocks(index: int) -> None:
    _, blocks = list(bombs())[index]
    sizes = [len(block) for block in blocks]
    assert sum(sizes) == 64 << 20
    assert max(sizes) <= BLOCK_BYTES
