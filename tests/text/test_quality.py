"""Quality measures, on pages that show what each is for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pivotmine.recipe import FiltersConfig
from pivotmine.text import quality_bounds
from pivotmine.text.quality import MEASURES, Page, judge
from pivotmine.text.quality_bounds import FAMILIES
from pivotmine.text.words import find_words

PROSE = (
    "The cat that we have sleeps on the roof. It dreams of fish and of the sea.\n"
    "Nobody knows what it will do with the day that is to come.\n"
)

SHOWN = [
    ("words", "one two, three", 3),
    ("words", "猫が寝る。", 5),
    ("mean_word_chars", "a bcd", 2),
    ("mean_word_chars", "猫が寝る", None),
    ("alphabetic_word_share", "one 2 three --", 0.5),
    ("symbol_word_ratio", "#a #b c…", 1),
    ("stop_words", "The cat and THE dog", 2),
    ("bullet_line_share", "- a\n* b\nc\n\n• d", 0.75),
    ("ellipsis_line_share", "read more...\nend", 0.5),
    ("unpunctuated_line_share", "Menu\nA sentence.\n文。\n「文」", 0.25),
    ("short_line_share", "short\n" + "long " * 10, 0.5),
    ("duplicate_line_share", "a\nb\na\na", 0.5),
    ("duplicate_line_char_share", "aa\nb\nb", 0.25),
    ("duplicate_paragraph_share", "a\nb\n\na\nb\n\nc\n\nd", 0.25),
    ("top_2gram_char_share", "a b a b c d", 4 / 6),
    ("top_3gram_char_share", "a b c", 0),
    ("top_4gram_char_share", "a b c d " * 2, 1),
    ("duplicate_5gram_char_share", "a b c d e x a b c d e", 5 / 11),
    ("duplicate_10gram_char_share", "a b c d e x a b c d e", 0),
    ("curly_brackets", "if (x) { y }", 1),
    ("lorem_ipsum", "Lorem Ipsum dolor", 1),
]


@pytest.mark.parametrize(("measure", "text", "value"), SHOWN)
def test_a_measure_is(measure: str, text: str, value: float | None):
    assert MEASURES[measure](Page(text, "en")) == (value if value is None else pytest.approx(value))


def test_every_measure_is_shown_and_every_family_knows_its_measures():
    assert {measure for measure, _, _ in SHOWN} == set(MEASURES)
    assert tuple(MEASURES) == quality_bounds.MEASURES
    for bounds in FAMILIES.values():
        assert {name.split("_", 1)[1] for name in bounds} <= set(MEASURES)


@given(st.text(max_size=60))
def test_any_text_can_be_measured(text: str):
    for name, measure in MEASURES.items():
        value = measure(Page(text, "ja"))
        assert value is None or value >= 0, name
        assert value is None or "share" not in name or value <= 1 or name.startswith("top"), name


def test_prose_passes_and_the_first_broken_bound_is_the_reason():
    bounds = FiltersConfig(families=tuple(FAMILIES), bounds={"min_words": 20}).bounds_of("en")
    assert judge(PROSE, "en", bounds) is None
    for text, setting in (
        ("too short", "min_words"),
        ("buy " * 90, "min_stop_words"),
        (PROSE * 9, "max_duplicate_line_share"),
        (PROSE + "{", "max_curly_brackets"),
        (
            PROSE + "\n".join(f"the menu of entry {n}" for n in range(99)),
            "max_top_2gram_char_share",
        ),
    ):
        verdict = judge(text, "en", bounds)
        assert verdict is not None
        assert verdict.setting == setting


def test_bounds_can_differ_by_language_and_be_switched_off():
    filters = FiltersConfig(
        families=("c4",),
        bounds={"min_words": 5, "max_lorem_ipsum": None},
        languages={"ja": {"min_words": 9, "max_curly_brackets": None}},
    )
    assert filters.bounds_of("en") == {"max_curly_brackets": 0, "min_words": 5}
    assert filters.bounds_of("ja") == {"min_words": 9}
    assert FiltersConfig().bounds_of("en") == {}


@pytest.mark.parametrize("name", ["words", "min_sense", "most_words"])
def test_a_bound_that_does_not_exist_is_an_error(name: str):
    with pytest.raises(ValidationError, match="no bound"):
        FiltersConfig(bounds={name: 1})


def test_any_blank_parts_words_and_unspaced_characters_are_words():
    words = find_words("l’été\u3000猫が cat\u00a0cat\U0001f600 \ud800")
    text = "l’été\u3000猫が cat\u00a0cat\U0001f600 \ud800"
    found = [text[a:b] for a, b in zip(words.starts.tolist(), words.ends.tolist(), strict=True)]
    assert found == ["l’été", "猫", "が", "cat", "cat\U0001f600", "\ud800"]
    assert words.n_letters.tolist() == [4, 1, 1, 3, 3, 0]
    assert words.is_unspaced.tolist() == [False, True, True, False, False, False]
