"""How often two words of a lexicon meet: on tables made by hand."""

from __future__ import annotations

import csv
import io
import json
from math import log
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from pivotmine.ask.cooccurrence import find_cooccurrence
from pivotmine.errors import LakeError
from pivotmine.lake.lake import Lake
from pivotmine.lake.query import connect
from pivotmine.show.findings import print_terms
from tests.handmade import Row, cli, make_lake, settings

CAT_CHAT = {
    **{"n_docs": 61, "n_docs_a": 100, "n_docs_b": 80, "n_docs_total": 20_000},
    **{"n_windows": 70, "n_windows_a": 150, "n_windows_b": 90, "n_windows_total": 60_000},
    **{"n_docs_in_lang": 40, "n_docs_in_lang_a": 50, "n_docs_in_lang_b": 45},
    **{"n_windows_in_lang": 45, "n_windows_in_lang_a": 60, "n_windows_in_lang_b": 50},
    **{"n_docs_in_lang_total": 1_000, "n_windows_in_lang_total": 1_234},
}


def word(lang: str, term: str) -> Row:
    return {"lang_a": lang, "term_a": term, "n_docs": 1, "n_windows": 1}


def pair(lang_a: str, term_a: str, lang_b: str, term_b: str, **counts: int) -> Row:
    zeros = dict.fromkeys(CAT_CHAT, 0)
    names = {"lang_a": lang_a, "term_a": term_a, "lang_b": lang_b, "term_b": term_b}
    return {**names, **zeros, **counts}


ROWS = [
    *(word("en", "cat"), word("en", "chat"), word("fr", "chat"), word("zh", "猫")),
    *(word("ja", "猫"), word("en", "hot dog"), word("en", "unicorn")),
    pair("en", "cat", "fr", "chat", **CAT_CHAT),
    pair("fr", "chat", "zh", "猫", n_windows=3),
    pair("fr", "chat", "ja", "猫", n_windows=5),
    pair("en", "chat", "fr", "chat", n_docs=7),
    pair("en", "hot dog", "ja", "ホットドッグ"),
    pair("en", "unicorn", "zh", "猫", n_windows_total=60_000, n_windows_b=9),
]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    folder = tmp_path_factory.mktemp("cooccurrence") / "lake"
    return make_lake(folder, term_counts=ROWS, lexicons=[{"uri": "words.tsv", "n_rows": 6}])


def asked(lake: Lake, *words: str) -> list[dict[str, Any]]:
    status, out, err = cli("cooccurrence", *words, *settings(lake), "-f", "json")
    assert (status, err) == (0, "")
    return [json.loads(line) for line in out.splitlines()]


def pairs(rows: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    names = ("lang_a", "term_a", "lang_b", "term_b")
    return list(dict.fromkeys(tuple(row[name] for name in names) for row in rows))


def test_a_pair_has_a_table_of_documents_and_windows_anywhere_and_in_its_languages(lake):
    found = {(row["context"], row["where"]): row for row in asked(lake, "cat", "fr:chat")}
    tables = {key: tuple(row[n] for n in ("n_ab", "n_a", "n_b", "n")) for key, row in found.items()}
    assert tables == {
        ("document", "anywhere"): (61, 100, 80, 20_000),
        ("window", "anywhere"): (70, 150, 90, 60_000),
        ("document", "in_lang"): (40, 50, 45, 1_000),
        ("window", "in_lang"): (45, 60, 50, 1_234),
    }
    documents = found["document", "anywhere"]
    assert documents["expected"] == pytest.approx(100 * 80 / 20_000)
    assert documents["npmi"] == pytest.approx(log(61 / 0.4) / log(20_000 / 61))
    assert documents["g2"] > 500


def test_the_sides_are_those_of_the_question(lake):
    (row,) = [row for row in asked(lake, "chat", "en:cat") if row["context"] == "document"][:1]
    assert (row["term_a"], row["n_a"], row["term_b"], row["n_b"]) == ("chat", 80, "cat", 100)


def test_a_word_without_a_language_matches_all_the_most_frequent_pair_first(lake):
    assert pairs(asked(lake, "chat", "猫")) == [
        ("fr", "chat", "ja", "猫"),
        ("fr", "chat", "zh", "猫"),
    ]
    assert pairs(asked(lake, "chat", "zh:猫")) == [("fr", "chat", "zh", "猫")]
    assert pairs(asked(lake, "en:chat", "fr:chat")) == [("en", "chat", "fr", "chat")]
    assert pairs(asked(lake, "fr:chat", "en:chat")) == [("fr", "chat", "en", "chat")]


def test_spelling_is_folded_as_in_the_lexicon(lake):
    assert pairs(asked(lake, "en:Hot  Dog", "ﾎｯﾄﾄﾞｯｸﾞ")) == [("en", "hot dog", "ja", "ホットドッグ")]


def test_a_word_that_never_occurs_has_no_npmi(lake):
    rows = asked(lake, "unicorn", "猫")
    assert {row["npmi"] for row in rows} == {None}
    assert {row["expected"] for row in rows} == {0}


def test_the_table_is_for_reading(lake):
    status, out, err = cli("cooccurrence", "cat", "fr:chat", *settings(lake))
    assert (status, err) == (0, "")
    title, heads, *rows = out.strip().splitlines()
    assert title.strip() == "cat (en) and chat (fr)"
    assert heads.split() == ["together", "cat", "chat", "of", "expected", "npmi", "G2"]
    assert rows[1].split()[:7] == ["windows", "anywhere", "70", "150", "90", "60,000", "0.2"]
    assert rows[3].split()[:9] == "windows in its language 45 60 50 1,234 2.4".split()


def test_csv_has_the_same_figures(lake):
    out = cli("cooccurrence", "cat", "fr:chat", *settings(lake), "-f", "csv").out
    rows = list(csv.DictReader(io.StringIO(out)))
    for row, same in zip(rows, asked(lake, "cat", "fr:chat"), strict=True):
        assert row == {name: str(value) for name, value in same.items()}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("cat", "zh:狗"), "'狗' is in no lexicon that is counted"),
        (("ja:cat", "chat"), "the lexicons have 'cat' as en, not as ja"),
        (("cat", "猫"), "cat and 猫 are counted, but not listed as a pair"),
        (("cat", "猫"), "`en cat LANG 猫`"),
        (("en:cat", "zh:猫"), "Add the line `en cat zh 猫` (tab-separated) to a file of terms.lex"),
        (("cat", "Cat"), "'cat' and 'Cat' are one word; name two"),
    ],
)
def test_what_is_not_counted_is_refused_with_what_to_add(lake, words: tuple[str, ...], says: str):
    status, out, err = cli("cooccurrence", *words, *settings(lake))
    assert (status, out) == (2, "")
    assert err.startswith("error: ")
    assert says in " ".join(err.split())


def test_without_a_lexicon_it_says_how_to_give_one(tmp_path: Path):
    bare = make_lake(tmp_path / "lake", vocabulary=[])
    with pytest.raises(LakeError, match=r"no lexicon is counted.*terms\.lexicons.*--only terms"):
        find_cooccurrence(connect(bare), "cat", "chat")


def test_sql_syntax_in_a_word_is_only_text(lake):
    for odd in ("'; DROP TABLE term_counts; --", "%", "$one"):
        with pytest.raises(LakeError, match="is in no lexicon"):
            find_cooccurrence(connect(lake), odd, "cat")


def test_the_report_says_how_many_listed_pairs_meet(lake, tmp_path: Path):
    console = Console(width=120)
    with console.capture() as capture:
        print_terms(console, connect(lake))
        print_terms(console, connect(make_lake(tmp_path / "lake", vocabulary=[])))
    lines = [line.split() for line in capture.get().splitlines()]
    assert ["en", "fr", "2", "2", "1", "1"] in lines
    assert ["fr", "ja", "1", "0", "1", "0"] in lines
    assert sum("lexicons" in line for line in lines) == 1, "nothing of a lake without lexicons"
