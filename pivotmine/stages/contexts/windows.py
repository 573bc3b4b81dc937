"""Contexts: the places in which two tokens can meet.

A context is a whole document or a window of consecutive segments (lines, sentences). Windows are
made of whole segments because what links two languages is adjacency of a sentence and its
translation; cutting through sentences at a fixed stride would split exactly those pairs.

Presence is what is counted, so a context keeps each token once, and only tokens that have a
language. Contexts of a single language are dropped here, at the earliest point: they cannot hold a
cross-language pair, and on the web they are about 98 % of all text.

Everything is linear in the tokens read: duplicates are found with a stamp per token id, and rows
are put in order by transposing twice instead of sorting.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import ConfigError, InputError
from pivotmine.numeric.arrays import check_range, offsets_array, readonly, row_index
from pivotmine.numeric.jit import Engine, njit, use_numba

__all__ = ["Contexts", "build_contexts", "context_bounds", "window_ends"]


class Contexts(NamedTuple):
    """Mixed contexts as CSR rows of distinct token ids, each row ordered by (language, id)."""

    offsets: NDArray[np.int64]
    """[C + 1] row c is token_ids[offsets[c]:offsets[c + 1]]."""
    token_ids: NDArray[np.int32]
    """[N]"""
    document: NDArray[np.int32]
    """[C] index, in the call that built it, of the document that holds the context."""


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


def context_bounds(
    document_offsets: NDArray[np.integer],
    segment_ends: NDArray[np.int32],
    segment_offsets: NDArray[np.integer],
    n_tokens: int,
    window_tokens: int | None,
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Cut documents into contexts.

    Windows take consecutive segments greedily while they fit in `window_tokens`. A longer segment
    is first cut into pieces of `window_tokens`; its last, shorter piece is packed on like any
    segment. Windows tile the document and none is empty. Without numba this loop runs as plain
    Python: it visits segments, not tokens.

    Parameters
    ----------
    document_offsets
        [D + 1], int32 or int64, into the flat token array of `n_tokens`.
    segment_ends
        [S] each counted in tokens from the start of its own document; tokens after a document's
        last end count as one more segment.
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


def window_ends(segment_ends: NDArray[np.int32], window_tokens: int) -> NDArray[np.int32]:
    """End of every window of one document, in tokens from its start: int32[W].

    `segment_ends` int32[S] are cumulative within the document; the last is its length. See
    `context_bounds` for the packing rule and the errors.
    """
    ends = readonly(segment_ends, np.int32, "segment_ends")
    n_tokens = int(ends[-1]) if ends.size else 0
    bounds, _ = context_bounds(
        np.array([0, n_tokens]), ends, np.array([0, len(ends)]), n_tokens, window_tokens
    )
    return bounds[1:].astype(np.int32)


@njit
def _collect_distinct(
    bounds: NDArray[np.int64],
    token_ids: NDArray[np.int32],
    rank: NDArray[np.int32],
    rank_language: NDArray[np.int8],
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    ranks = np.empty(bounds[-1] - bounds[0], np.int32)
    ends = np.empty(len(bounds) - 1, np.int64)
    stamp = np.full(len(rank_language), -1, np.int64)
    n = 0
    for c in range(len(bounds) - 1):
        first = n
        mixed = False
        for i in range(bounds[c], bounds[c + 1]):
            r = rank[token_ids[i]]
            if r >= 0 and stamp[r] != c:
                stamp[r] = c
                ranks[n] = r
                n += 1
                mixed = mixed or rank_language[r] != rank_language[ranks[first]]
        if not mixed:
            n = first
        ends[c] = n
    return ranks[:n], ends


@njit
def _order_rows(
    offsets: NDArray[np.int64], ranks: NDArray[np.int32], token_of_rank: NDArray[np.int32]
) -> NDArray[np.int32]:
    # Transposing puts contexts in rank order; transposing back appends ranks in ascending order.
    cursor = np.zeros(len(token_of_rank) + 1, np.int64)
    for i in range(len(ranks)):
        cursor[ranks[i] + 1] += 1
    cursor = np.cumsum(cursor)
    context_of = np.empty(len(ranks), np.int32)
    for c in range(len(offsets) - 1):
        for i in range(offsets[c], offsets[c + 1]):
            context_of[cursor[ranks[i]]] = c
            cursor[ranks[i]] += 1
    token_ids = np.empty(len(ranks), np.int32)
    fill = offsets[:-1].copy()
    start = 0
    for r in range(len(token_of_rank)):
        for i in range(start, cursor[r]):
            c = context_of[i]
            token_ids[fill[c]] = token_of_rank[r]
            fill[c] += 1
        start = cursor[r]
    return token_ids


def build_contexts(
    token_ids: NDArray[np.int32],
    bounds: NDArray[np.int64],
    document: NDArray[np.int32],
    token_language: NDArray[np.int8],
    n_languages: int,
    *,
    engine: Engine = "auto",
) -> Contexts:
    """The contexts that hold tokens of at least two languages, as sets of token ids.

    Memory: at most 12 B per token read plus 25 B per vocabulary entry (numba).

    Parameters
    ----------
    token_ids
        [T] ids of all documents one after another.
    bounds, document
        [C + 1] and [C], as `context_bounds` gives them.
    token_language
        [V] language index 0..n_languages - 1 of each token, -1 for tokens never counted.
    engine
        "numpy" forces the path without numba.

    Raises
    ------
    InputError
        Ids outside the vocabulary, languages outside the range, broken bounds.
    """
    tokens = readonly(token_ids, np.int32, "token_ids")
    language = readonly(token_language, np.int8, "token_language")
    check_range(language, -1, n_languages, "token_language")
    check_range(tokens, 0, len(language), "token_ids")
    bounds = offsets_array(bounds, len(tokens), "bounds")
    if len(document) != len(bounds) - 1:
        raise InputError(f"{len(document)} documents for {len(bounds) - 1} contexts")
    rank, token_of_rank = _rank_tokens(language)
    rank_language = language[token_of_rank]
    if use_numba(engine):
        ranks, ends = _collect_distinct(bounds, tokens, rank, rank_language)
        kept = np.flatnonzero(np.diff(ends, prepend=0))
        offsets = np.concatenate(([0], ends[kept]))
        return Contexts(offsets, _order_rows(offsets, ranks, token_of_rank), document[kept])
    return _build_numpy(bounds, document, tokens, rank, token_of_rank, rank_language)


def _rank_tokens(language: NDArray[np.int8]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Rank of each counted token in the order (language, id), -1 for the others; and back."""
    ids = np.flatnonzero(language >= 0).astype(np.int32)
    token_of_rank = ids[np.argsort(language[ids], kind="stable")]
    rank = np.full(len(language), -1, np.int32)
    rank[token_of_rank] = np.arange(len(token_of_rank), dtype=np.int32)
    return rank, token_of_rank


def _build_numpy(
    bounds: NDArray[np.int64],
    document: NDArray[np.int32],
    tokens: NDArray[np.int32],
    rank: NDArray[np.int32],
    token_of_rank: NDArray[np.int32],
    rank_language: NDArray[np.int8],
) -> Contexts:
    ranks = rank[tokens[bounds[0] : bounds[-1]]]
    counted = ranks >= 0
    # One key per (context, rank): unique keys are distinct tokens, already in row order.
    n_ranks = max(len(token_of_rank), 1)
    keys = np.unique(row_index(bounds)[counted] * n_ranks + ranks[counted])
    context, ranks = np.divmod(keys, n_ranks)
    language = rank_language[ranks]
    meets = (context[1:] == context[:-1]) & (language[1:] != language[:-1])
    mixed = np.zeros(len(document), np.bool_)
    mixed[context[1:][meets]] = True
    sizes = np.bincount(context, minlength=len(document))[mixed]
    return Contexts(
        np.concatenate(([0], np.cumsum(sizes))),
        token_of_rank[ranks[mixed[context]]],
        document[mixed],
    )
