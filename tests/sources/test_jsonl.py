"""JSON Lines: framing, splits and damage."""

import gzip
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pivotmine.sources import ColumnMap, ReadLimits, Split, read_split
from pivotmine.sources.framing import BrokenStream, Line, frame_lines
from pivotmine.sources.records import RecordCount, reject_row, to_batches

Read = Callable[..., Any]

GOOD = [json.dumps({"text": f"document {i} " + "mot " * (i % 7)}).encode() for i in range(300)]
FILE = b"\n".join(GOOD) + b"\n"
TEXTS = [json.loads(line)["text"] for line in GOOD]
OFFSETS = [sum(len(line) + 1 for line in GOOD[:i]) for i in range(len(GOOD))]


def chopped(data: bytes, n_bytes: int) -> list[bytes]:
    return [data[i : i + n_bytes] for i in range(0, len(data), n_bytes)]


def zstd_of_blocks(parts: list[bytes], checksum: bool = False) -> list[bytes]:
    """One zstd frame, cut after the compressed block of each part."""
    compressor = zstandard.ZstdCompressor(write_checksum=checksum).compressobj()
    pieces = [
        compressor.compress(part) + compressor.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
        for part in parts
    ]
    return [*pieces, compressor.flush()]


# --- framing -----------------------------------------------------------------------------------

lines = st.lists(
    st.one_of(
        st.sampled_from(
            [b"", b"\r", b"  \t", b'{"text": "a"}', b'{"text": "b"}\r', b"\xef\xbb\xbf"]
        ),
        st.text(max_size=12).map(lambda text: json.dumps({"text": text}).encode()),
        st.binary(max_size=60).map(lambda data: data.replace(b"\n", b"")),
        st.integers(30, 90).map(lambda n: b'{"text": "' + b"x" * n + b'"}'),
    ),
    max_size=12,
)


@given(lines, st.booleans(), st.integers(1, 50), st.integers(1, 80))
def test_lines_do_not_depend_on_the_blocks(
    parts: list[bytes], closed: bool, block_bytes: int, max_record_bytes: int
) -> None:
    data = b"\n".join(parts) + (b"\n" if closed and parts else b"")
    blocks = chopped(data, block_bytes)
    limits = ReadLimits(max_record_bytes=max_record_bytes, raw_bytes=5)
    count = RecordCount()
    framed = list(frame_lines(blocks, 0, None, limits, count))

    expected, position = [], 0
    for part in data.split(b"\n"):
        too_long = len(part) > max_record_bytes
        if part.removeprefix(b"\xef\xbb\xbf").strip() or too_long:
            expected.append(Line(position, part[:5] if too_long else part, len(part)))
        position += len(part) + 1
    assert framed == expected
    assert count == RecordCount(len(expected), len(data))

    shared: list[Line] = []
    count = RecordCount()
    for start in range(0, len(data), block_bytes):
        blocks = chopped(data[max(start - 1, 0) :], 7)
        shared += frame_lines(blocks, start, start + block_bytes, limits, count)
    assert shared == expected
    assert count == RecordCount(len(expected), len(data))


def test_a_split_stops_reading_where_none_of_its_lines_can_begin() -> None:
    def blocks() -> Iterator[bytes]:
        yield b"x" * 10
        raise AssertionError("read on")

    assert list(frame_lines(blocks(), 5, 14, ReadLimits(), RecordCount())) == []


@settings(deadline=None, max_examples=30)
@given(lines, st.booleans(), st.integers(5, 150))
@example([b"", b'{"text": "a"}', b"x" * 80], False, 1)
@example([b'{"text": "a"}', b'{"text": "b"}'], True, 14)
def test_splits_of_any_size_and_compressed_copies_hold_the_same_records(
    read: Read,
    tmp_path_factory: pytest.TempPathFactory,
    parts: list[bytes],
    closed: bool,
    split_bytes: int,
) -> None:
    data = b"\n".join(parts) + (b"\n" if closed and parts else b"")
    folder = tmp_path_factory.mktemp("splits", numbered=True)
    limits = ReadLimits(max_record_bytes=70, raw_bytes=1000)
    (folder / "a.jsonl").write_bytes(data)
    (folder / "a.jsonl.gz").write_bytes(gzip.compress(data, 1))
    (folder / "a.jsonl.zst").write_bytes(zstandard.compress(data))
    whole = read(folder / "a.jsonl", limits=limits)
    split = read(folder / "a.jsonl", limits=limits, split_bytes=split_bytes)
    assert split.fates == whole.fates
    assert sorted(r["raw"] for r in split.rejects if r["raw"]) == sorted(
        r["raw"] for r in whole.rejects if r["raw"]
    )
    assert sum(row["n_bytes"] for row in split.splits) == len(data)
    for name in ("a.jsonl.gz", "a.jsonl.zst"):
        assert read(folder / name, limits=limits).fates == whole.fates


def test_positions_are_byte_offsets_and_rejects_keep_their_bytes(
    read: Read, tmp_path: Path
) -> None:
    bad = b'{"text": "caf\xe9 \xff"}'
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n\r\n" + GOOD[0] + b"\r\n" + bad + b"\n   \n" + GOOD[1])
    outcome = read(path)
    assert outcome.texts == TEXTS[:2]
    data = path.read_bytes()
    assert [row["position"] for row in outcome.documents] == [3, data.index(GOOD[1])]
    (reject,) = outcome.rejects
    assert (reject["position"], reject["raw"]) == (data.index(bad), bad)
    assert outcome.documents[0]["n_bytes"] == len(TEXTS[0])


def test_a_line_cut_off_at_the_end_of_a_plain_file_is_just_a_line(
    read: Read, tmp_path: Path
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(FILE[:-20])
    outcome = read(path)
    assert outcome.texts == TEXTS[:-1]
    assert outcome.reasons == ["invalid_json"]


def test_a_line_over_the_limit_is_one_reject_with_its_length_and_its_beginning(
    read: Read, tmp_path: Path
) -> None:
    path = tmp_path / "a.jsonl"
    long = b'{"text": "' + b"y" * 9_000_000 + b'"}'
    path.write_bytes(GOOD[0] + b"\n" + long + b"\n" + GOOD[1] + b"\n")
    outcome = read(path, limits=ReadLimits(max_record_bytes=5_000_000, raw_bytes=64))
    assert outcome.texts == TEXTS[:2]
    (reject,) = outcome.rejects
    assert reject["reason"] == "record_too_long"
    assert reject["raw"] == long[:64]
    assert str(len(long)) in reject["detail"]
    assert "5000000" in reject["detail"]


@pytest.mark.parametrize(
    "name", ["a.jsonl", "a.jsonl.gz", "a.jsonl.zst", "b.jsonl.gz", "c.parquet"]
)
def test_a_file_without_bytes_is_one_reject(read: Read, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(gzip.compress(b"") if name == "b.jsonl.gz" else b"")
    outcome = read(tmp_path / name)
    assert outcome.fates == [(0, None, "empty_file")]
    assert outcome.splits[0]["n_bytes"] == 0


def test_batches_are_bounded_in_rows_and_text(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    short, long = json.dumps({"text": "a"}).encode(), json.dumps({"text": "b" * 3_000_000}).encode()
    path.write_bytes(b"\n".join([short] * 5000 + [long] * 7))
    split = Split(str(path), "jsonl", "none", 0, -1, 0)
    batches = list(read_split(split, ColumnMap(), ReadLimits()))
    assert [batch.num_rows for batch in batches] == [2048, 2048, 904 + 3, 3, 1 + 1]


# --- damage ------------------------------------------------------------------------------------


def test_members_and_frames_may_follow_each_other(read: Read, tmp_path: Path) -> None:
    halves = FILE[:3001], FILE[3001:]
    skippable = b"\x53\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"hello"
    (tmp_path / "a.jsonl.gz").write_bytes(b"".join(gzip.compress(h) for h in halves) + b"\0" * 512)
    (tmp_path / "a.jsonl.zst").write_bytes(skippable.join(zstandard.compress(h) for h in halves))
    for name in ("a.jsonl.gz", "a.jsonl.zst"):
        outcome = read(tmp_path / name)
        assert outcome.texts == TEXTS
        assert [row["position"] for row in outcome.documents] == OFFSETS
        assert outcome.rejects == []


def test_a_truncated_gzip_keeps_all_that_can_be_decoded(read: Read, tmp_path: Path) -> None:
    noise = [json.dumps({"text": os.urandom(40).hex()}).encode() for _ in range(200)]
    data = b"\n".join(noise) + b"\n"
    packed = gzip.compress(data)
    (tmp_path / "a.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    outcome = read(tmp_path / "a.jsonl.gz")
    (reject,) = outcome.rejects
    assert reject["reason"] == "corrupt_compression"
    kept = len(outcome.documents)
    assert 60 < kept < 140
    begin = sum(len(line) + 1 for line in noise[:kept])
    assert reject["raw"] == data[begin : reject["position"]]
    assert outcome.splits[0]["n_bytes"] == reject["position"]


def test_a_gzip_damaged_at_its_checksum_keeps_every_record(read: Read, tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(FILE))
    packed[-6] ^= 1
    (tmp_path / "a.jsonl.gz").write_bytes(packed)
    outcome = read(tmp_path / "a.jsonl.gz")
    assert outcome.texts == TEXTS
    assert outcome.fates[-1] == (len(FILE), None, "corrupt_compression")
    assert outcome.rejects[0]["raw"] is None


def test_a_truncated_zstd_keeps_its_whole_blocks(read: Read, tmp_path: Path) -> None:
    cuts = [FILE[:1000], FILE[1000:5003], FILE[5003:9000], FILE[9000:]]
    blocks = zstd_of_blocks(cuts)
    (tmp_path / "a.jsonl.zst").write_bytes(b"".join(blocks[:2]) + blocks[2][:-1])
    outcome = read(tmp_path / "a.jsonl.zst")
    kept = FILE[:5003].count(b"\n")
    assert outcome.texts == TEXTS[:kept]
    (reject,) = outcome.rejects
    assert (reject["reason"], reject["position"]) == ("corrupt_compression", 5003)
    assert reject["raw"] == FILE[OFFSETS[kept] : 5003]


def test_a_zstd_damaged_at_its_checksum_keeps_every_record(read: Read, tmp_path: Path) -> None:
    packed = bytearray(b"".join(zstd_of_blocks([FILE[:1000], FILE[1000:]], checksum=True)))
    packed[-2] ^= 1
    (tmp_path / "a.jsonl.zst").write_bytes(packed)
    outcome = read(tmp_path / "a.jsonl.zst")
    assert outcome.texts == TEXTS
    assert outcome.reasons == ["corrupt_compression"]


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.jsonl.zst"])
def test_garbage_after_a_complete_stream_is_one_reject(
    read: Read, tmp_path: Path, name: str
) -> None:
    pack = gzip.compress if name.endswith("gz") else zstandard.compress
    (tmp_path / name).write_bytes(pack(FILE) + b"<html>502 Bad Gateway</html>")
    outcome = read(tmp_path / name)
    assert outcome.texts == TEXTS
    (reject,) = outcome.rejects
    assert reject["reason"] == "corrupt_compression"
    assert "after 1 complete" in reject["detail"]


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.jsonl.zst"])
def test_a_file_that_is_not_what_its_suffix_says_is_one_reject(
    read: Read, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_bytes(b"\0" + FILE)
    assert read(tmp_path / name).fates == [(0, None, "corrupt_compression")]


def test_a_zstd_window_over_the_limit_names_the_limit_to_raise(read: Read, tmp_path: Path) -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=28, enable_ldm=True)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    (tmp_path / "a.jsonl.zst").write_bytes(compressor.compress(FILE) + compressor.flush())
    (reject,) = read(tmp_path / "a.jsonl.zst").rejects
    assert reject["reason"] == "unreadable_file"
    assert "max_window_bytes" in reject["detail"]
    raised = ReadLimits(max_window_bytes=1 << 28)
    assert read(tmp_path / "a.jsonl.zst", limits=raised).texts == TEXTS


@settings(deadline=None, max_examples=150)
@given(st.data(), st.sampled_from(["gz", "zst"]))
def test_damage_to_any_byte_keeps_earlier_records_in_order_and_counts_agree(
    read: Read, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, kind: str
) -> None:
    if kind == "gz":
        packed = gzip.compress(FILE[:4000]) + gzip.compress(FILE[4000:])
    else:
        packed = b"".join(zstd_of_blocks([FILE[:4000], FILE[4000:8000], FILE[8000:]], True))
    at = data.draw(st.integers(0, len(packed) - 1))
    cut = data.draw(st.booleans())
    changed = packed[at] ^ data.draw(st.integers(1, 255))
    damaged = packed[:at] if cut else packed[:at] + bytes([changed]) + packed[at + 1 :]
    path = tmp_path_factory.mktemp("damage", numbered=True) / f"a.jsonl.{kind}"
    path.write_bytes(damaged)
    outcome = read(path)  # checks the counts
    if cut and at > 0:
        # A cut between two gzip members leaves a shorter, sound file.
        assert outcome.texts == TEXTS[: len(outcome.texts)]
        assert outcome.reasons == ["corrupt_compression"] or at == len(gzip.compress(FILE[:4000]))
    positions = [row["position"] for row in outcome.documents]
    assert positions == sorted(positions)


# --- the road to the file ----------------------------------------------------------------------


def test_a_broken_stream_reports_the_unfinished_line() -> None:
    def blocks() -> Any:
        yield b"one\ntwo\nthr"
        raise OSError("connection reset")

    count = RecordCount()
    framed = []
    with pytest.raises(BrokenStream) as broken:
        for line in frame_lines(blocks(), 0, None, ReadLimits(), count):
            framed.append(line.data)
    assert framed == [b"one", b"two"]
    assert (broken.value.position, broken.value.partial) == (11, b"thr")
    assert count == RecordCount(2, 11)


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".parquet"])
def test_a_file_that_is_gone_or_has_become_a_directory_is_one_reject(
    tmp_path: Path, suffix: str
) -> None:
    (tmp_path / f"folder{suffix}").mkdir()
    for name in (f"gone{suffix}", f"folder{suffix}"):
        format = "parquet" if suffix == ".parquet" else "jsonl"
        compression = "gzip" if suffix.endswith("gz") else "none"
        split = Split(str(tmp_path / name), format, compression, 0, -1, 0)
        (batch,) = read_split(split, ColumnMap(), ReadLimits())
        reject, last = batch.to_pylist()
        assert reject["reason"] == "unreadable_file"
        assert name in reject["detail"]
        assert (last["kind"], last["n_records"]) == ("split", 1)


def test_an_exception_that_quotes_a_broken_file_name_can_be_reported() -> None:
    split = Split("a.jsonl", "jsonl", "none", 0, -1, 0)
    (batch,) = to_batches(
        [reject_row(split, ColumnMap(), 0, "unreadable_file", "caf\udce9" * 9999)]
    )
    (detail,) = batch.column("detail").to_pylist()
    assert detail.startswith("caf\\udce9")
    assert len(detail) < 10_000


def test_a_file_on_another_filesystem_reads_the_same(read: Read) -> None:
    import fsspec

    with fsspec.open("memory://sources/a.jsonl.gz", "wb") as file:
        file.write(gzip.compress(FILE))
    assert read("memory://sources/*.gz").texts == TEXTS
