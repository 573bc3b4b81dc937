"""Terms in text: the occurrences that a search with word boundaries finds, and no others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.errors import InputError
from pivotmine.stages.terms.matching import build_trie, find_terms
from pivotmine.text.folding import spaced_letters

LETTERS = spaced_letters()

characters = st.sampled_from("aab1é猫子ネ '-")
words = st.text(characters, min_size=1, max_size=5).filter(lambda word: word.strip() == word)
lexicons = st.lists(words, max_size=25)


def points(text: str) -> np.ndarray:
    return np.array([*map(ord, text), 0], np.int32)


def find(terms: list[str], text: str) -> list[tuple[int, str]]:
    strings = sorted(set(terms))
    found = find_terms(points(text), build_trie(strings, LETTERS))
    return [
        (position, strings[string])
        for string, position in zip(found.string.tolist(), found.position.tolist(), strict=True)
    ]


def search(terms: list[str], text: str) -> list[tuple[int, str]]:
    """One term after another, at every place."""

    def letter(char: str) -> bool:
        return (bool(char) and char.isalnum() and char.isascii()) or char == "é"

    found = []
    for term in set(terms):
        for at in range(len(text)):
            before, after = text[at - 1 : at], text[at + len(term) : at + len(term) + 1]
            goes_on = (letter(before) and letter(term[0])) or (letter(term[-1]) and letter(after))
            if text.startswith(term, at) and not goes_on:
                found.append((at, term))
    return sorted(found, key=lambda match: (match[0], len(match[1])))


@given(lexicons, st.text(characters, max_size=40))
def test_matches_equal_those_of_a_search_for_each_term(terms, text):
    assert find(terms, text) == search(terms, text)


@given(lexicons, st.lists(words, max_size=8))
def test_terms_are_found_between_word_boundaries(terms, others):
    text = " ".join(others)
    found = find([*terms, *others], text)
    assert {term for _, term in found} >= set(others)


@pytest.mark.parametrize(
    ("term", "text", "places"),
    [
        ("cat", "a cat, cats and a wildcat. cat", [2, 27]),
        ("eau", "l'eau et le bateau", [2]),
        ("hot dog", "hot dog hot dogs", [0]),
        ("aujourd'hui", "aujourd'hui", [0]),
        ("猫", "猫猫と子猫", [0, 1, 4]),
        ("t恤", "买t恤衫, at恤", [1]),
        ("c++", "c++11, abc++", [0]),
        ("3", "3 33 第3章", [0, 6]),
        ("कम", "कम कमल", [0]),
    ],
)
def test_boundaries_are_required_in_scripts_with_spaces(term: str, text: str, places: list[int]):
    assert find([term], text) == [(at, term) for at in places]


def test_terms_inside_terms_count_too():
    terms = ["new", "new york", "new york times", "york", "times"]
    assert find(terms, "new york times") == [
        *((0, "new"), (0, "new york"), (0, "new york times"), (4, "york"), (9, "times"))
    ]


def test_no_match_crosses_the_end_of_a_document():
    text = np.concatenate([points("hot"), points("dog")])
    assert len(find_terms(text, build_trie(["hot dog", "hotdog"], LETTERS)).string) == 0


def test_buffers_grow_with_many_matches_and_a_text_may_have_none():
    assert len(find(["猫", "猫猫", "猫猫猫"], "猫" * 300)) == 300 + 299 + 298
    assert find([], "猫") == find(["猫"], "") == []
    assert len(find_terms(np.empty(0, np.int32), build_trie(["猫"], LETTERS)).string) == 0


def test_a_node_with_many_children_is_searched():
    terms = [f"a{chr(0x4E00 + i)}" for i in range(0, 600, 2)]
    text = "".join(f"a{chr(0x4E00 + i)} " for i in range(600))
    assert [term for _, term in find(terms, text)] == terms


@pytest.mark.parametrize("strings", [["b", "a"], ["a", "a"], ["ab", "a"], [""], ["\0"]])
def test_terms_out_of_order_are_refused(strings: list[str]):
    with pytest.raises(InputError, match="term"):
        build_trie(strings, LETTERS)


def test_a_text_without_end_is_refused():
    with pytest.raises(InputError, match="END_OF_DOCUMENT"):
        find_terms(points("cat")[:-1], build_trie(["cat"], LETTERS))
