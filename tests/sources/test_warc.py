"""WARC, WET: pages out of captures, and damage that costs no more than what is damaged."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.sources import ReadLimits
from pivotmine.sources.decoding import Damage
from pivotmine.sources.gzip_members import gzip_blocks_past_damage
from pivotmine.sources.html import MAX_TAGS, html_to_text
from pivotmine.sources.records import RecordCount
from pivotmine.sources.warc import frame_records

Read = Callable[..., Any]

LIMITS = ReadLimits(max_record_bytes=5000, raw_bytes=20)
HTML = "<html><head><title>t</title></head><body><nav>menu</nav><p>%s</p></body></html>"


def record(body: bytes, kind: str = "response", length: int | None = None) -> bytes:
    fields = (
        *("WARC/1.0", f"WARC-Type: {kind}", "WARC-Target-URI: http://host.example/page"),
        f"Content-Type: {'application/http' if kind == 'response' else 'text/plain'}",
        f"Content-Length: {len(body) if length is None else length}",
    )
    return "\r\n".join(fields).encode() + b"\r\n\r\n" + body + b"\r\n\r\n"


def answer(body: bytes, *fields: str, status: str = "200 OK") -> bytes:
    head = (f"HTTP/1.1 {status}", "Content-Type: text/html; charset=utf-8", *fields)
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def page(text: str) -> bytes:
    return answer((HTML % text).encode())


def chunked(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data)


PAGES = ["Le chat dort.", "The cat sleeps.", "猫が寝る。", "Chats et chiens."]
RECORDS = [record(page(text)) for text in PAGES]


def test_captured_pages_become_documents_and_the_rest_says_why_not(tmp_path: Path, read: Read):
    packed = answer(
        chunked(gzip.compress(b"<p>in chunks")),
        *("Content-Encoding: gzip", "Transfer-Encoding: chunked"),
    )
    latin = "<meta charset=iso-8859-1><p>été".encode("latin-1")
    records = [
        (record(b"software: x", "warcinfo"), None),
        (record(b"GET / HTTP/1.1\r\n\r\n", "request"), None),
        (record(page("Été à Paris.")), "Été à Paris."),
        (record(packed), "in chunks"),
        (record(answer(latin).replace(b"; charset=utf-8", b"")), "été"),
        (record("Texte déjà extrait.".encode(), "conversion"), "Texte déjà extrait."),
        (record(page("gone").replace(b"200 OK", b"404 Not Found")), "http_status"),
        (record(answer(b"%PDF").replace(b"text/html", b"application/pdf")), "not_text"),
        (record(answer(b"<p>")), "empty_text"),
        (record(b"no HTTP at all"), "malformed_record"),
        (record(b"\xfe", "conversion"), "undecodable_bytes"),
        (record(page("x" * 5000)), "record_too_long"),
        (
            record(answer(gzip.compress(b" " * 10_000), "Content-Encoding: gzip")),
            "inflates_too_much",
        ),
        (record(page("A last page.")), "A last page."),
    ]
    path = tmp_path / "crawl.warc"
    path.write_bytes(b"".join(data for data, _ in records))
    found = read(path, limits=LIMITS)
    assert [text or reason for _, text, reason in found.fates] == [
        fate for _, fate in records if fate
    ]
    assert {row["source"] for row in found.documents} == {"host.example"}
    assert found.splits[0]["n_bytes"] == path.stat().st_size
    at = path.read_bytes()
    assert all(at[row["position"] :].startswith(row["raw"]) for row in found.rejects)


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_records_in_one_member_or_in_one_each_read_the_same(tmp_path: Path, read: Read, pack: Any):
    suffix = ".gz" if pack is gzip.compress else ".zst"
    whole, apart = tmp_path / f"whole.warc{suffix}", tmp_path / f"apart.warc.wet{suffix}"
    whole.write_bytes(pack(b"".join(RECORDS)))
    apart.write_bytes(b"".join(map(pack, RECORDS)))
    assert read(whole).texts == PAGES
    assert read(apart).fates == read(whole).fates


DAMAGE = {
    "garbage between records": (RECORDS[1] + b"garbage\n", "malformed_record", 1),
    "no length": (RECORDS[1].replace(b"Content-Length", b"Content-Lengte"), "malformed_record", 0),
    "a length too short": (record(page("x"), length=9), "malformed_record", 0),
    "a length too long": (record(page("x"), length=190), "malformed_record", 0),
    "a header without end": (b"WARC/1.0\r\nWARC-Type: response\r\n", "malformed_record", 0),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_record_costs_itself_alone(tmp_path: Path, read: Read, name: str):
    damaged, reason, n_kept = DAMAGE[name]
    path = tmp_path / "crawl.warc"
    path.write_bytes(RECORDS[0] + damaged + RECORDS[2] + RECORDS[3])
    found = read(path)
    kept = [PAGES[0], *PAGES[1 : 1 + n_kept], PAGES[2], PAGES[3]]
    assert (found.reasons, found.texts) == ([reason], kept)


def test_a_damaged_gzip_member_costs_itself_alone(tmp_path: Path, read: Read):
    members = [gzip.compress(data, mtime=0) for data in RECORDS]
    path = tmp_path / "crawl.warc.gz"
    for at in range(10, len(members[1])):
        flipped = bytearray(members[1])
        flipped[at] ^= 0xFF
        path.write_bytes(members[0] + bytes(flipped) + members[2] + members[3])
        found = read(path)
        assert [text for text in found.texts if text != PAGES[1]] == [
            *(PAGES[0], PAGES[2], PAGES[3])
        ], at
        assert "corrupt_compression" in found.reasons, at


@given(st.binary(max_size=200), st.integers(1, 40), st.lists(st.integers(0, 3), max_size=3))
def test_every_stream_is_framed_to_its_end(noise: bytes, block_bytes: int, places: list[int]):
    data = b"".join(RECORDS[at] for at in places) + noise + RECORDS[0]
    blocks = [data[i : i + block_bytes] for i in range(0, len(data), block_bytes)]
    count = RecordCount()
    framed = list(frame_records(iter(blocks), LIMITS, count))
    assert len(framed) == count.n_records
    assert count.n_bytes == len(data)
    assert len({record.position for record in framed}) == len(framed)
    assert framed == list(frame_records(iter([data]), LIMITS, RecordCount()))


@given(st.data())
def test_what_follows_damage_in_gzip_does_not_depend_on_the_blocks(data: st.DataObject):
    packed = bytearray(b"".join(gzip.compress(r, mtime=0) for r in RECORDS))
    for _ in range(data.draw(st.integers(1, 3))):
        packed[data.draw(st.integers(0, len(packed) - 1))] ^= data.draw(st.integers(1, 255))

    def content(block_bytes: int) -> list[bytes]:
        blocks = (bytes(packed[i : i + block_bytes]) for i in range(0, len(packed), block_bytes))
        return list(split_at_damage(gzip_blocks_past_damage(blocks, b"WARC/")))

    whole = content(1 << 20)
    assert content(data.draw(st.integers(1, 300)))[0] == whole[0]
    assert b"".join(whole).count(b"WARC/1.0") >= len(RECORDS) - 3


def split_at_damage(blocks: Iterator[bytes]) -> Iterator[bytes]:
    part = b""
    for block in blocks:
        if isinstance(block, Damage):
            yield part
            part = b""
        part += block
    yield part


def test_a_page_of_300_000_nested_tags_is_taken_whole():
    text = html_to_text(b"<div>" * (20 * MAX_TAGS) + b"deep").text
    assert text in ("deep", "")


@given(st.binary(max_size=300))
def test_any_bytes_have_a_text(page: bytes):
    assert isinstance(html_to_text(page).text, str)
    assert isinstance(html_to_text(b"<p>" + page, "no-such-charset", whole=True).text, str)
