"""Splits of a table: every row group is read by one task, wherever files are cut."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.engine.table_files import MAX_SPLITS, bind_reader, plan_splits
from pivotmine.errors import LakeError


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, int]]:
    """Three files of one, four and no row groups: a list column, and one that is not read."""
    folder = tmp_path_factory.mktemp("table")
    found = []
    for name, n_rows, group_rows in (("a", 50, 100), ("b", 200, 60), ("c", 0, 10)):
        path = folder / f"{name}.parquet"
        rows = {
            "id": [f"{name}{i}" for i in range(n_rows)],
            "values": [list(range(i % 5)) for i in range(n_rows)],
            "other": list(range(n_rows)),
        }
        types = [("id", pa.string()), ("values", pa.list_(pa.int32())), ("other", pa.int64())]
        table = pa.table(rows, schema=pa.schema(types))
        pq.write_table(table, path, row_group_size=group_rows)
        found.append((str(path), path.stat().st_size))
    return found


def read(files, splits, columns=("id", "values")) -> list[list[dict]]:
    """Rows that each task reads."""
    task = bind_reader(splits, columns, lambda batches: batches, dict(files))
    numbers = ([pa.record_batch({"id": [i]})] for i in range(len(splits)))
    return [[row for b in task(iter(number)) for row in b.to_pylist()] for number in numbers]


@given(split_bytes=st.integers(1, 10_000))
def test_every_row_is_read_once_in_the_order_of_the_files(files, split_bytes):
    (whole,) = read(files, plan_splits(files, 10**9))
    assert [row["id"] for row in whole] == [f"a{i}" for i in range(50)] + [
        f"b{i}" for i in range(200)
    ]
    assert all(set(row) == {"id", "values"} for row in whole)
    by_task = read(files, plan_splits(files, split_bytes))
    assert [row for rows in by_task for row in rows] == whole


sizes = st.lists(st.integers(0, 10**12), max_size=20)


@given(sizes, st.integers(10**7, 10**9))
def test_splits_cover_all_bytes_in_equal_shares_and_are_not_too_many(given_sizes, split_bytes):
    splits = plan_splits([(str(i), size) for i, size in enumerate(given_sizes)], split_bytes)
    covered = [0] * len(given_sizes)
    for split in splits:
        for part in split:
            assert part.start == covered[int(part.path)] < part.end
            covered[int(part.path)] = part.end
    assert covered == given_sizes
    n_bytes = [sum(part.end - part.start for part in split) for split in splits]
    assert all(n == n_bytes[0] >= split_bytes for n in n_bytes[:-1])
    assert len(splits) <= MAX_SPLITS


def test_a_deleted_file_is_named_in_the_error(files, tmp_path: Path):
    missing = plan_splits([*files, (str(tmp_path / "gone.parquet"), 100)], 10**9)
    with pytest.raises(LakeError, match=r"gone\.parquet is gone"):
        read([*files, (str(tmp_path / "gone.parquet"), 100)], missing)
