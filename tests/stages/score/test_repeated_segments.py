"""Runs of segments of one language, and segments that many documents hold."""

from __future__ import annotations

from collections import Counter
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.errors import InputError
from pivotmine.stages.score.repeated_segments import (
    MIN_SEGMENT_TOKENS,
    MIN_TEMPLATE_SHARE,
    copies,
    document_segment_hashes,
    document_templates,
    segment_hashes,
)
from pivotmine.stages.score.segment_runs import Runs, segment_runs

segments = st.tuples(st.integers(-1, 2), st.lists(st.integers(0, 2), max_size=5))
documents = st.lists(st.lists(segments, max_size=7), max_size=5)


def runs_of(pages, spare: int = 0) -> tuple[np.ndarray, Runs]:
    """Tokens, and runs, of pages that end with `spare` tokens after their last segment."""
    texts = [[t for _, words in page for t in words] + [0] * spare for page in pages]
    offsets = np.cumsum([0, *map(len, texts)])
    ends = [end for page in pages for end in np.cumsum([len(words) for _, words in page])]
    languages = np.array([language for page in pages for language, _ in page], np.int8)
    runs = segment_runs(
        offsets, np.array(ends, np.int32), np.cumsum([0, *map(len, pages)]), languages, 3
    )
    return np.array([t for text in texts for t in text], np.int32), runs


def expected_runs(pages, spare: int) -> list[tuple[int, int, int]]:
    """(document, language, length) of every run, by filling lists."""
    expected = []
    for d, page in enumerate(pages):
        languages = [language for language, words in page for _ in words] + [-1] * spare
        known = [language for language in languages if language >= 0]
        last = known[0] if known else -1
        filled = [last := language if language >= 0 else last for language in languages]
        expected += [(d, language, len(list(group))) for language, group in groupby(filled)]
    return expected


@given(documents, st.integers(0, 2))
def test_runs_join_segments_of_one_language_and_the_unknown_ones_between(pages, spare):
    tokens, runs = runs_of(pages, spare)
    lengths = runs.end - runs.start
    found = list(zip(runs.document.tolist(), runs.language.tolist(), lengths.tolist(), strict=True))
    assert found == expected_runs(pages, spare)
    assert lengths.sum() == (runs.segment_end - runs.segment_start).sum() == len(tokens)


def test_segment_ends_that_do_not_rise_are_refused():
    with pytest.raises(InputError, match="must rise"):
        segment_runs(
            np.array([0, 5]), np.array([4, 2], np.int32), np.array([0, 2]), np.zeros(2, np.int8), 1
        )


@given(documents)
def test_a_segment_counts_once_for_each_document_that_holds_it(pages):
    tokens, runs = runs_of(pages)
    hashes = segment_hashes(tokens, runs.segment_start, runs.segment_end)
    owner = np.repeat(np.arange(len(pages)), np.diff(runs.segment_offsets))
    found = Counter(document_segment_hashes(hashes, owner).tolist())
    expected = Counter(
        words
        for page in pages
        for words in {tuple(words) for _, words in page if len(words) >= MIN_SEGMENT_TOKENS}
    )
    assert sorted(found.values()) == sorted(expected.values())
    repeated = np.array(sorted(h for h, n in found.items() if n > 1), np.int64)
    n_docs = np.array([found[h] for h in repeated.tolist()], np.int64)
    held = copies(hashes, repeated, n_docs)
    for start, end, n in zip(runs.segment_start, runs.segment_end, held, strict=True):
        assert n == expected.get(tuple(tokens[start:end].tolist()), 1)


LINES = [[n] * length for n, length in enumerate((1, 3, 4, 4, 5, 30))]


@given(st.lists(st.lists(st.sampled_from(LINES), max_size=6), max_size=6))
def test_a_template_is_the_longest_segment_that_pages_share_if_they_share_enough(pages):
    tokens, runs = runs_of([[(0, line) for line in page] for page in pages])
    lengths = runs.segment_end - runs.segment_start
    hashes = segment_hashes(tokens, runs.segment_start, runs.segment_end)
    ends = np.cumsum([len(line) for line in LINES])
    every = np.array([token for line in LINES for token in line], np.int32)
    hash_of = segment_hashes(every, np.append(0, ends[:-1]), ends).tolist()
    held = Counter(line[0] for page in pages for line in {tuple(line) for line in page})
    repeated = sorted(
        (hash_of[n], count)
        for n, count in held.items()
        if count > 1 and len(LINES[n]) >= MIN_SEGMENT_TOKENS
    )
    known, n_docs = np.array(repeated, np.int64).reshape(-1, 2).T
    found = document_templates(hashes, copies(hashes, known, n_docs), lengths, runs.segment_offsets)
    for page, template in zip(pages, found.tolist(), strict=True):
        shared = [line for line in page if hash_of[line[0]] in known]
        expected = 0
        if shared and sum(map(len, shared)) >= MIN_TEMPLATE_SHARE * sum(map(len, page)):
            best = min((-len(line), -held[line[0]], hash_of[line[0]]) for line in shared)
            expected = best[-1]
        assert template == expected
