"""Many small files of a table become one; few files, and large ones, stay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pivotmine.lake import compaction
from pivotmine.lake.compaction import merge_small_files
from pivotmine.lake.digests import WrittenFile, write_parquet_file
from pivotmine.lake.lake import Lake
from pivotmine.lake.tables import REJECTS
from tests.handmade import make_lake


def rows(n: int) -> list[dict[str, Any]]:
    return [{"uri": f"{n}.jsonl", "position": at, "raw": b"x" * 50 * n} for at in range(n)]


def write(folder: str, n: int) -> tuple[str, WrittenFile]:
    path = f"{folder}/part-{n}.parquet"
    table = pa.Table.from_pylist(rows(n), REJECTS.schema)
    return path, write_parquet_file([table], REJECTS.schema, path)


def read(lake: Lake, paths: list[str]) -> list[dict[str, Any]]:
    found = []
    for path in paths:
        with lake.filesystem.open(path, "rb") as stream:
            found += pq.read_table(stream, columns=["uri", "position", "raw"]).to_pylist()
    return sorted(found, key=str)


def test_small_files_are_merged_where_they_are_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    lake = make_lake(tmp_path / "lake", rejects=rows(3))
    kept = dict.fromkeys(lake.files("rejects"), 3)
    folder = lake.staging_path("rejects", "run")
    written = dict(write(folder, n) for n in (5, 1, 4))
    added = list(written)
    assert merge_small_files(lake, "rejects", folder, added, kept, written) == (added, kept), "few"

    large = lake.filesystem.size(added[0])
    monkeypatch.setattr(compaction, "MAX_SMALL_FILES", 2)
    monkeypatch.setattr(compaction, "SMALL_FILE_BYTES", large)
    before = read(lake, [*added, *kept])
    files, stay = merge_small_files(lake, "rejects", folder, added, kept, written)
    assert (len(files), stay) == (2, {})
    assert added[0] in files, "what is large stays as it is"
    assert read(lake, files) == before
    (merged,) = set(files) - set(added)
    with lake.filesystem.open(merged, "rb") as stream:
        assert pq.read_metadata(stream).num_row_groups == 1
    assert written[merged].n_rows == len(before) - written[added[0]].n_rows
    assert written[merged].digest.n_bytes == lake.filesystem.size(merged)
    assert lake.parquet_files(folder) == sorted(files), "nothing is left over"
    unchanged = merge_small_files(lake, "rejects", folder, [], kept, written)
    assert unchanged == ([], kept), "nothing new"
