"""Aligned segments written as text, in every format."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pivotmine.ask.bitext import BITEXT, FORMATS, BitextLimits, write_bitext
from pivotmine.lake.tables import TABLES

ENGLISH = "The cat\tsleeps.\nIt is <late> & dark.\nGood night.\n"
FRENCH = "Le chat dort.\nIl est tard.\nIl fait nuit.\nBonne nuit.\n"
COPY = "Good night.\nAnother line.\n"


def segment_pair(b: str, position: int, places: tuple[int, int, int, int], score: float):
    names = ("segment_a", "n_a", "segment_b", "n_b")
    row = dict(zip(names, places, strict=True))
    ids = {"doc_id_a": "en1" if b != "fr2" else "en2", "doc_id_b": b}
    return {**ids, "lang_a": "en", "lang_b": "fr", "position": position, "score": score, **row}


ROWS: dict[str, list[dict[str, Any]]] = {
    "documents": [
        {"doc_id": "en1", "text": ENGLISH, "source": "site"},
        {"doc_id": "fr1", "text": FRENCH, "source": "site"},
        {"doc_id": "en2", "text": COPY},
        {"doc_id": "fr2", "text": "Bonne nuit.\n"},
    ],
    "document_pairs": [
        {"doc_id_a": "en1", "doc_id_b": "fr1", "lang_a": "en", "lang_b": "fr", "score": 0.8},
        {"doc_id_a": "en2", "doc_id_b": "fr2", "lang_a": "en", "lang_b": "fr", "score": 0.3},
    ],
    "segment_pairs": [
        segment_pair("fr1", 0, (0, 1, 0, 1), 0.9),
        segment_pair("fr1", 1, (1, 1, 1, 2), 0.5),
        segment_pair("fr1", 2, (2, 1, 3, 1), 0.0),
        segment_pair("fr2", 0, (0, 1, 0, 1), 0.7),
    ],
}

TEXTS = [
    ("The cat sleeps.", "Le chat dort."),
    ("It is <late> & dark.", "Il est tard. Il fait nuit."),
    ("Good night.", "Bonne nuit."),
]


@pytest.fixture
def connection():
    with duckdb.connect() as connection:
        for name, rows in ROWS.items():
            connection.register(name, pa.Table.from_pylist(rows, schema=TABLES[name].schema))
        yield connection


def test_each_pair_of_texts_is_written_once_with_its_best_score(connection, tmp_path):
    assert write_bitext(connection, tmp_path, "parquet", BitextLimits()) == {"en-fr": 3}
    rows = pq.read_table(tmp_path / "bitext.parquet")
    assert rows.schema == BITEXT
    found = rows.to_pylist()
    assert [(row["text_a"], row["text_b"]) for row in found] == TEXTS
    assert [(row["doc_id_a"], row["score"]) for row in found] == [
        ("en1", 0.9),
        ("en1", 0.5),
        ("en2", 0.7),
    ]


def test_moses_has_a_line_a_segment_on_both_sides(connection, tmp_path):
    write_bitext(connection, tmp_path, "moses", BitextLimits())
    one, other = ((tmp_path / f"en-fr.{lang}").read_text().splitlines() for lang in ("en", "fr"))
    assert list(zip(one, other, strict=True)) == TEXTS
    assert (tmp_path / "en-fr.scores").read_text().split() == ["0.9000", "0.5000", "0.7000"]


def test_tmx_is_xml_with_both_languages(connection, tmp_path):
    write_bitext(connection, tmp_path, "tmx", BitextLimits())
    units = ET.parse(tmp_path / "en-fr.tmx").getroot().iter("tu")
    assert [tuple(seg.text for seg in unit.iter("seg")) for unit in units] == TEXTS


@pytest.mark.parametrize(
    ("limits", "n"),
    [
        (BitextLimits(min_score=0.6), 2),
        (BitextLimits(min_document_score=0.5), 3),
        (BitextLimits(lang="fr", to="en"), 3),
        (BitextLimits(lang="ja"), 0),
    ],
)
def test_limits_leave_pairs_out(connection, tmp_path, limits, n):
    assert sum(write_bitext(connection, tmp_path, "parquet", limits).values()) == n


@pytest.mark.parametrize("kind", FORMATS)
def test_nothing_but_the_files_is_left(connection, tmp_path, kind):
    write_bitext(connection, tmp_path, kind, BitextLimits())
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize(
    ("adjacency", "n_lines"), [("lines", {6, 2}), ("blocks", {6, 2}), ("documents", {8, 4})]
)
def test_training_documents_hold_both_languages_with_their_origin(
    connection, tmp_path, adjacency, n_lines
):
    counts = write_bitext(connection, tmp_path, "jsonl", BitextLimits(adjacency=adjacency))
    assert counts == {"en-fr": 2}
    lines = (tmp_path / "paired.jsonl").read_text().splitlines()
    documents = [json.loads(line) for line in lines]
    first = documents[0]
    assert sorted(first["doc_ids"]) == ["en1", "fr1"]
    assert sorted(first["langs"]) == ["en", "fr"]
    assert (first["source"], first["adjacency"]) == ("site", adjacency)
    assert {len(document["text"].splitlines()) for document in documents} == n_lines
    english = [text for text, _ in TEXTS]
    found = [line for line in first["text"].splitlines() if line in english]
    assert len(found) == (2 if adjacency == "documents" else 3)


def test_lines_alternate_and_blocks_do_not(connection, tmp_path):
    def languages(adjacency: str) -> str:
        write_bitext(connection, tmp_path, "jsonl", BitextLimits(adjacency=adjacency))
        text = json.loads((tmp_path / "paired.jsonl").read_text().splitlines()[0])["text"]
        english = [text for text, _ in TEXTS]
        return "".join("e" if line in english else "f" for line in text.splitlines())

    assert languages("lines") in ("efefef", "fefefe")
    assert languages("blocks") in ("eeefff", "fffeee")
