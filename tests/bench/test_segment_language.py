"""Lines of known language and their identifiers, on a handful of messages."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from bench.segment_language.messages import (
    ALTERNATING,
    ONE,
    ONE_IN_TEN,
    Part,
    pages,
    read_messages,
)
from bench.segment_language.score import accuracy, bucket, cross, macro, named
from bench.segment_language.ways import PAGE, WAYS
from tests.text.test_language import EN, FR, JA, ZH

MESSAGES = {"en": EN, "fr": FR, "zh": ZH, "ja": JA}


OTHERS = [f"x{letter}" for letter in "abcdefghijklmnopqrst"]


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A component with five messages in four languages; one of them is English in Japanese, too."""
    path = tmp_path / "homeassistant.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for lang in (*MESSAGES, *OTHERS):
            texts = dict(enumerate(MESSAGES.get(lang, ())))
            if lang == "ja":
                texts[2] = EN[2]
            name = f"homeassistant/components/app/translations/{lang}.json"
            archive.writestr(name, json.dumps({"title": {str(k): v for k, v in texts.items()}}))
    return path


def test_untranslated_messages_are_left_out_of_a_language(wheel: Path):
    halves = [read_messages(wheel, list(MESSAGES), Part(test, 9, 9)) for test in (True, False)]
    assert sorted(map(len, halves)) == [0, 1], "a group is in one half"
    (rows,) = (rows for half in halves for rows in half.values())
    assert [sorted(row) for row in rows] == [["en", "fr", "ja", "zh"]] * 2 + [
        ["en", "fr", "zh"],
        *[["en", "fr", "ja", "zh"]] * 2,
    ]


def test_pages_have_the_language_of_every_line_and_pivotmine_finds_them():
    rows = [{lang: texts[at].strip() for lang, texts in MESSAGES.items()} for at in range(len(EN))]
    found = list(pages({"app": rows}, list(MESSAGES)))
    kinds = [(page.kind, page.lang) for page in found]
    assert kinds.count((ONE, "en")) == 1
    assert kinds.count((ALTERNATING, "fr")) == kinds.count((ONE_IN_TEN, "fr")) == 1
    (tenth,) = (page for page in found if (page.kind, page.lang) == (ONE_IN_TEN, "zh"))
    assert tenth.langs == ("zh", "zh", "zh", "zh", "en")

    (ours,) = (way for way in WAYS if way.name == PAGE)
    lines = named(PAGE, ours.make(list(MESSAGES)), found)
    assert accuracy(lines).mean == macro(lines) == 1.0
    (row,) = (line for line in cross(lines, lambda line: line.lang, ["en"]) if PAGE in line)
    assert row.endswith("| 1.00 | 1.00 (1.00-1.00) |")
    assert [bucket(n) for n in (1, 5, 6, 80, 81)] == ["1-5", "1-5", "6-10", "41-80", "> 80"]
