"""Shingles against a slow, plain version of the same rules."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.stages.ingest.shingles import MAX_CHARS, find_words, hash_lines, shingle

ALPHABET = "abÉß1 \n.,-猫の ก\U00020000\U0001f431"
texts = st.lists(st.text(st.sampled_from(ALPHABET), max_size=30), min_size=1, max_size=4)
NONE = np.zeros(0, np.uint64)


def words_of(line: str) -> list[str]:
    return re.findall(
        r"[\u0e00-\u0eff\u3040-\u30ff\u4e00-\u9fff\U00020000]|[a-zéß0-9]+", line.lower()
    )


def lines_of(text: str) -> list[list[str]]:
    return [words for line in text.split("\n") if (words := words_of(line))]


def runs_of(text: str, n: int, common: frozenset[str] = frozenset(), least: int = 0) -> list[tuple]:
    lines = lines_of(text)
    own = [words for words in lines if " ".join(words) not in common]
    if sum(map(len, own)) - n + 1 < least:
        own = lines
    words = [word for line in own for word in line]
    return [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]


def by_text(values: np.ndarray, ends: np.ndarray) -> list[list[int]]:
    return [part.tolist() for part in np.split(values, ends[:-1])]


def flat(parts: list[list]) -> list:
    return [value for part in parts for value in part]


def same_partition(found: list, expected: list) -> bool:
    """Whether hashes are equal just where the things are."""
    pairs = set(zip(found, expected, strict=True))
    return len(pairs) == len(set(found)) == len(set(expected))


@given(texts, st.integers(1, 4))
def test_shingles_are_runs_of_words(given_texts: list[str], n: int):
    found = by_text(*shingle(find_words(given_texts), NONE, n, 1))
    expected = [runs_of(text, n) for text in given_texts]
    assert [len(part) for part in found] == [len(part) for part in expected]
    assert same_partition(flat(found), flat(expected))


@given(texts)
def test_lines_with_the_same_words_have_the_same_hash(given_texts: list[str]):
    words = find_words(given_texts)
    expected = [[" ".join(line) for line in lines_of(text)] for text in given_texts]
    assert np.diff(words.text_ends, prepend=0).tolist() == [len(lines) for lines in expected]
    assert same_partition(hash_lines(words).tolist(), flat(expected))


@given(texts, st.sets(st.sampled_from(["a", "b", "a b", "猫"])), st.integers(0, 5))
def test_common_lines_are_left_out_if_enough_remains(
    given_texts: list[str], common: set[str], least: int
):
    hashes = np.sort(hash_lines(find_words(sorted(common)))) if common else NONE
    found = by_text(*shingle(find_words(given_texts), hashes, 2, least))
    expected = [runs_of(text, 2, frozenset(common), least) for text in given_texts]
    assert same_partition(flat(found), flat(expected))


@pytest.mark.parametrize("text", ["", "\n", " .,", "x" * (MAX_CHARS + 5), "\ud800 a"])
def test_odd_texts_have_words_or_none(text: str):
    words = find_words([text, "a"])
    assert words.text_ends[-1] == len(words.line_ends)
    assert (words.line_ends[-1:] == len(words.hashes)).all()
