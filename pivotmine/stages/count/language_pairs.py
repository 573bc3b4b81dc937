"""The mixed contexts of each pair of languages, and the tokens of each language in them.

The population of a cross-language pair is the mixed contexts of its two languages. So the counts of
pairs and of margins both start from the contexts that hold both languages, and from the tokens of
each language there. Token ids are numbered by language and contexts hold them in ascending order,
so a language's part of a context is one run. Finding where runs begin copies nothing, and reads
each run, not each token.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import InputError
from pivotmine.numeric.arrays import check_range, offsets_array, readonly
from pivotmine.numeric.jit import njit

_CHECKED_AT_ONCE = 2**20


class TokenRanges(NamedTuple):
    """A language's part of M contexts: tokens `token_ids[start[i]:end[i]]` of the i-th."""

    start: NDArray[np.int64]
    """[M]"""

    end: NDArray[np.int64]
    """[M]"""


class LanguagePair(NamedTuple):
    """The mixed contexts of languages a < b."""

    language_a: int
    language_b: int
    context: NDArray[np.int32]
    """[M] ascending."""

    a: TokenRanges
    b: TokenRanges


def language_pairs(
    offsets: NDArray[np.int64], token_ids: NDArray[np.int32], first_token: NDArray[np.int64]
) -> Iterator[LanguagePair]:
    """Yield every pair of languages that meets in some context, in ascending order.

    Memory: 21 B for each language of a context, and 40 B for each two of them.

    Parameters
    ----------
    offsets, token_ids
        Contexts as CSR rows of distinct token ids in ascending order.
    first_token
        [n_languages + 1] language l has the ids first_token[l]:first_token[l + 1].

    Raises
    ------
    InputError
        Ids outside all languages, or rows that are not in order.
    """
    first = offsets_array(first_token, int(first_token[-1]), "first_token")
    offsets, tokens = _checked(offsets, token_ids, first)
    context, language, start, end = _language_runs(offsets, tokens, first)
    for x, y, in_x, in_y in _meetings(context, language):
        a, b = (TokenRanges(start[side], end[side]) for side in (in_x, in_y))
        yield LanguagePair(x, y, context[in_x], a, b)


@njit
def lower_bound(values: NDArray[np.int32], start: int, end: int, least: int) -> int:
    """First place in values[start:end], which ascend, of a value that is `least` or more."""
    while start < end:
        middle = (start + end) >> 1
        if values[middle] < least:
            start = middle + 1
        else:
            end = middle
    return start


def _checked(
    offsets: NDArray[np.int64], token_ids: NDArray[np.int32], first: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    tokens = readonly(token_ids, np.int32, "token_ids")
    check_range(tokens, int(first[0]), int(first[-1]), "token_ids")
    offsets = offsets_array(offsets, len(tokens), "offsets")
    if offsets[0] != 0 or offsets[-1] != len(tokens):
        raise InputError("offsets must cover token_ids")
    # A piece at a time, since the comparison takes memory too.
    for i in range(0, len(tokens) - 1, _CHECKED_AT_ONCE):
        piece = tokens[i : i + _CHECKED_AT_ONCE + 1]
        falls = np.flatnonzero(piece[1:] <= piece[:-1]) + i + 1
        if not np.all(offsets[np.searchsorted(offsets, falls)] == falls):
            raise InputError("contexts must hold distinct tokens in ascending order")
    return offsets, tokens


@njit
def _language_runs(
    offsets: NDArray[np.int64], tokens: NDArray[np.int32], first: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int8], NDArray[np.int64], NDArray[np.int64]]:
    n = 0
    most = 0
    for c in range(len(offsets) - 1):
        most += min(offsets[c + 1] - offsets[c], len(first) - 1)
    context = np.empty(most, np.int32)
    language = np.empty(most, np.int8)
    start = np.empty(most, np.int64)
    end = np.empty(most, np.int64)
    for c in range(len(offsets) - 1):
        position = offsets[c]
        of = 0
        while position < offsets[c + 1]:
            while first[of + 1] <= tokens[position]:
                of += 1
            stop = lower_bound(tokens, position, offsets[c + 1], first[of + 1])
            context[n], language[n], start[n], end[n] = c, of, position, stop
            position = stop
            n += 1
    return context[:n], language[:n], start[:n], end[:n]


def _meetings(
    context: NDArray[np.int32], language: NDArray[np.int8]
) -> Iterator[tuple[int, int, NDArray[np.intp], NDArray[np.intp]]]:
    """Languages x < y that meet, and which runs of each make up their mixed contexts.

    Runs of a context are neighbours, so runs i and i + k meet if they are of one context. The cost
    is linear in the meetings; intersecting the contexts of every two languages would be quadratic
    in the languages, whether they meet or not.
    """
    ahead, behind = [np.empty(0, np.intp)], [np.empty(0, np.intp)]
    for k in range(1, len(context)):
        met = np.flatnonzero(context[k:] == context[:-k])
        if not len(met):
            break
        ahead.append(met)
        behind.append(met + k)
    i, j = np.concatenate(ahead), np.concatenate(behind)
    order = np.lexsort((i, language[j], language[i]))
    i, j = i[order], j[order]
    x, y = language[i], language[j]
    changes = np.flatnonzero((x[1:] != x[:-1]) | (y[1:] != y[:-1])) + 1
    for of_x, of_y in zip(np.split(i, changes), np.split(j, changes), strict=True):
        if len(of_x):
            yield int(language[of_x[0]]), int(language[of_y[0]]), of_x, of_y
