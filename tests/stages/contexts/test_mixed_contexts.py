"""Mixed contexts: the sets of tokens of contexts with two languages or more."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given

from pivotmine.errors import ConfigError, InputError
from pivotmine.numeric.windows import context_bounds
from pivotmine.stages.contexts.mixed_contexts import Contexts, build_contexts
from tests.numeric.kernel_corpora import Corpus, corpora

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


@given(corpus=corpora())
def test_contexts_are_the_sets_of_tokens_of_mixed_windows(corpus: Corpus):
    token_ids, *bounds = corpus.contexts
    contexts = build_contexts(token_ids, *bounds, corpus.token_language, corpus.n_languages)
    assert as_lists(contexts) == corpus.mixed_contexts()
    assert [column.dtype for column in contexts] == [np.int64, np.int32, np.int32]


def test_tokens_after_the_last_segment_end_are_a_segment_too():
    assert as_lists(build([0, 2, 1, 3], [0, 4], [2], [0, 1], 2)) == [(0, [0, 2]), (0, [1, 3])]


@pytest.mark.parametrize("window_tokens", [None, 2])
def test_a_slice_of_an_arrow_column_is_not_copied(window_tokens):
    token_ids = pa.array([[2, 0], [0, 2, 1, 3], [5, 1], [0]], pa.list_(pa.int32())).slice(1, 2)
    segments = pa.array([[2], [2, 4], [1, 2], [1]], pa.list_(pa.int32())).slice(1, 2)
    contexts = build(
        token_ids.values.to_numpy(),
        token_ids.offsets.to_numpy(),
        segments.values.to_numpy(),
        segments.offsets.to_numpy(),
        window_tokens,
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
