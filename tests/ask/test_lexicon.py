"""The translations of a word, and dictionaries as files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pivotmine.api import open_lake
from pivotmine.ask.lexicon import EntryLimits
from pivotmine.dictionaries.lexicon_files import lexicon_rows
from pivotmine.errors import InputError, LakeError
from tests.handmade import Row, cli, make_lake, word

CAT, CAPITAL, CHAT, MAO, TOIT, FRAGMENT = range(6)
LENIENT = EntryLimits(min_translated=0.5, min_weight=0.1)
NAMES = ("▁cat", "▁Cat", "▁chat", "猫", "▁toit", "ing")


def row(token: int, lang: str, partner: int, other: str, n: float, **more: object) -> Row:
    return {
        "token_id": token,
        "token": NAMES[token],
        "lang": lang,
        "partner_id": partner,
        "partner": NAMES[partner],
        "partner_lang": other,
        "rank": 1,
        "weight": 0.5,
        "n_translated": n,
        "n_ab": round(2 * n) + 1,
        "n": 10,
        "n_partner": 20,
        "n_contexts": 100,
        "expected": 0.5,
        "is_copy": False,
        **more,
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lexicon") / "lake"
    make_lake(
        folder,
        vocabulary=[
            word(CAT, "▁cat", "en"),
            word(CAPITAL, "▁Cat", "en"),
            word(CHAT, "▁chat", "en", "fr"),
            word(MAO, "猫", "zh"),
            word(TOIT, "▁toit", "fr"),
            word(FRAGMENT, "ing", "en"),
        ],
        lexicon=[
            row(CAT, "en", CHAT, "fr", 6.0),
            row(CAT, "en", TOIT, "fr", 1.0),
            row(CAPITAL, "en", CHAT, "fr", 2.0),
            row(CAPITAL, "en", TOIT, "fr", 1.0),
            row(CAT, "en", MAO, "zh", 7.0),
            row(CHAT, "en", CHAT, "fr", 9.0, is_copy=True),
            row(CHAT, "fr", CAT, "en", 6.0),
            row(CHAT, "fr", CHAT, "en", 9.0, is_copy=True),
            row(FRAGMENT, "en", TOIT, "fr", 5.0),
            row(TOIT, "fr", FRAGMENT, "en", 0.3),
            row(TOIT, "fr", CAT, "en", 0.2),
        ],
    )
    return folder


def test_translations_are_in_the_order_of_what_they_translate_copies_last(folder):
    lake = open_lake(folder)
    found = [(one.word, one.translation) for one in lake.lexicon("cat")]
    assert found[:2] == [("▁cat", "猫"), ("▁cat", "▁chat")]
    assert [one.translation for one in lake.lexicon("chat")] == ["▁cat", "▁chat", "▁chat"]


def test_language_and_number_can_be_limited(folder):
    lake = open_lake(folder)
    assert [one.translation for one in lake.lexicon("cat", "zh")] == ["猫"]
    assert len(lake.lexicon("cat", limit=1)) == 1
    assert {one.lang for one in lake.lexicon("fr:chat")} == {"fr"}


def test_a_file_of_rows_joins_spellings_and_leaves_out_copies_and_fragments(folder, tmp_path):
    path = tmp_path / "words.tsv"
    assert open_lake(folder).write_lexicon(path, LENIENT) == 4
    head, *lines = path.read_text().splitlines()
    assert head.split("\t") == [
        "lang_a", "word_a", "lang_b", "word_b", "weight", "n_translated", "n_ab",
    ]  # fmt: skip
    assert [line.split("\t") for line in lines] == [
        ["en", "cat", "fr", "chat", "0.8000", "8.00", "18"],
        ["en", "cat", "fr", "toit", "0.2000", "2.00", "6"],
        ["en", "cat", "zh", "猫", "1.0000", "7.00", "15"],
        ["fr", "chat", "en", "cat", "0.4000", "6.00", "13"],
    ]


def test_the_file_can_be_counted_as_a_lexicon(folder, tmp_path):
    path = tmp_path / "words.tsv"
    open_lake(folder).write_lexicon(path, LENIENT)
    rows = [row.cells for row in lexicon_rows(str(path))]
    assert rows[0] == ("en", "cat", "fr", "chat")


def test_a_file_for_swapping_lists_translations_and_weights_of_each_word(folder, tmp_path):
    path = tmp_path / "words.json"
    assert (
        open_lake(folder).write_lexicon(path, EntryLimits(min_translated=0.1, min_weight=0.1)) == 5
    )
    assert json.loads(path.read_text()) == {
        "en": {"fr": {"cat": [["chat", 0.8], ["toit", 0.2]]}, "zh": {"cat": [["猫", 1.0]]}},
        "fr": {"en": {"chat": [["cat", 0.4]], "toit": [["cat", 0.4]]}},
    }


@pytest.mark.parametrize(
    ("limits", "pairs"),
    [
        (EntryLimits(), 3),
        (EntryLimits(lang="en", to="fr", min_weight=0.1), 2),
        (EntryLimits(lang="en", to="fr", min_weight=0.1, most=1), 1),
        (EntryLimits(lang="en", min_weight=0.5), 2),
        (EntryLimits(min_translated=100.0), 0),
    ],
)
@pytest.mark.parametrize("suffix", [".tsv", ".json"])
def test_what_is_written_can_be_limited(limits, pairs, suffix, folder, tmp_path):
    path = tmp_path / f"words{suffix}"
    assert open_lake(folder).write_lexicon(path, limits) == pairs
    if suffix == ".json":
        found = json.loads(path.read_text())
        listed = [
            w for a in found.values() for b in a.values() for words in b.values() for w in words
        ]
        assert len(listed) == pairs


def test_another_suffix_and_a_lake_without_a_lexicon_are_refused(folder, tmp_path):
    with pytest.raises(InputError, match=r"words\.txt"):
        open_lake(folder).write_lexicon(tmp_path / "words.txt")
    make_lake(tmp_path / "empty", vocabulary=[word(CAT, "▁cat", "en")])
    with pytest.raises(LakeError, match="run --until lexicon"):
        open_lake(tmp_path / "empty").write_lexicon(tmp_path / "words.tsv")
    assert not (tmp_path / "words.tsv").exists()


def test_the_command_shows_a_word_or_writes_a_file(folder, tmp_path):
    where = ("--set", f"lake.warehouse={folder}")
    shown = cli("lexicon", "fr:chat", "--to", "en", *where)
    assert (shown.status, shown.err) == (0, "")
    assert shown.out.split("\n")[2].split()[:4] == ["▁chat", "fr", "▁cat", "en"]
    path = tmp_path / "words.json"
    written = cli("lexicon", "--export", str(path), "--lang", "en", *where)
    assert (written.status, written.err) == (0, "")
    assert "2 translations" in written.out
    assert set(json.loads(path.read_text())) == {"en"}
    neither = cli("lexicon", *where)
    assert neither.status == 2
    assert "--export" in neither.err
