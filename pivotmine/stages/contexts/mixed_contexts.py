"""Mixed contexts: the distinct tokens of every context that holds two languages.

Counts are of presence, so a context keeps each token once, and only tokens that have a language.
Contexts of a single language are dropped here, at the earliest point: they cannot hold a
cross-language pair, and on the web they are about 98 % of all text.

Everything is linear in the tokens read: duplicates are found with a stamp per token id, and rows
are put in order by transposing twice instead of sorting.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import InputError
from pivotmine.numeric.arrays import check_range, offsets_array, readonly
from pivotmine.numeric.jit import njit


class Contexts(NamedTuple):
    """Mixed contexts as CSR rows of distinct token ids, each row ordered by (language, id)."""

    offsets: NDArray[np.int64]
    """[C + 1] row c is token_ids[offsets[c]:offsets[c + 1]]."""
    token_ids: NDArray[np.int32]
    """[N]"""
    document: NDArray[np.int32]
    """[C] index, in the call that built it, of the document that holds the context."""


def build_contexts(
    token_ids: NDArray[np.int32],
    bounds: NDArray[np.int64],
    document: NDArray[np.int32],
    token_language: NDArray[np.int8],
    n_languages: int,
) -> Contexts:
    """The contexts that hold tokens of at least two languages, as sets of token ids.

    Memory: at most 12 B per token read plus 25 B per vocabulary entry.

    Parameters
    ----------
    token_ids
        [T] ids of all documents one after another.
    bounds, document
        [C + 1] and [C], as `context_bounds` gives them.
    token_language
        [V] language index 0..n_languages - 1 of each token, -1 for tokens never counted.

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
    ranks, ends = _collect_distinct(bounds, tokens, rank, rank_language)
    kept = np.flatnonzero(np.diff(ends, prepend=0))
    offsets = np.concatenate(([0], ends[kept]))
    return Contexts(offsets, _order_rows(offsets, ranks, token_of_rank), document[kept])


def _rank_tokens(language: NDArray[np.int8]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Rank of each counted token in the order (language, id), -1 for the others; and back."""
    ids = np.flatnonzero(language >= 0).astype(np.int32)
    token_of_rank = ids[np.argsort(language[ids], kind="stable")]
    rank = np.full(len(language), -1, np.int32)
    rank[token_of_rank] = np.arange(len(token_of_rank), dtype=np.int32)
    return rank, token_of_rank


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
