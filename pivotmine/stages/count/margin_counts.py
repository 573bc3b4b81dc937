"""The margins of 2x2 tables, counted: how often a token was there to be met.

For every token and every other language: the mixed contexts of the two languages that hold the
token, and how many tokens of the other language they hold together. The first is a margin; the
second is the work of the token's row in `pair_counts`, known before it is done.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.numeric.arrays import readonly
from pivotmine.numeric.folded_contexts import FoldedContexts
from pivotmine.numeric.jit import Engine, njit, use_numba
from pivotmine.stages.count.language_pairs import Runs, language_pairs

__all__ = ["MarginCounts", "count_margins"]


class MarginCounts(NamedTuple):
    """Margins of M (token, other language) that occur."""

    token_id: NDArray[np.int32]
    """[M]"""

    other_language: NDArray[np.int8]
    """[M]"""

    n: NDArray[np.int64]
    """[M] mixed contexts of the token's and the other language that hold the token."""

    events: NDArray[np.int64]
    """[M] tokens of the other language in them."""

    n_contexts: NDArray[np.int64]
    """[n_languages, n_languages] mixed contexts of two languages; symmetric."""


def count_margins(
    contexts: FoldedContexts, first_token: NDArray[np.int64], *, engine: Engine = "auto"
) -> MarginCounts:
    """Count margins; linear in the tokens of mixed contexts, 2 ns each.

    Parameters and errors are those of `language_pairs`.
    """
    n_languages = len(first_token) - 1
    count = _count if use_numba(engine) else _count_numpy
    n_contexts = np.zeros((n_languages, n_languages), np.int64)
    token_ids, others = [np.empty(0, np.int32)], [np.empty(0, np.int8)]
    counted = [np.empty((2, 0), np.int64)]
    tokens = readonly(contexts.token_ids, np.int32, "token_ids")
    for pair in language_pairs(contexts.offsets, tokens, first_token):
        x, y = pair.language_a, pair.language_b
        n_contexts[x, y] = n_contexts[y, x] = len(pair.context)
        for z, other, side, met in ((x, y, pair.a, pair.b), (y, x, pair.b, pair.a)):
            first = int(first_token[z])
            of_token = np.zeros((2, int(first_token[z + 1]) - first), np.int64)
            count(tokens, side, met.end - met.start, first, of_token)
            occurs = np.flatnonzero(of_token[0])
            token_ids.append((first + occurs).astype(np.int32))
            others.append(np.full(len(occurs), other, np.int8))
            counted.append(of_token[:, occurs])
    n, events = np.concatenate(counted, axis=1)
    return MarginCounts(np.concatenate(token_ids), np.concatenate(others), n, events, n_contexts)


@njit
def _count(
    token_ids: NDArray[np.int32],
    side: Runs,
    n_met: NDArray[np.int64],
    first_token: int,
    of_token: NDArray[np.int64],
) -> None:
    for c in range(len(n_met)):
        for i in range(side.start[c], side.end[c]):
            token = token_ids[i] - first_token
            of_token[0, token] += 1
            of_token[1, token] += n_met[c]


def _count_numpy(
    token_ids: NDArray[np.int32],
    side: Runs,
    n_met: NDArray[np.int64],
    first_token: int,
    of_token: NDArray[np.int64],
) -> None:
    sizes = side.end - side.start
    before = np.cumsum(sizes) - sizes
    place = np.repeat(side.start - before, sizes) + np.arange(sizes.sum())
    token = token_ids[place] - first_token
    of_token[0] = np.bincount(token, minlength=of_token.shape[1])
    # Float sums of integers are exact below 2**53 pair events.
    of_token[1] = np.bincount(token, np.repeat(n_met, sizes), of_token.shape[1])
