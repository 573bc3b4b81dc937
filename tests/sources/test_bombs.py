"""Small files that unfold to gigabytes: memory stays within its bound, and the file is refused.

The growth of a fresh process's peak is measured, as in `test_memory.py`. `BOUND_MIB` is what
`docs/architecture.md` allows reading: 130 MiB, since no record here is long.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from tests.sources.test_memory import grow

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")

MIB = 1 << 20
GIB = 1 << 30
BOUND_MIB = 130

PART_BYTES = 64 * MIB
N_PARTS = 5 * GIB // PART_BYTES

GROUP_ROWS = 10_000_000
N_ROWS = 2_000_000_000


def gzip_bomb() -> bytes:
    """5 GiB in one stream: a run of zero bits in deflate is a few bytes a kilobyte."""
    return gzip.compress(b" " * PART_BYTES) * N_PARTS


def zstd_bomb() -> bytes:
    return zstandard.ZstdCompressor(level=1).compress(b" " * PART_BYTES) * N_PARTS


def zstd_bomb_in_one_frame() -> bytes:
    """One frame of a gigabyte without its size in the header."""
    packer = zstandard.ZstdCompressor(level=1, write_content_size=False).compressobj()
    part = b" " * (4 * MIB)
    return b"".join([*(packer.compress(part) for _ in range(GIB // len(part))), packer.flush()])


DEPTH = 100_000
BRACKETS = b"[" * DEPTH + b"]" * DEPTH
"""JSON that nests deeper than the stack of a parser that calls itself."""


def parquet_bomb() -> bytes:
    """2 billion nulls in some kilobytes: all row groups of the footer are the same pages."""
    sink = io.BytesIO()
    schema = pa.schema([("text", pa.string())])
    with pq.ParquetWriter(sink, schema, store_schema=False) as writer:
        rows = pa.table({"text": pa.nulls(GROUP_ROWS, pa.string())})
        writer.write_table(rows, row_group_size=GROUP_ROWS)
    content = sink.getvalue()
    footer = pq.read_metadata(io.BytesIO(content))
    one = pq.read_metadata(io.BytesIO(content))
    for _ in range(N_ROWS // GROUP_ROWS - 1):
        footer.append_row_groups(one)
    written = io.BytesIO()
    footer.write_metadata_file(written)
    n_footer = int.from_bytes(content[-8:-4], "little")
    return content[: -8 - n_footer] + written.getvalue()[4:]


BOMBS: dict[str, tuple[str, Callable[[], bytes], bytes, str]] = {
    "gzip": (".jsonl.gz", gzip_bomb, gzip.compress(b'{"text": "a"}\n'), "inflates_too_much"),
    "zstd": (
        ".jsonl.zst",
        zstd_bomb,
        zstandard.compress(b'{"text": "a"}\n'),
        "inflates_too_much",
    ),
    "zstd, one frame": (
        ".jsonl.zst",
        zstd_bomb_in_one_frame,
        zstandard.compress(b'{"text": "a"}\n'),
        "inflates_too_much",
    ),
    "brackets for a text": (
        ".jsonl",
        lambda: b'{"text": ' + BRACKETS + b"}\n",
        b'{"text": "a"}\n',
        "wrong_type",
    ),
    "open brackets": (".jsonl", lambda: BRACKETS[:DEPTH], b'{"text": "a"}\n', "invalid_json"),
    "brackets beside a text": (
        ".jsonl",
        lambda: b'{"more": ' + BRACKETS + b', "text": "a"}\n',
        b'{"text": "a"}\n',
        "document",
    ),
}


@pytest.mark.parametrize(("suffix", "make", "warm", "fate"), BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_meets_its_fate_within_the_bound_on_memory(
    tmp_path: Path, suffix: str, make: Callable[[], bytes], warm: bytes, fate: str
):
    first, bomb = tmp_path / f"warm{suffix}", tmp_path / f"bomb{suffix}"
    first.write_bytes(warm)
    bomb.write_bytes(make())
    assert bomb.stat().st_size < 8 * MIB
    growth, found = grow(first, bomb)
    assert fate in found
    assert growth < BOUND_MIB


def test_a_parquet_file_of_billions_of_nulls_is_refused_within_the_bound_on_memory(tmp_path: Path):
    first, bomb = tmp_path / "warm.parquet", tmp_path / "bomb.parquet"
    pq.write_table(pa.table({"text": ["a"]}), first)
    bomb.write_bytes(parquet_bomb())
    assert pq.read_metadata(bomb).num_rows == N_ROWS
    assert bomb.stat().st_size < MIB
    growth, found = grow(first, bomb)
    assert "inflates_too_much" in found
    assert growth < BOUND_MIB
