"""Pivots of a word set's pairs, from the links of a lake made by hand."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
from typer.testing import CliRunner

from pivotmine.ask.bridges import find_bridges
from pivotmine.lake.query import connect
from pivotmine.model.cli import app
from pivotmine.model.lens.mined import read_mined
from pivotmine.model.words.dataset import WordSet, save
from tests.handmade import link, make_lake, word

CHAT, CAT, CAT_ZH, FELINE, PET, DOG = range(6)
VOCABULARY = [
    word(CHAT, "▁Chat", "fr"),
    word(CAT, "▁cat", "en"),
    word(CAT_ZH, "猫", "ja", "zh"),
    word(FELINE, "▁feline", "en"),
    word(PET, "▁pet", "en"),
    word(DOG, "▁chien", "fr"),  # its Chinese is no token of this corpus
]
LINKS = [
    link(CAT, "en", CHAT, "fr", 0.9, n_ab=15),
    link(CAT, "en", CAT_ZH, "zh", 0.8, n_ab=12),
    link(CHAT, "fr", CAT_ZH, "ja", 0.7, n_ab=11),
    link(FELINE, "en", CHAT, "fr", 0.6, n_ab=7),
    link(FELINE, "en", CAT_ZH, "zh", 0.7, n_ab=18),
    link(PET, "en", CHAT, "fr", 0.5, n_ab=6),
    link(PET, "en", CAT_ZH, "zh", 0.5, n_ab=5),
    link(PET, "en", DOG, "fr", 0.9),
]


def test_a_pairs_pivots_are_those_that_a_question_about_it_gives(
    small_words: WordSet, tmp_path: Path
):
    lake = make_lake(tmp_path / "lake", vocabulary=VOCABULARY, links=LINKS)
    save(small_words, tmp_path / "words", {})
    out = tmp_path / "pivots.parquet"
    asked = ["pivots", str(tmp_path / "lake"), "--words", str(tmp_path / "words"), "--limit", "2"]
    directions = ["--set", "scoring.directions=[fr-zh, zh-fr, fr-en]", "--out", str(out)]
    result = CliRunner().invoke(app, [*asked, *directions])
    assert result.exit_code == 0, result.output
    assert "2 of 60 word pairs have pivots (3 have two words" in result.output
    connection = connect(lake)
    found = pq.read_table(out).to_pylist()
    for direction, ends in (("fr-zh", ("fr:chat", "zh:猫")), ("zh-fr", ("zh:猫", "fr:chat"))):
        own = [row for row in found if row["direction"] == direction]
        expected = find_bridges(connection, *ends, limit=2).pivots.to_pylist()
        assert {row["concept"] for row in own} == {"cat-n"}
        for name in ("token", "lang", "score", "prevails"):
            assert [row[name] for row in own] == [row[name] for row in expected]
    assert read_mined(out).of("fr-zh", "cat-n") == ("cat", "feline")
