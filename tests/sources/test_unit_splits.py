"""Files read in pieces give the records of the whole file, wherever they are cut."""

from __future__ import annotations

import contextlib
import gzip
import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.fuzz import Fate, join_pieces
from pivotmine.sources.decoding import InflatesTooMuch
from pivotmine.sources.listing import list_splits
from pivotmine.sources.records import ColumnMap, Piece, ReadLimits
from pivotmine.sources.unit_splits import open_piece
from tests.sources.conftest import WHOLE, read_one
from tests.sources.test_warc import page, record

LIMITS = ReadLimits(max_record_bytes=5000, raw_bytes=20)


def fates(rows: list[dict[str, Any]]) -> list[Fate]:
    return [(row["position"], row["text"], row["reason"]) for row in rows if row["kind"] != "split"]


def read_in_pieces(path: Path, split_bytes: int, limits: ReadLimits = LIMITS) -> list[Fate] | None:
    """Fates of all pieces; None where they do not meet, and the file is to be read whole."""
    splits = list_splits([str(path)], "auto", split_bytes, 0)
    rows = [read_one(split, ColumnMap(), limits) for split in splits]
    if splits[0].end == -1:
        return fates(rows[0])
    return join_pieces(splits, [(fates(found), found[-1]["detail"]) for found in rows])


def raw_frame(content: bytes) -> bytes:
    """A zstd frame of one block that is not compressed."""
    block = (1 | len(content) << 3).to_bytes(3, "little")
    return zstandard.FRAME_HEADER + b"\x00\x58" + block + content


Pack = Callable[[bytes], bytes]
PACK: dict[str, Pack] = {
    "": lambda content: content,
    ".gz": lambda content: gzip.compress(content, mtime=0),
    ".zst": zstandard.compress,
}
STORE: dict[str, Pack] = {
    "": lambda content: content,
    ".gz": lambda content: gzip.compress(content, 0, mtime=0),
    ".zst": raw_frame,
}
PADDING = {"": b"\r\n" * 9, ".gz": b"\0" * 70, ".zst": b"\x5a\x2a\x4d\x18\x03\0\0\0abc"}

TEXTS = ["Le chat dort.", "The cat sleeps.", "猫が寝る。", "Chats et chiens."] * 4
PAGES = [record(page(f"{text} {n}")) for n, text in enumerate(TEXTS)]
INFO = record(b"software: x", "warcinfo")
CUT = record(page("x" * 900))
SOUND = {"several records", "padding"}


def odd_units(pack: Pack, store: Pack, padding: bytes) -> dict[str, bytes]:
    """What may lie between the records of an archive."""
    captured = record(b"".join(map(pack, PAGES[:3])), "response")
    return {
        "several records": pack(PAGES[0] + PAGES[1]),
        "a record over two units": pack(CUT[:300]) + pack(CUT[300:]),
        "a captured archive": store(captured),
        "a record too long": pack(record(page("x" * 6000))),
        "padding": padding,
        "nothing": pack(b""),
        "damage": pack(PAGES[0])[:40] + b"\xff" * 9 + pack(PAGES[0])[49:],
        "a unit cut short": pack(PAGES[1])[:50],
        "no record": pack(b"garbage " * 50),
    }


@pytest.mark.parametrize("suffix", PACK)
@settings(max_examples=10)
@given(st.data())
def test_records_of_an_archive_do_not_depend_on_the_splits(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, data: st.DataObject
):
    odd = odd_units(PACK[suffix], STORE[suffix], PADDING[suffix])
    places = st.tuples(st.integers(0, len(PAGES)), st.sampled_from(sorted(odd)))
    chosen = data.draw(st.lists(places, max_size=2))
    units = [PACK[suffix](page) for page in PAGES]
    for at, name in sorted(chosen, reverse=True):
        units.insert(at, odd[name])
    path = tmp_path_factory.mktemp("crawl") / f"crawl.warc{suffix}"
    path.write_bytes(PACK[suffix](INFO) + b"".join(units))
    found = read_in_pieces(path, data.draw(st.integers(40, 1500)))
    whole = read_in_pieces(path, WHOLE)
    assert found in (None, whole)
    if {name for _, name in chosen} <= SOUND:
        assert found == whole, "a sound file is not read twice"


LINES = [json.dumps({"text": text * n}) for n, text in enumerate(TEXTS, 1)] + ["", "{", "[]"]


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
@settings(max_examples=25)
@given(st.data())
def test_lines_do_not_depend_on_where_units_and_pieces_begin(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, data: st.DataObject
):
    content = "\n".join(data.draw(st.lists(st.sampled_from(LINES), min_size=1))).encode()
    cuts = sorted(data.draw(st.sets(st.integers(0, len(content)), max_size=12)))
    bounds = pairwise([0, *cuts, len(content)])
    units = [PACK[suffix](content[start:end]) for start, end in bounds]
    units.insert(data.draw(st.integers(1, len(units))), PADDING[suffix])
    odd = data.draw(st.sampled_from(["", "captured", "damage", "cut short"]))
    at = data.draw(st.integers(0, len(units) - 1))
    if odd == "captured":
        units.insert(at, STORE[suffix](b"".join(units)))
    if odd == "damage":
        units[at] = units[at][:20] + b"\xff" * 9 + units[at][29:]
    if odd == "cut short":
        units[at] = units[at][:-9]
    path = tmp_path_factory.mktemp("lines") / f"a.jsonl{suffix}"
    path.write_bytes(b"".join(units))
    found = read_in_pieces(path, data.draw(st.integers(20, 400)))
    whole = read_in_pieces(path, WHOLE)
    assert found in (None, whole)
    if not odd:
        assert found == whole, "a sound file is not read twice"


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_file_of_one_unit_is_not_split(tmp_path: Path, read: Callable[..., Any], suffix: str):
    path = tmp_path / f"crawl.warc{suffix}"
    path.write_bytes(PACK[suffix](b"".join(PAGES)))
    found = read(path, limits=LIMITS, split_bytes=100)
    assert (len(found.splits), len(found.documents)) == (1, len(PAGES))


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_all_pieces_together_inflate_no_further_than_the_file_may(tmp_path: Path, suffix: str):
    # Each unit alone is within the 64 MiB that a whole file has free.
    bomb = PACK[suffix](b" " * (8 << 20) + b"\n")
    path = tmp_path / f"a.jsonl{suffix}"
    path.write_bytes(PACK[suffix](b"{}\n") + bomb * 12)
    limits = ReadLimits(max_inflation=5)
    n_given, splits = 0, list_splits([str(path)], "auto", len(bomb), 0)
    for split in splits:
        with (
            open_piece(split, limits, Piece()) as blocks,
            contextlib.suppress(InflatesTooMuch),
        ):
            for block in blocks:
                n_given += len(block)
    assert len(splits) == 12
    assert n_given <= 5 * path.stat().st_size
    assert read_in_pieces(path, len(bomb), limits) is None, "it is judged as a whole"
    whole = read_in_pieces(path, WHOLE, limits)
    assert whole is not None
    assert [reason for _, _, reason in whole] == ["missing_text", "inflates_too_much"]
