"""Parquet: types, nested columns, splits and damage."""

import contextlib
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pivotmine.sources import ColumnMap, ReadLimits
from pivotmine.sources.listing import list_splits
from pivotmine.sources.parquet_pages import BadPage, PageGuard, read_header

Read = Callable[..., Any]

RNG = random.Random(5)
TEXTS = [f"row {i} " + RNG.randbytes(200).hex() for i in range(1000)]


def write(path: Path, table: pa.Table, **options: Any) -> Path:
    options = {"row_group_size": 250, "use_dictionary": False} | options
    pq.write_table(table, path, **options)
    return path


@pytest.mark.parametrize(
    "kind",
    [
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.dictionary(pa.int32(), pa.string()),
        pa.dictionary(pa.int8(), pa.large_string()),
    ],
    ids=str,
)
def test_every_kind_of_string_column_is_text(read: Read, tmp_path: Path, kind: Any) -> None:
    array = pa.array(["un", None, " ", "deux", "nul \0"])
    array = array.dictionary_encode() if pa.types.is_dictionary(kind) else array
    path = write(tmp_path / "a.parquet", pa.table({"id": range(5), "text": array.cast(kind)}))
    outcome = read(path)
    assert outcome.fates == [
        (0, "un", None),
        (1, None, "missing_text"),
        (2, None, "empty_text"),
        (3, "deux", None),
        (4, "nul \0", None),
    ]


def test_splits_by_row_group_hold_the_same_rows(read: Read, tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", pa.table({"text": TEXTS}))
    whole = read(path)
    assert [row["position"] for row in whole.documents] == list(range(1000))
    assert whole.texts == TEXTS
    for split_bytes, n_splits in ((1, 4), (150_000, 2)):
        split = read(path, split_bytes=split_bytes)
        assert len(split.splits) == n_splits
        assert split.fates == whole.fates
        assert sum(row["n_bytes"] for row in split.splits) == whole.splits[0]["n_bytes"]


def test_a_nested_field_is_reached_by_its_path_and_null_parents_are_missing(
    read: Read, tmp_path: Path
) -> None:
    rows = [{"text": "in", "x": 1, "meta": {"site": "wiki"}}, None, {"text": None, "x": 2}]
    path = write(tmp_path / "a.parquet", pa.table({"data": pa.array(rows), "text": ["out"] * 3}))
    columns = ColumnMap(text="data.text", source="data.meta.site", source_label="web")
    outcome = read(path, columns)
    assert outcome.fates == [(0, "in", None), (1, None, "missing_text"), (2, None, "missing_text")]
    assert outcome.documents[0]["source"] == "wiki"
    assert read(path).texts == ["out"] * 3


def test_a_column_with_a_dot_in_its_name_wins_over_the_path(read: Read, tmp_path: Path) -> None:
    nested = pa.array([{"text": "inner"}])
    path = write(tmp_path / "a.parquet", pa.table({"data": nested, "data.text": ["outer"]}))
    assert read(path, ColumnMap(text="data.text")).texts == ["outer"]


@pytest.mark.parametrize("source", [["wiki", "wiki"], [None, ""], [1, 2]])
def test_the_source_falls_back_to_the_label(read: Read, tmp_path: Path, source: list[Any]) -> None:
    path = write(tmp_path / "a.parquet", pa.table({"text": ["a", "b"], "from": source}))
    for column in ("from", "absent"):
        outcome = read(path, ColumnMap(source=column, source_label="web"))
        used = source[0] == "wiki" and column == "from"
        assert [row["source"] for row in outcome.documents] == ["wiki" if used else "web"] * 2


@pytest.mark.parametrize("split_bytes", [1, 1 << 40])
def test_a_file_with_other_columns_is_one_reject_that_lists_them(
    read: Read, tmp_path: Path, split_bytes: int
) -> None:
    path = write(tmp_path / "a.parquet", pa.table({"id": range(1000), "content": TEXTS}))
    outcome = read(path, split_bytes=split_bytes)
    (reject,) = outcome.rejects
    assert reject["reason"] == "missing_column"
    assert "content (string)" in reject["detail"]
    assert "1000 rows not read" in reject["detail"]
    assert outcome.documents == []


def test_a_text_column_of_another_type_is_one_reject(read: Read, tmp_path: Path) -> None:
    for column in (pa.array([1, 2]), pa.array([1.5, 2.5]), pa.array([["a"], ["b"]])):
        outcome = read(write(tmp_path / "a.parquet", pa.table({"text": column})))
        assert outcome.fates == [(0, None, "wrong_type")]
        assert str(column.type)[:4] in outcome.rejects[0]["detail"]


def test_two_columns_of_the_same_name_are_ambiguous(read: Read, tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["text", "text"])
    (reject,) = read(write(tmp_path / "a.parquet", table)).rejects
    assert reject["reason"] == "missing_column"
    assert "2 columns" in reject["detail"]


def test_a_file_without_rows_is_one_reject(read: Read, tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", pa.table({"text": pa.array([], pa.string())}))
    assert read(path).fates == [(0, None, "empty_file")]


def test_a_string_column_with_bytes_that_are_not_utf8_loses_only_those_rows(
    read: Read, tmp_path: Path
) -> None:
    offsets = pa.py_buffer(b"".join(n.to_bytes(4, "little") for n in (0, 2, 4, 6)))
    array = pa.Array.from_buffers(pa.string(), 3, [None, offsets, pa.py_buffer(b"ab\xc3\x28cd")])
    outcome = read(write(tmp_path / "a.parquet", pa.table({"text": array})))
    assert outcome.fates == [(0, "ab", None), (1, None, "undecodable_bytes"), (2, "cd", None)]
    assert outcome.rejects[0]["raw"] == b"\xc3\x28"


def test_a_text_over_the_limit_is_refused_with_its_beginning(read: Read, tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", pa.table({"text": ["short", "long" * 10]}))
    outcome = read(path, limits=ReadLimits(max_document_bytes=10, raw_bytes=6))
    assert outcome.fates == [(0, "short", None), (1, None, "document_too_long")]
    assert outcome.rejects[0]["raw"] == b"longlo"


# --- damage ------------------------------------------------------------------------------------


@pytest.mark.parametrize("checksum", [True, False], ids=["page checksum", "compression notices"])
@pytest.mark.parametrize("split_bytes", [1, 1 << 40])
def test_a_corrupt_page_costs_the_rest_of_its_row_group_and_nothing_else(
    read: Read, tmp_path: Path, checksum: bool, split_bytes: int
) -> None:
    table = pa.table({"id": range(1000), "text": TEXTS})
    options: dict[str, Any] = {
        "compression": "none" if checksum else "zstd",
        "write_page_checksum": checksum,
    }
    options |= {"data_page_size": 4096, "write_batch_size": 10}  # a page every 10 rows
    path = write(tmp_path / "a.parquet", table, **options)
    chunk = pq.read_metadata(path).row_group(1).column(1)
    data = bytearray(path.read_bytes())
    middle = chunk.data_page_offset + chunk.total_compressed_size // 2
    data[middle : middle + 3000] = bytes(3000)
    path.write_bytes(data)

    outcome = read(path, split_bytes=split_bytes)
    (reject,) = outcome.rejects
    first = reject["position"]
    assert reject["reason"] == "unreadable_file"
    assert f"row group 1: {500 - first} of its 250 rows not read" in reject["detail"]
    assert 300 <= first < 400
    assert first % 10 == 0
    positions = [row["position"] for row in outcome.documents]
    assert positions == [*range(first), *range(500, 1000)]
    assert outcome.texts == [TEXTS[i] for i in positions]


def varint(number: int) -> bytes:
    """As Thrift writes a number: zigzag, seven bits a byte."""
    number <<= 1
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


@pytest.mark.parametrize("dictionary", [False, True], ids=["plain", "dictionary"])
def test_a_page_header_with_a_huge_size_ends_its_row_group(
    read: Read, tmp_path: Path, dictionary: bool
) -> None:
    options: dict[str, Any] = {"compression": "zstd", "use_dictionary": dictionary}
    options |= {"data_page_size": 4096, "write_batch_size": 1, "row_group_size": 4}
    texts = [text * 3000 for text in TEXTS[:12]]
    path = write(tmp_path / "a.parquet", pa.table({"text": texts}), **options)
    chunk = pq.read_metadata(path).row_group(1).column(0)
    data = path.read_bytes()
    at = chunk.dictionary_page_offset or chunk.data_page_offset
    end = at + chunk.total_compressed_size
    pages = []
    while at < end:
        header = read_header(memoryview(data), at)
        assert header is not None
        pages.append((at, varint(header.n_inflated_bytes)))
        at += header.n_header_bytes + header.n_packed_bytes
    assert at == end, "headers are where the pages end"
    n_before = 0 if dictionary else 2
    at, honest = pages[n_before]
    huge = varint((1 << 27) - 1)
    assert len(huge) == len(honest)
    where = data.index(honest, at, at + 8)
    path.write_bytes(data[:where] + huge + data[where + len(huge) :])

    outcome = read(path)
    (reject,) = outcome.rejects
    assert "says that it inflates to 134217727 bytes" in reject["detail"]
    assert reject["position"] == 4 + n_before
    assert outcome.texts == texts[: 4 + n_before] + texts[8:]


def test_page_headers_are_checked_for_any_sizes_of_reads(tmp_path: Path) -> None:
    options: dict[str, Any] = {"data_page_size": 512, "write_batch_size": 2}
    path = write(tmp_path / "a.parquet", pa.table({"text": TEXTS}), **options)
    metadata = pq.read_metadata(path)
    chunk = metadata.row_group(2).column(0)
    with path.open("rb") as file:
        guard = PageGuard(file)
        guard.watch([chunk])
        for size in (1, 7, 100, 1 << 20):
            guard.seek(chunk.data_page_offset)
            data = b""
            while len(data) < chunk.total_compressed_size:
                data += guard.read(min(size, chunk.total_compressed_size - len(data)))
            file.seek(chunk.data_page_offset)
            assert data == file.read(len(data))


@given(st.binary(max_size=200))
@example(b"\x15\x00\x15")
@example(b"\x5c" * 200)
def test_any_bytes_give_a_page_header_or_one_kind_of_error(data: bytes) -> None:
    with contextlib.suppress(BadPage):
        header = read_header(memoryview(data), 0)
        assert header is None or 0 < header.n_header_bytes <= len(data)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"PAR1 is not enough",
        lambda data: data[:-1],
        lambda data: data[: len(data) // 2],
        lambda data: data[:-200] + bytes(192) + data[-8:],
    ],
)
def test_a_file_that_is_not_parquet_is_one_whole_file_split_and_one_reject(
    read: Read, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    path = write(tmp_path / "a.parquet", pa.table({"text": TEXTS}))
    path.write_bytes(damage(path.read_bytes()))
    outcome = read(path, split_bytes=1)
    assert outcome.fates == [(0, None, "unreadable_file")]


def test_a_file_that_shrank_since_it_was_listed_is_a_reject(read: Read, tmp_path: Path) -> None:
    from pivotmine.sources import read_split

    path = write(tmp_path / "a.parquet", pa.table({"text": TEXTS}))
    last = list_splits([str(path)], "auto", 1, 0)[-1]
    write(path, pa.table({"text": TEXTS[:10]}))
    (batch,) = read_split(last, ColumnMap(), ReadLimits())
    assert batch.column("reason").to_pylist() == ["unreadable_file", None]


def test_random_damage_never_raises_and_counts_always_agree(read: Read, tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", pa.table({"id": range(100), "text": TEXTS[:100]}))
    sound = path.read_bytes()
    rng = random.Random(11)
    for _ in range(150):
        data = bytearray(sound)
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        path.write_bytes(data)
        outcome = read(path, split_bytes=rng.choice([1, 1 << 40]))  # checks the counts
        assert outcome.documents or outcome.rejects
