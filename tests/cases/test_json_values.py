"""JSON arrays and printed objects are read like lines of JSON; a compression may be named."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.errors import ConfigError
from pivotmine.keep.sample import columns_of, find_files, records
from pivotmine.recipe.reading import load_recipe
from pivotmine.sources import ColumnMap, ReadLimits, Split
from pivotmine.sources.json_values import OPEN_ARRAY, frame_values, is_spread
from pivotmine.sources.listing import list_splits
from pivotmine.sources.records import WHOLE_FILE, RecordCount
from pivotmine.sources.unit_splits import PieceRead, check_pieces
from tests.sources.conftest import read_one

Read = Callable[..., Any]

texts = st.text(st.characters(codec="utf-8")) | st.text(alphabet='"\\[]{},: \n猫a', max_size=9)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
WRITERS: dict[str, Callable[[list[Any]], str]] = {
    "one line": json.dumps,
    "indented": lambda rows: json.dumps(rows, indent=2),
    "tight": lambda rows: json.dumps(rows, separators=(",", ":"), ensure_ascii=False),
    "a row a line": lambda rows: "[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n",
    "printed one below another": lambda rows: "\n".join(json.dumps(row, indent=1) for row in rows),
    "in two arrays": lambda rows: f"{json.dumps(rows[:1])}\n{json.dumps(rows[1:])}",
}


def framed(data: bytes, cuts: list[int], limits: ReadLimits | None = None) -> list[Any]:
    ends = sorted({cut % (len(data) + 1) for cut in cuts} | {len(data)})
    blocks = [data[a:b] for a, b in zip([0, *ends], ends, strict=False) if a < b]
    count = RecordCount()
    lines = list(frame_values(blocks, limits or ReadLimits(), count))
    assert count.n_records == len(lines)
    assert count.n_bytes == len(data)
    return lines


objects = st.dictionaries(texts, values, min_size=1, max_size=3)


@given(st.lists(objects, min_size=1, max_size=5), st.sampled_from(sorted(WRITERS)), st.data())
def test_values_are_cut_where_they_end_whatever_the_blocks(rows, name, data):
    text = WRITERS[name](rows).encode()
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=6) | st.just(list(range(99))))
    lines = framed(text, cuts)
    assert [text[line.position :][: line.n_bytes] for line in lines] == [x.data for x in lines]
    assert list(map(repr, (json.loads(line.data) for line in lines))) == list(map(repr, rows))


@given(st.lists(values, max_size=5), st.lists(st.integers(0, 99), max_size=9))
def test_every_element_of_an_array_is_a_record(rows, cuts):
    lines = framed(json.dumps(rows).encode(), cuts)
    assert list(map(repr, (json.loads(line.data) for line in lines))) == list(map(repr, rows))


@given(
    st.binary() | st.text(alphabet='[]{}",:\\ \n1a').map(str.encode), st.lists(st.integers(0, 99))
)
def test_any_bytes_give_the_same_records_in_any_blocks(data: bytes, cuts: list[int]):
    assert framed(data, cuts) == framed(data, [])


@pytest.mark.parametrize(
    ("head", "spread"),
    [
        (b'[{"a": 1}]', True),
        (b'\xef\xbb\xbf\n [\n{"a": 1},', True),
        (b'{\n  "a": 1', True),
        (b"[]", True),
        (b'[\r\n  "a"', True),
        (b'{"a": 1}\n{"a": 2}', False),
        (b'["a", "b"]\n["c"]', False),
        (b'{\n{"a": 1}', False),
        (b"[1, 2]\n", False),
        (b"", False),
    ],
)
def test_lines_of_json_are_not_taken_for_arrays(head: bytes, spread: bool):
    assert is_spread(head) == spread


TEXTS = [f'The cat "{n}" sleeps. [猫] {{}}' for n in range(40)]
ROWS = [{"meta": {"n": n}, "text": text} for n, text in enumerate(TEXTS)]


@pytest.mark.parametrize("name", sorted(WRITERS))
@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
@pytest.mark.parametrize("split_bytes", [1 << 30, 60])
def test_arrays_and_printed_objects_are_read(
    name: str, suffix: str, split_bytes: int, tmp_path: Path, read: Read
):
    pack = {"": bytes, ".gz": members, ".zst": zstandard.compress}[suffix]
    path = tmp_path / f"a.json{suffix}"
    path.write_bytes(pack(WRITERS[name](ROWS).encode()))
    splits = list_splits([str(path)], "auto", split_bytes, 0)
    reads = [rows_of(split) for split in splits]
    if len(splits) > 1:  # ingest reads a file as a whole whose pieces are not sound
        ends = [rows[-1]["detail"] for rows in reads]
        pieces = [PieceRead.of(split, end) for split, end in zip(splits, ends, strict=True)]
        assert check_pieces(pieces)[1] == {splits[0].name}
        reads = [rows_of(splits[0]._replace(start=0, end=WHOLE_FILE))]
    rows = [row for found in reads for row in found]
    assert [row["text"] for row in rows if row["kind"] == "document"] == TEXTS
    assert [row["reason"] for row in rows if row["kind"] == "reject"] == []


def rows_of(split: Split) -> list[dict[str, Any]]:
    return read_one(split, ColumnMap(), ReadLimits())


def members(data: bytes) -> bytes:
    return b"".join(gzip.compress(data[at : at + 100]) for at in range(0, len(data), 100))


def test_what_is_no_object_is_refused_by_itself(tmp_path: Path, read: Read):
    (tmp_path / "a.json").write_text(
        '[\n{"text": "a"},\n "b", 3, [1],\n{"text": broken},\n{"text": "c"}]'
    )
    found = read(tmp_path / "a.json")
    assert found.texts == ["a", "c"]
    assert found.reasons == [*["not_an_object"] * 3, "invalid_json"]


@pytest.mark.parametrize(
    ("end", "texts"), [(",", ["a"]), ("", ["a"]), (', {"text": "b', ["a"]), (', {"te', ["a"])]
)
def test_an_array_that_is_cut_off_is_said(end: str, texts: list[str], tmp_path: Path, read: Read):
    (tmp_path / "a.json").write_text('[{"text": "a"}' + end)
    found = read(tmp_path / "a.json")
    assert found.texts == texts
    assert set(found.reasons) == {"invalid_json"}
    assert "ends inside its array" in found.rejects[-1]["detail"]


def test_a_value_beyond_the_limit_is_not_held_and_the_next_one_is_read():
    limits = ReadLimits(max_record_bytes=100, raw_bytes=10)
    data = json.dumps([{"text": "x" * 5000}, {"text": "b"}]).encode()
    long, short = framed(data, list(range(0, 6000, 50)), limits)
    assert (long.n_bytes, len(long.data)) == (len(json.dumps({"text": "x" * 5000})), 10)
    assert json.loads(short.data) == {"text": "b"}
    assert framed(b'[{"a": 1}', [])[-1].data == OPEN_ARRAY


def test_the_columns_and_records_of_an_array_are_sampled(tmp_path: Path):
    rows = [{"body": text, "site": "here"} for text in TEXTS]
    (tmp_path / "a.json").write_text(json.dumps(rows, indent=1))
    (file,) = find_files(str(tmp_path / "a.json"))
    assert columns_of(file) == ("body", ("site",))
    assert list(records(file, "body")) == [("document", text) for text in TEXTS]


def plain(compression: str, path: Path) -> Iterator[dict[str, Any]]:
    for split in list_splits([str(path)], "auto", 1 << 30, 0, compression):
        yield from rows_of(split)


def test_a_named_compression_overrules_name_and_content(tmp_path: Path):
    data = b'{"text": "a"}\n'
    for name in ("a.jsonl", "a.jsonl.gz", "a.jsonl.zst", "a.jsonl.bz2"):
        for compression, pack in (
            ("none", bytes),
            ("gzip", gzip.compress),
            ("zstd", zstandard.compress),
        ):
            (tmp_path / name).write_bytes(pack(data))
            documents = list(plain(compression, tmp_path / name))
            assert [row["text"] for row in documents[:-1]] == ["a"], (name, compression)
            for other in {"gzip", "zstd", "none"} - {compression}:
                reasons = {row["reason"] for row in plain(other, tmp_path / name)} - {None}
                assert reasons, (name, compression, other)


def test_a_compression_that_does_not_exist_is_refused_by_the_recipe():
    with pytest.raises(ConfigError, match=r"compression.*'auto', 'none', 'gzip' or 'zstd'"):
        load_recipe(overrides=["ingest.inputs=[{uris: [a], compression: bz2}]"])
