"""Catalogues, text and HTML files, bombs, and a format that a user adds."""

from __future__ import annotations

import gzip
import json
import re
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from pivotmine import plugins
from pivotmine.recipe import InputConfig
from pivotmine.sources import ColumnMap, ReadLimits, listing
from pivotmine.sources.gettext import PAGE_MESSAGES
from pivotmine.sources.records import MIB

Read = Callable[..., Any]
ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "sources.md"
EXAMPLE = ROOT / "examples" / "plugins" / "parallel_tsv.py"

HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=%s\\n"\n\n'
CATALOGUE = """#: app.py:1
msgid "File"
msgstr "Fichier"

#, fuzzy, python-format
msgid "Wrong"
msgstr "Faux"

msgid "Untranslated"
msgstr ""

msgctxt "menu"
msgid "one \\"cat\\"\\n"
"more"
msgid_plural "%d cats"
msgstr[0] "un « chat »\\n"
"de plus"
msgstr[1] "%d chats"
#~ msgid "Old"
#~ msgstr "Vieux"
msgid "broken
msgstr "cassé"

msgid "Last"
msgstr "Dernier"
"""


def write(path: Path, data: bytes | str) -> Path:
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


@pytest.mark.parametrize("charset", ["UTF-8", "ISO-8859-15", "utf-16"])
def test_a_catalogue_is_a_page_of_messages_above_their_translations(
    tmp_path: Path, read: Read, charset: str
):
    catalogue = HEADER % charset + CATALOGUE
    written = "utf-8" if charset == "utf-16" else charset  # declared, and not true
    encoded = catalogue.encode(written)
    found = read(write(tmp_path / "fr.po", encoded))
    assert found.texts == ['File\nFichier\none "cat"\nmore\nun « chat »\nde plus\nLast\nDernier']
    (reject,) = found.rejects
    assert reject["reason"] == "malformed_record"
    assert reject["position"] == encoded.index(b'msgid "broken')
    assert reject["raw"] == 'msgid "broken\nmsgstr "cassé"\n'.encode(written)


def test_long_catalogues_make_several_pages_and_empty_ones_are_rejected(tmp_path: Path, read: Read):
    entries = (f'msgid "message {n}"\nmsgstr "bericht {n}"\n\n' for n in range(PAGE_MESSAGES + 1))
    first, second = read(write(tmp_path / "nl.po", "".join(entries))).texts
    assert first.count("\n") + 1 == 2 * PAGE_MESSAGES
    assert second == f"message {PAGE_MESSAGES}\nbericht {PAGE_MESSAGES}"
    assert read(write(tmp_path / "none.po", HEADER % "utf-8")).reasons == ["empty_file"]


@given(noise=st.binary(max_size=200).map(lambda noise: noise.replace(b"charset", b"")))
def test_any_bytes_can_be_read_as_a_catalogue(noise: bytes, tmp_path_factory: Any, read: Any):
    path = tmp_path_factory.mktemp("po") / "a.po"
    assert read(write(path, b'msgid "a"\nmsgstr "b"\n' + noise)).fates


def test_a_file_is_a_document(tmp_path: Path, read: Read):
    long = ReadLimits(max_record_bytes=60, raw_bytes=8)
    assert read(write(tmp_path / "a.txt", "\ufeffUn chat.\n")).texts == ["Un chat.\n"]
    assert read(write(tmp_path / "a.txt.gz", gzip.compress(b"A cat."))).texts == ["A cat."]
    assert read(write(tmp_path / "b.txt", b"caf\xe9")).reasons == ["undecodable_bytes"]
    assert read(write(tmp_path / "c.txt", b"")).reasons == ["empty_file"]
    (reject,) = read(write(tmp_path / "d.txt", b"x" * 61), limits=long).rejects
    assert (reject["reason"], reject["raw"]) == ("record_too_long", b"x" * 8)
    page = b"<nav><a href=/>Home</a></nav><main><h1>Title</h1><p>One.<p>Two.</main>"
    path = write(tmp_path / "a.html.zst", zstandard.compress(page))
    assert read(path).texts == ["Title\n\nOne.\n\nTwo."]
    assert read(path, ColumnMap(whole_pages=True)).texts == ["Home\n\nTitle\n\nOne.\n\nTwo."]


def bomb(path: Path, head: bytes, n_mib: int) -> Path:
    """A stream of zeros a thousand times its size, after a good beginning."""
    packer = zstandard.ZstdCompressor(level=1).compressobj()
    parts = [packer.compress(head), packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)]
    zeros = bytes(MIB)
    parts += [packer.compress(zeros) for _ in range(n_mib)]
    return write(path, b"".join([*parts, packer.flush()]))


@pytest.mark.parametrize("name", ["a.jsonl.zst", "a.txt.zst", "a.warc.zst", "a.po.zst"])
def test_a_decompression_bomb_is_rejected_at_the_limit(tmp_path: Path, read: Read, name: str):
    head = json.dumps({"text": "Before the bomb."}).encode() + b"\n"
    found = read(bomb(tmp_path / name, head, 200), limits=ReadLimits(max_inflation=20))
    assert "inflates_too_much" in found.reasons
    assert found.splits[0]["n_bytes"] < 70 * MIB
    assert found.texts == (["Before the bomb."] if "jsonl" in name else [])


def test_a_row_group_that_would_inflate_too_much_is_not_read(tmp_path: Path, read: Read):
    path = tmp_path / "bomb.parquet"
    texts = pa.table({"text": ["x" * 40 * MIB + str(n) for n in range(2)]})
    pq.write_table(texts, path, compression="zstd", use_dictionary=False)
    limits = ReadLimits(max_document_bytes=100 * MIB, max_inflation=20)
    assert read(path, limits=limits).reasons == ["inflates_too_much"]


def test_a_recipe_can_name_every_format():
    for name in ("auto", *plugins.SOURCES.names()):
        assert InputConfig(uris=("a",), format=name).format == name


def test_the_format_that_the_documentation_adds_works(
    tmp_path: Path, read: Read, monkeypatch: pytest.MonkeyPatch
):
    (code,) = re.findall(r"^```python\n(.*?)^```$", DOCS.read_text(), re.MULTILINE | re.DOTALL)
    assert code == EXAMPLE.read_text()
    assert code.count("\n") <= 40
    monkeypatch.setattr(plugins.SOURCES, "_found", {**plugins.SOURCES._found})
    module = types.ModuleType("parallel")
    monkeypatch.setitem(sys.modules, "parallel", module)
    exec(compile(code, "parallel.py", "exec"), module.__dict__)
    data = b"A cat\tUn chat\nno tab\ncaf\xe9\tx\nA dog\tUn chien\n"
    found = read(write(tmp_path / "a.tsv.gz", gzip.compress(data)[:-8]))
    assert found.texts == ["A cat\nUn chat", "A dog\nUn chien"]
    assert found.reasons == ["malformed_record", "undecodable_bytes", "corrupt_compression"]


def test_the_documentation_lists_every_suffix():
    listed = set(re.findall(r"`(\.\w+)`", DOCS.read_text().split("`ingest.inputs")[0]))
    assert listed - {".gz", ".zst"} == set(listing.suffixes())
