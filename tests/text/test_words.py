"""N-grams are numbered as a dictionary of tuples would number them."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pivotmine.text.words import Grams, covered_by_repeats, join, number_spans


def of_words(words: list[int]) -> Grams:
    """1-grams of one code point each."""
    starts = np.arange(len(words), dtype=np.int64)
    return number_spans(np.array(words, np.uint32), starts, starts + 1)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.text("ab", min_size=1, max_size=3), max_size=30))
def test_equal_words_have_equal_numbers(words: list[str]):
    points = np.frombuffer("".join(words).encode("utf-32-le"), np.uint32)
    lengths = np.array([len(word) for word in words], np.int64)
    ends = np.cumsum(lengths)
    grams = number_spans(points, ends - lengths, ends)
    distinct = list(dict.fromkeys(words))
    assert grams.ids.tolist() == [distinct.index(word) for word in words]
    assert grams.first.tolist() == [words.index(word) for word in distinct]
    assert grams.counts.tolist() == [words.count(word) for word in distinct]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 3), max_size=40), st.integers(1, 4), st.integers(1, 4))
def test_grams_are_those_of_tuples(words: list[int], short: int, step: int):
    one = of_words(words)
    left = one
    for shift in range(1, short):
        left = join(left, one, shift)
    grams = join(left, one, short - 1 + step)

    tuples = [
        (*words[at : at + short], words[at + short - 1 + step])
        for at in range(len(words) - short + 1 - step)
    ]
    numbers = {gram: at for at, gram in enumerate(dict.fromkeys(tuples))}
    assert grams.ids.tolist() == [numbers[gram] for gram in tuples]
    assert grams.first.tolist() == [tuples.index(gram) for gram in numbers]
    assert grams.counts.tolist() == list(Counter(tuples).values())


@given(st.lists(st.integers(0, 2), max_size=30), st.integers(1, 3))
def test_what_repeats_is_covered_and_nothing_else(words: list[int], n: int):
    one = of_words(words)
    grams = one
    for shift in range(1, n):
        grams = join(grams, one, shift)
    seen: set[tuple[int, ...]] = set()
    repeated: set[int] = set()
    for at in range(len(words) - n + 1):
        if (gram := tuple(words[at : at + n])) in seen:
            repeated |= set(range(at, at + n))
        seen.add(gram)
    assert set(np.flatnonzero(covered_by_repeats(grams, n, len(words))).tolist()) == repeated
