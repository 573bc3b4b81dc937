"""Frequencies: documents that hold a token in segments of a language, and occurrences."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.stages.vocabulary.frequencies import Frequencies, add_frequencies, new_frequencies
from pivotmine.text.token_notation import letter_edges

VOCAB_SIZE = 7
N_LANGUAGES = 3
ANY = N_LANGUAGES
EDGES = letter_edges(["▁a", "b", "▁.", ".", "▁", "d.", ".d"])

BEGIN, END = {1, 5}, {0, 1, 6}
"""Tokens that begin and end with a letter."""

Segment = tuple[int, list[int]]
Document = list[Segment]

documents = st.lists(
    st.lists(
        st.tuples(
            st.integers(-1, N_LANGUAGES - 1),
            st.lists(st.integers(0, VOCAB_SIZE - 1), max_size=6),
        ),
        max_size=5,
    ),
    max_size=10,
)


def add(totals: Frequencies, batch: list[Document], first_document: int) -> None:
    tokens = [[t for _, segment in document for t in segment] for document in batch]
    ends = [list(accumulate(len(segment) for _, segment in document)) for document in batch]
    add_frequencies(
        totals,
        np.array([t for document in tokens for t in document], np.int32),
        np.array([0, *accumulate(map(len, tokens))], np.int64),
        np.array([end for document in ends for end in document], np.int32),
        np.array([0, *accumulate(map(len, ends))], np.int64),
        np.array([language for document in batch for language, _ in document], np.int8),
        EDGES,
        first_document,
    )


def frequencies(*batches: list[Document]) -> Frequencies:
    totals = new_frequencies(VOCAB_SIZE, N_LANGUAGES)
    before = 0
    for batch in batches:
        add(totals, batch, before)
        before += len(batch)
    return totals


def windowed(segment: list[int | None]) -> Iterator[tuple[int | None, ...]]:
    return zip(segment, segment[1:], segment[2:], strict=False)


def tokens_of(document: Document, language: int) -> set[int]:
    return {t for lang, segment in document if language in (lang, ANY) for t in segment}


@given(documents)
def test_document_frequency_counts_documents_by_the_language_of_the_segment(docs):
    found = frequencies(docs).document_frequency
    assert found.shape == (VOCAB_SIZE, N_LANGUAGES + 1)
    for token in range(VOCAB_SIZE):
        for language in range(N_LANGUAGES + 1):
            holding = sum(token in tokens_of(document, language) for document in docs)
            assert found[token, language] == holding


@given(documents)
def test_token_count_counts_occurrences_in_text_of_any_language_or_none(docs):
    flat = [t for document in docs for _, segment in document for t in segment]
    expected = [flat.count(token) for token in range(VOCAB_SIZE)]
    assert frequencies(docs).token_count.tolist() == expected


@given(documents)
def test_an_occurrence_is_whole_if_no_letter_stands_beside_it_in_its_segment(docs):
    expected = [0] * VOCAB_SIZE
    for document in docs:
        for _, segment in document:
            for before, token, after in windowed([None, *segment, None]):
                after_letter = token in BEGIN and before in END
                before_letter = token in END and after in BEGIN
                expected[token] += not (after_letter or before_letter)
    assert frequencies(docs).whole_count.tolist() == expected


@given(documents)
def test_a_language_has_the_documents_that_hold_text_of_it(docs):
    by_language = [
        sum(bool(tokens_of(document, language)) for document in docs)
        for language in range(N_LANGUAGES)
    ]
    assert frequencies(docs).n_docs.tolist() == [*by_language, len(docs)]


@given(documents, st.lists(st.integers(0, 10), max_size=3))
def test_batches_add_up_to_the_whole_however_they_are_cut(docs, cuts):
    bounds = [0, *sorted(min(cut, len(docs)) for cut in cuts), len(docs)]
    batches = [docs[start:end] for start, end in pairwise(bounds)]
    together, apart = frequencies(docs), frequencies(*batches)
    for whole, summed in zip(together, apart, strict=True):
        assert np.array_equal(whole, summed)


def test_a_bilingual_page_counts_once_for_each_of_its_halves():
    page = [(0, [1, 2, 1]), (1, [2, 3]), (0, [1])]
    totals = frequencies([page])
    assert totals.document_frequency[1].tolist() == [1, 0, 0, 1]
    assert totals.document_frequency[2].tolist() == [1, 1, 0, 1]
    assert totals.document_frequency[3].tolist() == [0, 1, 0, 1]
    assert totals.token_count[:4].tolist() == [0, 3, 2, 1]
    assert totals.n_docs.tolist() == [1, 1, 0, 1]


def test_a_segment_without_tokens_does_not_count_for_its_language():
    assert frequencies([[(0, []), (1, [4])]]).n_docs.tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize("vocab_size", [0, 1, 64_000])
def test_new_totals_are_zero_and_as_large_as_documented(vocab_size):
    totals = new_frequencies(vocab_size, N_LANGUAGES)
    assert not any(array.any() for array in totals)
    n_bytes = sum(array.nbytes for array in totals)
    assert n_bytes == pytest.approx(16 * vocab_size * (N_LANGUAGES + 2), rel=0.1, abs=100)
