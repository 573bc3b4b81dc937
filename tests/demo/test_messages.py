"""Interface messages become text: what is taken out, and what must stay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.demo.messages import clean, translated

WORDS = st.lists(st.text("abcdéèçàœ水曜日", min_size=1, max_size=6), min_size=1, max_size=6)
PLACEHOLDERS = st.sampled_from(
    ["{name}", "%(count)d", "%s", "%1$s", "%1", "${x}", "{{ a.b }}", '"%s"', "<b>", "</b>"]
)


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("Failed to connect to {host}.", "Failed to connect to."),
        ('Impossible de supprimer "%(name)s" ici', "Impossible de supprimer ici"),
        ("您确定要删除「%1」吗？", "您确定要删除 吗？"),
        ("must be at least %sGiB in size", "must be at least GiB in size"),
        ("The battery level is less than 10%", "The battery level is less than 10%"),
        ("Read the [manual](https://example.org/a_(b)) first", "Read the manual first"),
        ("See https://example.org/path?q=1 を参照", "See を参照"),
        ("Line one<br/>\n\n  line <b>two</b>", "Line one line two"),
        ("Press **Submit** now", "Press Submit now"),
        ("Failed to evacuate host: {host}.", "Failed to evacuate host."),
        ("&File", "File"),
        ("ファイル(&F)", "ファイル"),
        ("Search &amp; Replace", "Search & Replace"),
        ("R&D budget", "R&D budget"),
        ("_Open", "Open"),
        ("set my_variable", "set my_variable"),
        ("call open() twice", "call open() twice"),
        ("Password:", "Password"),
        ("C#", "C#"),
    ],
)
def test_a_message_is_cleaned(message: str, text: str) -> None:
    assert clean(message) == text


@given(WORDS, st.lists(PLACEHOLDERS, max_size=6))
def test_words_survive_in_order_and_placeholders_do_not(
    words: list[str], placeholders: list[str]
) -> None:
    mixed = []
    for index, word in enumerate(words):
        mixed += [word, *placeholders[index : index + 1]]
    assert clean(" ".join(mixed)).split() == words


@given(st.text())
def test_cleaned_text_is_one_line_without_loose_space(message: str) -> None:
    text = clean(message)
    assert text == " ".join(text.split())


def test_untranslated_empty_and_repeated_messages_are_dropped() -> None:
    pairs = translated(
        [
            ("Name", "Nom"),
            ("Docker", "docker"),
            ("{a}", "{a}"),
            ("Name", "Nom"),
            ("Port", ""),
            ("Name", "Prénom"),
        ]
    )
    assert list(pairs) == [("Name", "Nom"), ("Name", "Prénom")]
