"""Contexts in which words of two languages meet by chance alone: the null of the link test.

For every two languages, the text of the second is moved to the next context of similar size. Each
context keeps its text of the first language, and every word the number of contexts that hold it, so
the margins of all 2x2 tables stay the same. Words that still meet do so for reasons other than
translation, so every pair that passes the test there is false. This measures the rate of false
discoveries without assumptions about the distribution of counts (Westfall and Young 1993,
Resampling-based multiple testing).
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import InputError
from pivotmine.numeric.arrays import row_index
from pivotmine.numeric.folded_contexts import FoldedContexts
from pivotmine.numeric.mix import mix64

_Spans = tuple[NDArray[np.int64], NDArray[np.int64]]
"""[C, L] start and length of the nodes of each language in each context."""


def permuted_contexts(contexts: FoldedContexts, first_node: NDArray[np.int64]) -> FoldedContexts:
    """The contexts of every two languages, each with the second text of another context.

    A context of three languages becomes three of two. Contexts are ordered by the octave of their
    second text's size, then by hashes of their texts, and each gets the second text of the one
    before it. So the result depends on the contexts alone, not on where they come from. Folds stay
    with the first language. Memory: 24 B a token, 16 B a context and language.

    Parameters
    ----------
    first_node
        [n_languages + 1] where the nodes of each language begin.

    Raises
    ------
    InputError
        Nodes outside the languages.
    """
    starts, lengths = _spans(contexts, first_node)
    node_hashes = mix64(contexts.token_ids.astype(np.uint64))
    sizes, nodes, folds = [], [], []
    for first, second in combinations(range(len(first_node) - 1), 2):
        mixed = np.flatnonzero((lengths[:, first] > 0) & (lengths[:, second] > 0))
        size = lengths[mixed, second]
        hashes = [
            _sums(node_hashes, starts[mixed, side], lengths[mixed, side])
            for side in (first, second)
        ]
        order = np.lexsort((*hashes, np.log2(size) // 1))
        moved = np.empty(len(mixed), np.int64)
        moved[order] = np.roll(mixed[order], 1)
        start = np.stack((starts[mixed, first], starts[moved, second]), axis=1).ravel()
        length = np.stack((lengths[mixed, first], lengths[moved, second]), axis=1).ravel()
        sizes.append(length.reshape(-1, 2).sum(axis=1))
        nodes.append(contexts.token_ids[_places(start, length)])
        folds.append(contexts.folds[mixed])
    return FoldedContexts(
        np.concatenate(([0], np.cumsum(np.concatenate([np.empty(0, np.int64), *sizes])))),
        np.concatenate([np.empty(0, np.int32), *nodes]),
        np.concatenate([np.empty(0, np.uint8), *folds]),
    )


def _spans(contexts: FoldedContexts, first_node: NDArray[np.int64]) -> _Spans:
    nodes = contexts.token_ids
    if nodes.size and (nodes.min() < 0 or nodes.max() >= first_node[-1]):
        raise InputError(
            f"contexts hold nodes {nodes.min()}..{nodes.max()}, languages have {first_node[-1]}"
        )
    n_languages, n_contexts = len(first_node) - 1, len(contexts.folds)
    language = np.searchsorted(first_node, nodes, side="right") - 1
    cell = row_index(contexts.offsets) * n_languages + language
    lengths = np.bincount(cell, minlength=n_contexts * n_languages).reshape(-1, n_languages)
    # Nodes ascend in a context, and those of a language lie together.
    starts = contexts.offsets[:-1, None] + np.cumsum(lengths, axis=1) - lengths
    return starts, lengths


def _sums(
    values: NDArray[np.uint64], starts: NDArray[np.int64], lengths: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """Sum of each span, modulo 2**64."""
    before = np.concatenate((np.zeros(1, np.uint64), np.cumsum(values, dtype=np.uint64)))
    sums: NDArray[np.uint64] = before[starts + lengths] - before[starts]
    return sums


def _places(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Positions of all values of some spans, one span after another."""
    ends = np.cumsum(lengths)
    places: NDArray[np.int64] = np.repeat(starts - (ends - lengths), lengths)
    places += np.arange(len(places))
    return places
