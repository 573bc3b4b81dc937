"""Words that a page and its translation spell alike."""

from __future__ import annotations

import unicodedata

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.stages.pair.words import MIN_WORD_CHARS, find_words
from pivotmine.text.scripts import UNSPACED_RANGES

TEXT = st.text(alphabet=st.sampled_from("abé1ж 使の.-/\0"), max_size=40)


def in_word(char: str) -> bool:
    spaced = not any(first <= ord(char) <= last for first, last in UNSPACED_RANGES)
    return spaced and unicodedata.category(char)[0] in "LMN"


def words_of(text: str) -> list[tuple[int, str]]:
    """Place and spelling of every word, by a plain scan."""
    found, word = [], ""
    for place, char in enumerate(text + "\0"):
        if in_word(char):
            word += char
        else:
            if len(word) >= MIN_WORD_CHARS:
                found.append((place - len(word), word))
            word = ""
    return found


def points_of(text: str) -> np.ndarray:
    return np.array([ord(char) for char in text], np.int32)


@given(TEXT, st.sets(st.integers(1, 40)))
def test_words_are_runs_of_letters_and_digits_and_have_the_token_they_begin_in(text, cuts):
    starts = [0, *sorted(cut for cut in cuts if cut < len(text)), len(text)]
    found = find_words(points_of(text), np.array(starts, np.int64))
    expected = words_of(text)
    token = [max(t for t in range(len(starts) - 1) if starts[t] <= at) for at, _ in expected]
    assert found.tokens.tolist() == token
    names = {hash_: word for hash_, (_, word) in zip(found.hashes.tolist(), expected, strict=True)}
    assert [names[hash_] for hash_ in found.hashes.tolist()] == [word for _, word in expected]
    assert len(names) == len(set(names.values()))


def test_a_name_inside_text_without_spaces_is_a_word():
    text = "使用Debian系统\0"
    (found,) = find_words(points_of(text), np.arange(len(text) + 1)).hashes
    (alone,) = find_words(points_of("Debian"), np.arange(7)).hashes
    assert found == alone
