"""Repeated lines: each counts in its first documents only."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.stages.contexts.repeated_lines import (
    RepeatedLines,
    document_keys,
    line_hashes,
    lowest_documents,
    to_leave_out,
)

Line = tuple[int, ...]
lines_of_text = st.lists(st.lists(st.integers(0, 5), max_size=4).map(tuple), max_size=30)


def hashes_of(lines: list[Line], languages: int = 1) -> list[int]:
    tokens = np.array([token for line in lines for token in line], np.int32)
    ends = np.cumsum([len(line) for line in lines]).astype(np.int64)
    return line_hashes(tokens, ends, np.full(len(lines), languages, np.uint64)).tolist()


@given(lines_of_text)
def test_hashes_of_lines_are_equal_just_when_their_tokens_are(lines):
    hashes = hashes_of(lines)
    assert len(set(zip(lines, hashes, strict=True))) == len(set(lines)) == len(set(hashes))


def test_a_line_in_documents_of_other_languages_is_another_line():
    assert hashes_of([(1, 2)], languages=1) != hashes_of([(1, 2)], languages=2)


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9)), max_size=60),
    st.integers(1, 4),
    st.integers(1, 5),
)
def test_the_lowest_documents_of_parts_are_those_of_the_whole(pairs, n_lowest, n_parts):
    def lowest(some: list[tuple[int, int]]) -> list[tuple[int, int]]:
        lines, documents = np.array(some, np.uint64).reshape(-1, 2).T
        found = lowest_documents(lines, documents, n_lowest)
        return list(zip(found.lines.tolist(), found.documents.tolist(), strict=True))

    by_hand = [
        (line, document)
        for line in range(5)
        for document in sorted({d for other, d in pairs if other == line})[:n_lowest]
    ]
    assert lowest(pairs) == by_hand
    parts = [pair for start in range(n_parts) for pair in lowest(pairs[start::n_parts])]
    assert lowest(parts) == by_hand


def test_beyond_its_last_document_a_repeated_line_does_not_count():
    repeated = RepeatedLines(np.array([3, 7], np.uint64), np.array([50, 10], np.uint64))
    lines = np.array([3, 3, 7, 7, 5, 9], np.uint64)
    documents = np.array([50, 51, 10, 40, 99, 99], np.uint64)
    assert to_leave_out(lines, documents, repeated).tolist() == [0, 1, 0, 1, 0, 0]


def test_without_repeated_lines_every_line_counts():
    none = RepeatedLines(np.empty(0, np.uint64), np.empty(0, np.uint64))
    lines = np.array([3, 7], np.uint64)
    assert not to_leave_out(lines, lines, none).any()


def test_the_order_of_documents_is_the_same_for_signed_numbers():
    keys = document_keys(f"doc{i}" for i in range(1000))
    assert (keys.view(np.int64) >= 0).all()
    assert np.median(keys) == pytest.approx(2**62, rel=0.1)
