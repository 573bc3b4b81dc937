"""Memory stays bounded: measured as the growth of a fresh process's peak.

The peak is Linux's VmHWM: `ru_maxrss` would not do, a child begins with its parent's.
"""

import gzip
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

MIB = 1 << 20

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")

# Reads a small file first, so that imports and allocators are warm, then the file in question.
# Prints the growth of the peak in MiB, the kinds and reasons found, and the number of documents.
PROGRAM = """
import sys
from pathlib import Path
from pivotmine.sources import ColumnMap, ReadLimits, read_split
from pivotmine.sources.listing import list_splits

limits = ReadLimits(max_record_bytes=int(sys.argv[3]))

def read(path):
    fates = []
    for split in list_splits([path], "auto", 32 << 20, 0):
        for batch in read_split(split, ColumnMap(), limits):
            fates += [reason or kind for kind, reason in zip(
                batch.column("kind").to_pylist(), batch.column("reason").to_pylist())]
    return fates

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))

read(sys.argv[1])
before = peak()
fates = read(sys.argv[2])
print((peak() - before) / 1024, *sorted(set(fates)), fates.count("document"))
"""


def grow(warm: Path, path: Path, max_record_bytes: int = 32 * MIB) -> tuple[float, list[str]]:
    command = [sys.executable, "-c", PROGRAM, str(warm), str(path), str(max_record_bytes)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    growth, *found = done.stdout.split()
    return float(growth), found


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz"])
def test_a_line_of_200_mb_costs_no_more_than_the_longest_legal_line(
    tmp_path: Path, suffix: str
) -> None:
    def writer(path: Path) -> BinaryIO:
        packed = suffix.endswith("gz")
        return cast(BinaryIO, gzip.open(path, "wb", 1)) if packed else path.open("wb")

    warm, path = tmp_path / f"warm{suffix}", tmp_path / f"long{suffix}"
    with writer(warm) as file:
        file.write(b'{"text": "a"}\n')
    with writer(path) as file:
        file.write(b'{"text": "before"}\n{"text": "')
        for _ in range(200):
            file.write(b"x" * MIB)
        file.write(b'"}\n{"text": "after"}\n')
    growth, found = grow(warm, path)
    assert found == ["document", "record_too_long", "split", "2"]
    assert growth < 100
    if suffix == ".jsonl":  # the measure does see a line that is held
        path.write_bytes(b"x" * (60 * MIB))
        assert grow(warm, path, max_record_bytes=61 * MIB)[0] > 100


def test_a_row_group_of_240_mb_is_read_a_few_pages_at_a_time(tmp_path: Path) -> None:
    warm, path = tmp_path / "warm.parquet", tmp_path / "large.parquet"
    pq.write_table(pa.table({"text": ["a"]}), warm)
    table = pa.table({"text": [f"{i} " + "mot " * 15_000 for i in range(4000)]})
    pages_of_16_rows = {"write_batch_size": 16, "use_dictionary": False, "compression": "none"}
    pq.write_table(table, path, row_group_size=4000, **pages_of_16_rows)
    growth, found = grow(warm, path)
    assert found == ["document", "split", "4000"]
    assert growth < 170
