"""Contexts: windows of whole segments, and sets of tokens in two languages or more."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.errors import ConfigError, InputError
from pivotmine.stages.contexts.windows import Contexts, build_contexts, context_bounds, window_ends
from tests.numeric.kernel_corpora import ENGINES, Corpus, corpora

LANGUAGES = np.array([0, 0, 1, 1, -1, 2], np.int8)


def ends(*values: int) -> np.ndarray:
    return np.array(values, np.int32)


def build(tokens, document_offsets, segment_ends, segment_offsets, window_tokens=None, **options):
    tokens = np.array(tokens, np.int32) if isinstance(tokens, list) else tokens
    contexts = context_bounds(
        np.asarray(document_offsets),
        np.asarray(segment_ends, np.int32),
        np.asarray(segment_offsets),
        len(tokens),
        window_tokens,
    )
    return build_contexts(tokens, *contexts, LANGUAGES, 3, **options)


def as_lists(contexts: Contexts) -> list[tuple[int, list[int]]]:
    rows = pairwise(contexts.offsets.tolist())
    return [
        (document, contexts.token_ids[start:end].tolist())
        for document, (start, end) in zip(contexts.document.tolist(), rows, strict=True)
    ]


@pytest.mark.parametrize(
    ("segments", "window_tokens", "windows"),
    [
        (ends(), 5, []),
        (ends(0, 0), 5, []),
        (ends(2, 4, 5), 5, [5]),
        (ends(2, 4, 6), 5, [4, 6]),
        (ends(3, 3, 6), 3, [3, 6]),
        (ends(12), 5, [5, 10, 12]),
        (ends(10), 5, [5, 10]),
        (ends(1, 13, 15), 5, [1, 6, 11, 15]),
    ],
    ids=[
        "no segment",
        "empty segments",
        "all fit in one",
        "a segment that does not fit opens the next window",
        "an empty segment changes nothing",
        "a long segment is cut",
        "a long segment is cut without a rest",
        "the rest of a long segment is packed on",
    ],
)
def test_windows_pack_whole_segments(segments, window_tokens, windows):
    assert window_ends(segments, window_tokens).tolist() == windows


@given(st.lists(st.integers(0, 20), max_size=30), st.integers(1, 15))
def test_windows_tile_the_document_within_the_limit(lengths, window_tokens):
    segments = np.cumsum(np.array(lengths, np.int32), dtype=np.int32)
    windows = [0, *window_ends(segments, window_tokens).tolist()]
    assert windows[-1] == sum(lengths)
    assert all(0 < end - start <= window_tokens for start, end in pairwise(windows))
    # No two neighbours could have been one.
    assert all(
        end - start > window_tokens for start, end in zip(windows, windows[2:], strict=False)
    )


@pytest.mark.parametrize("engine", ENGINES)
@given(corpus=corpora())
def test_contexts_are_the_sets_of_tokens_of_mixed_windows(engine, corpus: Corpus):
    token_ids, *bounds = corpus.contexts
    contexts = build_contexts(
        token_ids, *bounds, corpus.token_language, corpus.n_languages, engine=engine
    )
    assert as_lists(contexts) == corpus.mixed_contexts()
    assert [column.dtype for column in contexts] == [np.int64, np.int32, np.int32]


def test_tokens_after_the_last_segment_end_are_a_segment_too():
    assert as_lists(build([0, 2, 1, 3], [0, 4], [2], [0, 1], 2)) == [(0, [0, 2]), (0, [1, 3])]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("window_tokens", [None, 2])
def test_a_slice_of_an_arrow_column_goes_in_uncopied(engine, window_tokens):
    token_ids = pa.array([[2, 0], [0, 2, 1, 3], [5, 1], [0]], pa.list_(pa.int32())).slice(1, 2)
    segments = pa.array([[2], [2, 4], [1, 2], [1]], pa.list_(pa.int32())).slice(1, 2)
    contexts = build(
        token_ids.values.to_numpy(),
        token_ids.offsets.to_numpy(),
        segments.values.to_numpy(),
        segments.offsets.to_numpy(),
        window_tokens,
        engine=engine,
    )
    documents = [(0, [0, 1, 2, 3])] if window_tokens is None else [(0, [0, 2]), (0, [1, 3])]
    assert as_lists(contexts) == [*documents, (1, [1, 5])]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([0, 6], [0, 2], [2], [0, 1]), InputError, "token_ids must lie in 0..5; found 0..6"),
        (([0, 2], [0, 3], [2], [0, 1]), InputError, "document_offsets must rise within 0..2"),
        (([0, 2], [], [2], [0, 1]), InputError, "document_offsets is empty"),
        (([0, 2], [0, 2], [2], [0, 1], 0), ConfigError, "window_tokens=0"),
        (([0, 2], [0, 2], [3], [0, 1], 4), InputError, "segment_ends must rise"),
        (([0, 2], [0, 2], [2, 1], [0, 2], 4), InputError, "segment_ends must rise"),
        (([0, 2], [0, 2], [2], [0, 1, 1], 4), InputError, "describe 2 documents"),
    ],
)
def test_buffers_that_do_not_fit_together_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        build(*arguments)


def test_token_ids_too_wide_for_int32_are_refused_instead_of_cut():
    with pytest.raises(InputError, match="token_ids is int64"):
        build(np.array([2**32, 1]), [0, 2], [2], [0, 1])


def test_bounds_without_a_document_for_each_context_are_refused():
    with pytest.raises(InputError, match="2 documents for 1 contexts"):
        build_contexts(ends(0, 2), np.array([0, 2]), ends(0, 0), LANGUAGES, 3)
