"""Archives in pieces: the records of the whole file wherever it is cut, or a piece that says no."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pivotmine.sources.gzip_pieces import PieceRead, check_pieces
from pivotmine.sources.listing import list_splits
from pivotmine.sources.records import ColumnMap, Piece, ReadLimits
from tests.sources.conftest import read_one
from tests.sources.test_sources_warc import page, record

LIMITS = ReadLimits(max_record_bytes=5000, raw_bytes=20)

Fates = list[tuple[int, str | None, str | None]]


def fates(rows: list[dict[str, Any]], before: int = 0) -> Fates:
    return [
        (before + row["position"], row["text"], row["reason"])
        for row in rows
        if row["kind"] != "split"
    ]


def read_in_pieces(path: Path, split_bytes: int) -> Fates | None:
    """Fates of all pieces; None where they do not meet, and the file is to be read whole."""
    splits = list_splits([str(path)], "warc", split_bytes, 0)
    rows = [read_one(split, ColumnMap(), LIMITS) for split in splits]
    if splits[0].end == -1:
        return fates(rows[0])
    reads = [
        PieceRead(split.uri, split.start, split.end, end["n_bytes"], Piece(**json.loads(text)))
        for split, (*_, end) in zip(splits, rows, strict=True)
        if (text := end["detail"])
    ]
    before, torn = check_pieces(reads)
    if torn:
        return None
    return [
        fate
        for split, found in zip(splits, rows, strict=True)
        for fate in fates(found, before[split.uri, split.start])
    ]


TEXTS = ["Le chat dort.", "The cat sleeps.", "猫が寝る。", "Chats et chiens."] * 4
MEMBERS = [gzip.compress(record(page(f"{text} {n}")), mtime=0) for n, text in enumerate(TEXTS)]
INFO = gzip.compress(record(b"software: x", "warcinfo"), mtime=0)
TWO = gzip.compress(record(page("one")) + record(page("two")), mtime=0)
CUT = record(page("x" * 900))
CAPTURED = gzip.compress(record(b"".join(MEMBERS[:3]), "response"), 0, mtime=0)
"""An archive in an archive, not compressed again: members that are none."""
LONG = gzip.compress(record(page("x" * 6000)), mtime=0)
ODD = {
    "several records": TWO,
    "a record over two members": gzip.compress(CUT[:300]) + gzip.compress(CUT[300:]),
    "a captured archive": CAPTURED,
    "a record too long": LONG,
    "padding": b"\0" * 70,
    "damage": MEMBERS[0][:40] + b"\xff" * 9 + MEMBERS[0][49:],
    "a member cut short": MEMBERS[1][:50],
    "no record": gzip.compress(b"garbage " * 50),
}


@given(
    odd=st.lists(st.tuples(st.integers(0, len(MEMBERS)), st.sampled_from(sorted(ODD))), max_size=2),
    split_bytes=st.integers(40, 1500),
)
def test_records_are_those_of_the_whole_file_wherever_it_is_cut(
    tmp_path_factory: Any, odd: list[tuple[int, str]], split_bytes: int
):
    members = list(MEMBERS)
    for at, name in sorted(odd, reverse=True):
        members.insert(at, ODD[name])
    path = tmp_path_factory.mktemp("warc") / "crawl.warc.gz"
    path.write_bytes(INFO + b"".join(members))
    found = read_in_pieces(path, split_bytes)
    whole = read_in_pieces(path, 1 << 40)
    assert found in (None, whole)
    if {name for _, name in odd} <= {"several records", "padding"}:
        assert found == whole, "a sound file is not read twice"


def test_what_is_one_member_is_not_cut(tmp_path: Path, read: Callable[..., Any]):
    path = tmp_path / "crawl.warc.gz"
    path.write_bytes(gzip.compress(b"".join(record(page(text)) for text in TEXTS)))
    found = read(path, limits=LIMITS, split_bytes=100)
    assert (len(found.splits), found.texts) == (1, TEXTS)
