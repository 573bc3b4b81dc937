"""Scripts of letters and marks that several scripts use, against the rule written out plainly."""

from __future__ import annotations

from unicodedata import category, normalize

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.text.scripts import SCRIPTS, count_scripts
from pivotmine.text.token_notation import languages_written

LANGUAGES = ("ar", "el", "en", "hi", "ja", "ko", "ru", "uk", "zh")
NAMES = {
    "Latn": "Latin",
    "Hani": "Han",
    "Hira": "Kana",
    "Kana": "Kana",
    "Hang": "Hangul",
    "Cyrl": "Cyrillic",
    "Grek": "Greek",
    "Arab": "Arabic",
    "Hebr": "Hebrew",
    "Thai": "Thai",
    "Deva": "Devanagari",
}
MARKS = "ー\u309b\u3099々・\u0640\u0964\u0301\u0308\u02bc\u064b\u0951\ufe0f\u00b5\u3031\uff70"
LETTERS = "aéжγクひ漢한بאกकა ,1"


@pytest.mark.parametrize(
    ("piece", "languages"),
    [
        ("サーバー", ["ja"]),
        ("▁ユーザー", ["ja"]),
        ("キーボード", ["ja"]),
        ("コーヒー・カップ", ["ja"]),
        ("ーション", ["ja"]),
        ("ｺｰﾋｰ", ["ja"]),
        ("時々", ["ja", "zh"]),
        ("か\u3099", ["ja"]),
        ("\u0643\u0640\u062a\u0627\u0628", ["ar"]),
        ("है।", ["hi"]),
        ("мо\u0438\u0306", ["ru", "uk"]),
        ("п\u02bcять", ["ru", "uk"]),
        ("ε\u0301", ["el"]),
        ("e\u0301", ["en"]),
        ("\u1112\u1161\u11ab", ["ko"]),
    ],
)
def test_a_word_with_shared_marks_is_of_the_script_of_its_letters(
    piece: str, languages: list[str]
) -> None:
    assert languages_written([piece], LANGUAGES) == [languages]


@pytest.mark.parametrize("piece", ["ー", "▁ー", "\u0301", "❤\ufe0f", "1\ufe0f\u20e3", "・"])
def test_marks_without_a_letter_are_no_word(piece: str) -> None:
    assert languages_written([piece], LANGUAGES) == [[]]


def test_a_long_vowel_mark_after_a_han_character_is_no_kana() -> None:
    counts = count_scripts(["第一ー二", "クー"])
    assert counts.kana_chars.tolist() == [0, 2]


@pytest.mark.parametrize("word", ["мой", "έλληνας", "école", "ガード", "한국"])
def test_a_decomposed_word_is_as_many_words_as_the_composed_one(word: str) -> None:
    composed, decomposed = count_scripts([word, normalize("NFD", word)]).words
    assert (composed > 0).tolist() == (decomposed > 0).tolist()
    if SCRIPTS[composed.argmax()] not in {"Kana", "Han"}:  # these are counted by characters
        assert composed.tolist() == decomposed.tolist()


@given(st.lists(st.text(st.sampled_from(MARKS + LETTERS), max_size=8), max_size=6))
def test_every_character_has_the_script_of_the_rule(segments: list[str]) -> None:
    counts = count_scripts(segments)
    for row, segment in enumerate(segments):
        scripts = plain_scripts(segment)
        assert counts.letters[row] == sum(script != "none" for script in scripts)
        assert counts.kana_chars[row] == scripts.count("Kana")
        assert counts.han_chars[row] == scripts.count("Han")
        held = {SCRIPTS[i] for i in range(len(SCRIPTS)) if counts.words[row, i]}
        assert held == {script for script in scripts if script != "none"}


def plain_scripts(segment: str) -> list[str]:
    own = [own_script(char) for char in segment]
    resolved = list(own)
    for i, char in enumerate(segment):
        if own[i] == "shared":
            before, after = i, i
            while before >= 0 and own[before] == "shared":
                before -= 1
            while after < len(own) and own[after] == "shared":
                after += 1
            neighbours = [own[j] for j in (before, after) if 0 <= j < len(own)]
            resolved[i] = next((s for s in neighbours if allows(char, s)), "none")
    return resolved


def own_script(char: str) -> str:
    if category(char)[0] not in "LM":
        return "none"
    if regex.match(r"\p{sc=Zyyy}|\p{sc=Zinh}", char):
        return "shared"
    return next(
        (name for value, name in NAMES.items() if regex.match(rf"\p{{sc={value}}}", char)), "other"
    )


def allows(char: str, script: str) -> bool:
    if script in {"none", "other"}:
        return script == "other"
    if regex.match(r"\p{scx=Zyyy}|\p{scx=Zinh}", char):
        return True
    return any(
        regex.match(rf"\p{{scx={value}}}", char) for value, name in NAMES.items() if name == script
    )
