"""Compression and format by content: first bytes decide, names help."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.dictionaries.lexicon_files import lexicon_rows, list_lexicons
from pivotmine.errors import InputError
from pivotmine.recipe.reading import load_recipe
from pivotmine.sources import ReadLimits
from pivotmine.sources.listing import detect
from pivotmine.stages.ingest.records import read_limits

Read = Callable[..., Any]

TEXTS = [f"The cat number {n} sleeps by the door. 猫が寝る。" for n in range(50)]
JSONL = b"".join(json.dumps({"text": text}).encode() + b"\n" for text in TEXTS)
PACK: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "zstd": zstandard.compress,
    "gzip in gzip": lambda data: gzip.compress(gzip.compress(data)),
    "zstd in gzip": lambda data: gzip.compress(zstandard.compress(data)),
    "gzip in zstd": lambda data: zstandard.compress(gzip.compress(data)),
    "many members": lambda data: b"".join(
        gzip.compress(line + b"\n") for line in data.splitlines()
    ),
    "a skippable frame first": lambda data: (
        b"\x50\x2a\x4d\x18\x04\0\0\0abcd" + zstandard.compress(data)
    ),
}


@pytest.mark.parametrize(("packed", "suffix"), [*product(PACK, ["", ".gz", ".zst"])])
@pytest.mark.parametrize("split_bytes", [1 << 30, 60])
def test_compression_is_told_by_the_first_bytes(
    packed: str, suffix: str, split_bytes: int, tmp_path: Path, read: Read
):
    path = tmp_path / f"a.jsonl{suffix}"
    path.write_bytes(PACK[packed](JSONL))
    found = read(path, split_bytes=split_bytes)
    if packed == "many members" and split_bytes == 60:
        assert sorted(found.texts) == sorted(TEXTS)  # of pieces, positions count anew
    else:
        assert (found.texts, found.reasons) == (TEXTS, [])


@pytest.mark.parametrize("packed", PACK)
def test_pages_and_catalogues_may_be_compressed_unsaid(packed: str, tmp_path: Path, read: Read):
    (tmp_path / "a.html").write_bytes(PACK[packed](b"<html><body><p>A page.</body></html>\n"))
    (tmp_path / "a.txt.gz").write_bytes(PACK[packed](b"A text.\n"))
    (tmp_path / "a.po").write_bytes(PACK[packed](b'msgid "a"\nmsgstr "b"\n'))
    found = [read(tmp_path / name).texts for name in ("a.html", "a.txt.gz", "a.po")]
    assert found == [["A page."], ["A text.\n"], ["a\nb"]]


def test_a_first_line_that_is_cut_short_costs_itself_alone(tmp_path: Path, read: Read):
    (tmp_path / "a.jsonl").write_bytes(b"{\n" + JSONL)
    found = read(tmp_path / "a.jsonl")
    assert (found.texts, found.reasons) == (TEXTS, ["invalid_json"])


def archive(kind: str) -> bytes:
    out = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(out, "w") as file:
            file.writestr("a.jsonl", JSONL)
    else:
        with tarfile.open(fileobj=out, mode="w") as file:
            entry = tarfile.TarInfo("a.jsonl")
            entry.size = len(JSONL)
            file.addfile(entry, io.BytesIO(JSONL))
    return out.getvalue()


def parquet() -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({"text": TEXTS}), out)
    return out.getvalue()


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0000\nsize 12345\n"
PAGE = b"\n<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head><body>x</body></html>"
OTHER = {
    "a Git LFS pointer": POINTER,
    "an HTML page ('404 Not Found')": PAGE,
    "XML ('NoSuchKey')": b"<?xml version='1.0'?>\n<Error><Code>NoSuchKey</Code></Error>",
    "bzip2": bz2.compress(JSONL),
    "xz": lzma.compress(JSONL),
    "a zip archive": archive("zip"),
    "a tar archive": archive("tar"),
    "Parquet": parquet(),
    "WARC": b"WARC/1.0\r\nWARC-Type: response\r\n\r\n",
    "in UTF-16": JSONL.decode().encode("utf-16"),
}


@pytest.mark.parametrize("what", OTHER)
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_file_that_is_something_else_is_one_reject_that_says_what(
    what: str, suffix: str, tmp_path: Path, read: Read
):
    path = tmp_path / f"a.jsonl{suffix}"
    path.write_bytes(gzip.compress(OTHER[what]) if suffix else OTHER[what])
    (reject,) = read(path).rejects
    assert reject["reason"] == "wrong_content"
    assert f"the file is {what}" in reject["detail"]


@pytest.mark.parametrize("name", ["a.parquet", "a.warc", "a.po", "a.html", "a.txt"])
def test_a_pointer_is_said_whatever_the_format(name: str, tmp_path: Path, read: Read):
    (tmp_path / name).write_bytes(POINTER)
    assert read(tmp_path / name).reasons == ["wrong_content"]


def test_parquet_that_is_compressed_as_a_whole_or_a_page_is_said(tmp_path: Path, read: Read):
    for data, what in ((gzip.compress(parquet()), "compressed with gzip"), (PAGE, "an HTML page")):
        (tmp_path / "a.parquet").write_bytes(data)
        (reject,) = read(tmp_path / "a.parquet").rejects
        assert reject["reason"] == "wrong_content"
        assert what in reject["detail"]


@pytest.mark.parametrize(
    "uri",
    [
        "https://host.example/a/data.jsonl.gz?token=x.parquet&b=/c.txt",
        "http://host.example/data.jsonl.gz#part.html",
        "HTTPS://host.example/DATA.JSONL.GZ?a#b",
        "s3://bucket/a?b#c.jsonl.gz",
        "file:///data/what?.jsonl.gz",
    ],
)
def test_the_name_in_an_address_ends_before_its_query(uri: str):
    assert detect(uri, "auto") == ("jsonl", "gzip")


def long_window(log: int) -> bytes:
    """A small frame whose header asks for a window of 2**log bytes."""
    parameters = zstandard.ZstdCompressionParameters(window_log=log, enable_ldm=True)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    return packer.compress(JSONL) + packer.flush()


def test_long_windows_of_zstd_are_read_within_the_setting(tmp_path: Path, read: Read):
    path = tmp_path / "a.jsonl.zst"
    path.write_bytes(long_window(31))
    (reject,) = read(path).rejects
    assert "ingest.max_window_bytes = 134217728; raise that" in reject["detail"]
    recipe = load_recipe(None, ["ingest.max_window_bytes=2147483648"])
    assert read(path, limits=read_limits(recipe)).texts == TEXTS


def test_a_window_that_no_setting_allows_gets_other_advice(tmp_path: Path, read: Read):
    frame = bytearray(long_window(31))
    frame[5] = (32 - 10) << 3  # the window descriptor: exponent, mantissa (RFC 8878)
    (tmp_path / "a.jsonl.zst").write_bytes(bytes(frame))
    (reject,) = read(tmp_path / "a.jsonl.zst", limits=ReadLimits(max_window_bytes=1 << 31)).rejects
    assert "raise" not in reject["detail"]


@given(data=st.binary(min_size=1, max_size=300), suffix=st.sampled_from(["", ".gz", ".zst"]))
def test_any_bytes_under_any_name_have_a_fate(
    data: bytes, suffix: str, tmp_path_factory: Any, read: Any
):
    path = tmp_path_factory.mktemp("any") / f"a.jsonl{suffix}"
    path.write_bytes(data)
    found = read(path)
    assert found.fates or not data.strip()


def test_a_bomb_within_a_compressed_file_stays_within_the_limit(tmp_path: Path, read: Read):
    inner = gzip.compress(bytes(200 << 20), 1)
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(inner))
    found = read(path, limits=ReadLimits(max_inflation=20))
    assert found.reasons == ["inflates_too_much"]
    assert found.splits[0]["n_bytes"] < 100 << 20


@pytest.mark.parametrize(("packed", "suffix"), [*product(["plain", "gzip", "zstd"], ["", ".gz"])])
def test_lexicons_are_told_by_their_first_bytes_too(packed: str, suffix: str, tmp_path: Path):
    path = tmp_path / f"a.tsv{suffix}"
    path.write_bytes(PACK[packed]("lang_a\tword_a\nja\t猫\n".encode()))
    (file,) = list_lexicons([str(path)], 10)
    assert [row.cells for row in lexicon_rows(file.uri)] == [("ja", "猫", "", "")]
    for data, what in ((POINTER, "Git LFS pointer"), (PAGE, "HTML page"), (OTHER["xz"], "is xz")):
        path.write_bytes(data)
        with pytest.raises(InputError, match=what):
            list_lexicons([str(path)], 10)
