"""WARC and HTTP as archives hold them: line ends, letter case, encodings that do not fit."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.sources import ColumnMap, ReadLimits
from pivotmine.sources.http_message import (
    InflatesOver,
    MalformedBody,
    content_type,
    parse_fields,
    read_body,
    sniff,
)

Read = Callable[..., Any]

TEXT = "The cat sleeps by the door. 猫が寝る。"
PAGE = f"<html><head><meta charset=utf-8></head><body><p>{TEXT}</p></body></html>".encode()


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def chunked(data: bytes, end: bytes = b"\r\n") -> bytes:
    parts = [data[at : at + 50] for at in range(0, len(data), 50)]
    return b"".join(b"%X%s%s%s" % (len(p), end, p, end) for p in parts) + b"0" + end + end


def record(
    message: bytes,
    uri: str = "http://host.example/page",
    end: str = "\r\n",
    version: str = "WARC/1.0",
    names: Callable[[str], str] = str,
) -> bytes:
    fields = {
        "WARC-Type": names("response"),
        "WARC-Target-URI": uri,
        "Content-Type": names("application/http; msgtype=response"),
        "Content-Length": str(len(message)),
    }
    lines = [version, *(f"{names(name)}: {value}" for name, value in fields.items())]
    return f"{end.join(lines)}{end}{end}".encode() + message + f"{end}{end}".encode()


def answer(body: bytes, *fields: str, end: str = "\r\n", status: str = "HTTP/1.1 200 OK") -> bytes:
    return f"{end.join((status, *fields))}{end}{end}".encode() + body


HTML = "Content-Type: text/html; charset=utf-8"


@pytest.mark.parametrize(("outer", "inner"), [*product(["\r\n", "\n"], repeat=2)])
@pytest.mark.parametrize("version", ["WARC/1.0", "WARC/1.1", "WARC/0.18"])
def test_header_lines_may_end_in_bare_line_feeds(
    outer: str, inner: str, version: str, tmp_path: Path, read: Read
):
    one = record(answer(PAGE, HTML, end=inner), end=outer, version=version)
    (tmp_path / "a.warc").write_bytes(one * 3)
    (tmp_path / "b.warc.gz").write_bytes(gzip.compress(one) * 3)
    for name in ("a.warc", "b.warc.gz"):
        found = read(tmp_path / name)
        assert (found.texts, found.reasons) == ([TEXT] * 3, [])
        assert {row["source"] for row in found.documents} == {"host.example"}
    pieces = read(tmp_path / "a.warc", split_bytes=150)
    assert len(pieces.splits) > 1
    assert pieces.texts == [TEXT] * 3


@pytest.mark.parametrize("change", [str.lower, str.upper, str.title])
def test_names_and_values_of_fields_have_no_letter_case(
    change: Callable[[str], str], tmp_path: Path, read: Read
):
    body = chunked(gzip.compress(PAGE))
    fields = (
        change("content-type: text/html; charset=utf-8"),
        change("content-encoding: gzip"),
        change("transfer-encoding: chunked"),
    )
    (tmp_path / "a.warc").write_bytes(record(answer(body, *fields), names=change))
    assert read(tmp_path / "a.warc").texts == [TEXT]


@pytest.mark.parametrize(
    ("uri", "host"),
    [
        ("<http://wget.example/a>", "wget.example"),
        ("http://PLAIN.example:8080/a", "plain.example"),
        ("https://bücher.example/", "bücher.example"),
        ("no address", ""),
    ],
)
def test_the_source_is_the_host_also_of_an_address_between_angle_brackets(
    uri: str, host: str, tmp_path: Path, read: Read
):
    (tmp_path / "a.warc").write_bytes(record(answer(PAGE, HTML), uri))
    (document,) = read(tmp_path / "a.warc").documents
    assert document["source"] == host
    (document,) = read(tmp_path / "a.warc", ColumnMap(source="Warc-TYPE")).documents
    assert document["source"] == "response"


ENCODERS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "GZip": gzip.compress,
    "deflate": zlib.compress,
    "Deflate": raw_deflate,
    "br": brotli.compress,
    "brotli": brotli.compress,
    "zstd": zstandard.compress,
    "identity": bytes,
    "utf-8": bytes,
    "no-such-encoding": bytes,
}


@pytest.mark.parametrize("declared", ENCODERS)
@pytest.mark.parametrize("is_chunked", [True, False])
@pytest.mark.parametrize("is_removed", [True, False])
def test_a_declared_encoding_is_removed_or_was_already(
    declared: str, is_chunked: bool, is_removed: bool
):
    body = PAGE if is_removed else ENCODERS[declared](PAGE)
    encoded = chunked(body) if is_chunked else body
    fields = {"content-encoding": declared, "transfer-encoding": "Chunked"}
    assert read_body(fields, encoded, 10_000) == PAGE


@pytest.mark.parametrize(
    ("declared", "used"), [*product(["gzip", "deflate", "br", "zstd", ""], ENCODERS)]
)
def test_a_misnamed_encoding_is_told_by_the_first_bytes_where_they_can(declared: str, used: str):
    body = ENCODERS[used](PAGE)
    families = [("deflate", "Deflate"), ("br", "brotli"), ("gzip", "x-gzip", "GZip")]
    is_right = any(declared in names and used in names for names in families)
    if is_right or body == PAGE or used in ("gzip", "x-gzip", "GZip", "zstd"):
        assert read_body({"content-encoding": declared}, body, 10_000) == PAGE
    elif declared:
        with pytest.raises(MalformedBody):
            read_body({"content-encoding": declared}, body, 10_000)
    else:
        assert read_body({}, body, 10_000) == body


def test_encodings_upon_each_other_are_removed_in_turn():
    body = gzip.compress(brotli.compress(PAGE))
    assert read_body({"content-encoding": "br, gzip"}, body, 10_000) == PAGE
    assert read_body({"content-encoding": "gzip"}, gzip.compress(gzip.compress(PAGE)), 9000) == PAGE


def test_chunks_with_bare_line_feeds_extensions_or_no_end_are_joined():
    fields = {"transfer-encoding": "chunked"}
    assert read_body(fields, chunked(PAGE, b"\n"), 10_000) == PAGE
    assert read_body(fields, b"5;name=x\r\nhello\r\n6\r\n world", 10_000) == b"hello world"
    assert read_body(fields, b"5\r\nhello\r\n6\r\n wo", 10_000) == b"hello wo"
    with pytest.raises(MalformedBody, match="at byte 10"):
        read_body(fields, b"5\r\nhello\r\nno chunk", 10_000)


@pytest.mark.parametrize("name", ["gzip", "deflate", "Deflate", "br", "zstd"])
def test_a_body_that_decodes_to_more_than_the_limit_is_refused(name: str):
    body = ENCODERS[name](b" " * 50_000)
    with pytest.raises(InflatesOver):
        read_body({"content-encoding": name}, body, 49_999)
    assert len(read_body({"content-encoding": name}, body, 50_000)) == 50_000


@given(st.binary(max_size=200), st.sampled_from([*ENCODERS, "compress"]), st.booleans())
def test_any_body_gives_bytes_or_is_malformed(body: bytes, name: str, is_chunked: bool):
    fields = {"content-encoding": name, "transfer-encoding": "chunked" if is_chunked else ""}
    try:
        assert isinstance(read_body(fields, body, 10_000), bytes)
    except (MalformedBody, InflatesOver) as error:
        assert str(error)


@pytest.mark.parametrize("declared", ["", "Content-Type:", "Content-Type: unknown/unknown"])
def test_a_page_without_a_content_type_is_sniffed(declared: str, tmp_path: Path, read: Read):
    fields = (declared,) if declared else ()
    bodies = [
        PAGE,
        b"\n <!DOCTYPE html><p>A page.",
        b"Plain text < 5.",
        b"%PDF-1.7",
        b"\x89PNG\x00",
    ]
    data = b"".join(record(answer(body, *fields)) for body in bodies)
    (tmp_path / "a.warc").write_bytes(data)
    found = read(tmp_path / "a.warc")
    assert found.texts == [TEXT, "A page.", "Plain text < 5."]
    assert found.reasons == ["not_text", "not_text"]


def test_media_types_are_compared_without_letter_case_and_parameters():
    assert content_type('Text/HTML;level=1; CharSet="UTF-8"') == ("text/html", "UTF-8")
    assert content_type("text/html;charset=gbk, text/html") == ("text/html", "gbk")
    assert content_type("") == ("", None)
    assert sniff(b"\xef\xbb\xbf<html>") == "text/html"


def test_folded_lines_and_lines_without_a_colon():
    fields = parse_fields(b"HTTP/1.1 200 OK\nX: a\n  b\r\nno field\nx: c\nY:\n")
    assert fields == {"x": "a b, c", "y": ""}


def test_statuses_of_any_version_of_http(tmp_path: Path, read: Read):
    statuses = ["HTTP/1.0 200", "http/1.1 200 OK", "HTTP/2 200", "HTTP/1.1 404 Not Found"]
    data = b"".join(record(answer(PAGE, HTML, status=status)) for status in statuses)
    (tmp_path / "a.warc").write_bytes(data)
    found = read(tmp_path / "a.warc", limits=ReadLimits())
    assert (found.texts, found.reasons) == ([TEXT] * 3, ["http_status"])
