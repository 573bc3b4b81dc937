"""Contexts: the places in which two tokens can meet.

A context is a whole document or a window of consecutive segments (lines, sentences). Windows are
made of whole segments because a sentence and its translation are often neighbours; cutting at a
fixed stride would split exactly those pairs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import ConfigError, InputError
from pivotmine.numeric.arrays import offsets_array, readonly, row_index
from pivotmine.numeric.jit import njit


def context_bounds(
    document_offsets: NDArray[np.integer],
    segment_ends: NDArray[np.int32],
    segment_offsets: NDArray[np.integer],
    n_tokens: int,
    window_tokens: int | None,
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Cut documents into contexts.

    Windows take consecutive segments greedily while they fit in `window_tokens`. A longer segment
    is first cut into pieces of `window_tokens`; its last, shorter piece is packed like any segment.
    Windows tile the document and none is empty.

    Parameters
    ----------
    document_offsets
        [D + 1], int32 or int64, into the flat token array of `n_tokens`.
    segment_ends
        [S] in tokens from the start of the document; tokens after the last end of a document count
        as one more segment.
    segment_offsets
        [D + 1], int32 or int64, into `segment_ends`.
    window_tokens
        Longest window in tokens; None makes every document one context.

    Returns
    -------
    bounds [C + 1] of the contexts in the flat token array, and the document of each context [C].

    Raises
    ------
    ConfigError
        `window_tokens` is below 1.
    InputError
        Offsets or segment ends that do not describe the tokens.
    """
    documents = offsets_array(document_offsets, n_tokens, "document_offsets")
    n_documents = len(documents) - 1
    if window_tokens is None:
        return documents, np.arange(n_documents, dtype=np.int32)
    if window_tokens < 1:
        raise ConfigError(f"window_tokens={window_tokens}; use 1 or more, or null for documents")
    ends = readonly(segment_ends, np.int32, "segment_ends")
    segments = offsets_array(segment_offsets, len(ends), "segment_offsets")
    if len(segments) != len(documents):
        raise InputError(
            f"segment_offsets describe {len(segments) - 1} documents, document_offsets"
            f" {n_documents}; both must come from the same rows"
        )
    used = ends[segments[0] : segments[-1]]
    owner = row_index(segments)
    falling = (used[1:] < used[:-1]) & (owner[1:] == owner[:-1])
    if used.size and (used.min() < 0 or np.any(used > np.diff(documents)[owner]) or falling.any()):
        raise InputError("segment_ends must rise within each document, up to its token count")
    return _pack_windows(documents, ends, segments, window_tokens)


@njit
def _pack_windows(
    document_offsets: NDArray[np.int64],
    segment_ends: NDArray[np.int32],
    segment_offsets: NDArray[np.int64],
    window_tokens: int,
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    n_documents = len(document_offsets) - 1
    n_tokens = document_offsets[-1] - document_offsets[0]
    # Two neighbouring windows together exceed window_tokens, or they would have been one.
    bounds = np.empty(1 + n_documents + 2 * n_tokens // window_tokens, np.int64)
    document = np.empty(len(bounds) - 1, np.int32)
    bounds[0] = document_offsets[0]
    n = 0
    for d in range(n_documents):
        start = document_offsets[d]
        packed = start
        first_segment, last_segment = segment_offsets[d], segment_offsets[d + 1]
        for s in range(first_segment, last_segment + 1):
            # Tokens after the last segment end are a segment of their own, never lost.
            end = document_offsets[d + 1]
            if s < last_segment:
                end = document_offsets[d] + segment_ends[s]
            if end - start > window_tokens:
                if packed > start:
                    start = packed
                    document[n] = d
                    n += 1
                    bounds[n] = start
                while end - start > window_tokens:
                    start += window_tokens
                    document[n] = d
                    n += 1
                    bounds[n] = start
            packed = end
        if packed > start:
            document[n] = d
            n += 1
            bounds[n] = packed
    return bounds[: n + 1], document[:n]
