"""The mixed contexts of each pair of languages, cut out and renumbered.

The population of a cross-language pair is the mixed contexts of its two languages, so every count,
of pairs and of margins alike, starts from the same cut: the contexts that hold both languages, and
in them the tokens of the one and of the other. Tokens are renumbered densely within the cut. What
is counted over them then needs memory for the tokens that occur here, not for the vocabulary, and
stays in cache.

Rows of `Contexts` are ordered by language, so a language's part of a context is one run, and
cutting is copying runs: linear in the tokens copied, plus the vocabulary of the two languages.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import ConfigError, InputError
from pivotmine.kernels.arrays import check_range, offsets_array, readonly
from pivotmine.kernels.contexts import Contexts

__all__ = ["LanguagePair", "Side", "language_pairs"]


class Side(NamedTuple):
    """One language's part of the mixed contexts of a pair: CSR rows of local token numbers."""

    token_ids: NDArray[np.int32]
    """[n] the distinct tokens, ascending; a local number is a position in this."""

    offsets: NDArray[np.int64]
    """[m + 1] context c holds local[offsets[c]:offsets[c + 1]]."""

    local: NDArray[np.int32]
    """[k] ascending in each context."""


class LanguagePair(NamedTuple):
    """The mixed contexts of languages a < b."""

    language_a: int
    language_b: int
    folds: NDArray[np.uint8]
    """[m] fold of each mixed context."""

    a: Side
    b: Side


class _Runs(NamedTuple):
    """Where each language stands in the contexts that hold it, ordered by (context, language)."""

    context: NDArray[np.int64]
    language: NDArray[np.int8]
    start: NDArray[np.int64]
    end: NDArray[np.int64]


def language_pairs(
    contexts: Contexts,
    folds: NDArray[np.uint8],
    token_language: NDArray[np.int8],
    n_languages: int,
    n_folds: int,
) -> Iterator[LanguagePair]:
    """Yield every pair of languages that meets in some context, in ascending order.

    Memory: 7 B per token of `contexts`, and at most 28 B per token of the pair at hand.

    Parameters
    ----------
    folds
        [C] fold 0..n_folds - 1 of each context.
    token_language
        [V] language index of each token.

    Raises
    ------
    ConfigError
        `n_folds` is not in 1..256.
    InputError
        Folds, ids or languages out of range, or rows not ordered by (language, id).
    """
    if not 1 <= n_folds <= 256:
        raise ConfigError(f"n_folds={n_folds}; use 1..256")
    fold = readonly(folds, np.uint8, "folds")
    check_range(fold, 0, n_folds, "folds")
    if len(fold) != len(contexts.offsets) - 1:
        raise InputError(f"{len(fold)} folds for {len(contexts.offsets) - 1} contexts")
    language = readonly(token_language, np.int8, "token_language")
    check_range(language, -1, n_languages, "token_language")

    # Ranks in the order (language, id): rows rise in them, and a language is one range of ranks.
    token_of_rank = np.argsort(language, kind="stable").astype(np.int32)
    rank = np.empty(len(language), np.int32)
    rank[token_of_rank] = np.arange(len(language), dtype=np.int32)
    first = np.searchsorted(language[token_of_rank], np.arange(n_languages + 1))

    tokens = readonly(contexts.token_ids, np.int32, "contexts.token_ids")
    check_range(tokens, 0, len(language), "contexts.token_ids")
    ranks = rank[tokens]
    runs = _language_runs(contexts.offsets, ranks, language[tokens])
    for x, y, in_x, in_y in _meetings(runs):
        side_x, side_y = (
            _cut(runs, chosen, ranks, first[z], token_of_rank[first[z] : first[z + 1]])
            for z, chosen in ((x, in_x), (y, in_y))
        )
        yield LanguagePair(x, y, fold[runs.context[in_x]], side_x, side_y)


def _meetings(runs: _Runs) -> Iterator[tuple[int, int, NDArray[np.intp], NDArray[np.intp]]]:
    """Languages x < y that meet, and which runs of each make up their mixed contexts.

    Runs of a context are neighbours, so runs i and i + k meet if they are of one context. That
    costs what there are meetings; intersecting the contexts of every two languages would cost the
    square of the languages, whether they meet or not.
    """
    ahead, behind = [np.empty(0, np.intp)], [np.empty(0, np.intp)]
    for k in range(1, len(runs.context)):
        met = np.flatnonzero(runs.context[k:] == runs.context[:-k])
        if not len(met):
            break
        ahead.append(met)
        behind.append(met + k)
    i, j = np.concatenate(ahead), np.concatenate(behind)
    order = np.lexsort((i, runs.language[j], runs.language[i]))
    i, j = i[order], j[order]
    x, y = runs.language[i], runs.language[j]
    changes = np.flatnonzero((x[1:] != x[:-1]) | (y[1:] != y[:-1])) + 1
    for of_x, of_y in zip(np.split(i, changes), np.split(j, changes), strict=True):
        if len(of_x):
            yield int(runs.language[of_x[0]]), int(runs.language[of_y[0]]), of_x, of_y


def _language_runs(
    offsets: NDArray[np.int64], ranks: NDArray[np.int32], language: NDArray[np.int8]
) -> _Runs:
    n_tokens = len(ranks)
    offsets = offsets_array(offsets, n_tokens, "contexts.offsets")
    if offsets[0] != 0 or offsets[-1] != n_tokens:
        raise InputError("contexts.offsets must cover contexts.token_ids")
    if n_tokens and language.min() < 0:
        raise InputError("contexts hold a token without language; build them with build_contexts")
    starts = np.zeros(n_tokens + 1, np.bool_)
    starts[offsets] = True
    if not np.all(starts[1:-1] | (ranks[1:] > ranks[:-1])):
        raise InputError("contexts must hold distinct tokens ordered by (language, id)")
    starts[1:-1] |= language[1:] != language[:-1]
    bounds = np.flatnonzero(starts)
    start, end = bounds[:-1], bounds[1:]
    context = np.searchsorted(offsets, start, side="right") - 1
    return _Runs(context, language[start], start, end)


def _cut(
    runs: _Runs,
    chosen: NDArray[np.intp],
    ranks: NDArray[np.int32],
    first_rank: int,
    vocabulary: NDArray[np.int32],
) -> Side:
    start = runs.start[chosen]
    lengths = runs.end[chosen] - start
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    positions = np.repeat(start - offsets[:-1], lengths)
    positions += np.arange(offsets[-1])
    copied = ranks[positions]
    copied -= np.int32(first_rank)
    occurs = np.zeros(len(vocabulary), np.bool_)
    occurs[copied] = True
    local = (np.cumsum(occurs, dtype=np.int32) - np.int32(1))[copied]
    return Side(vocabulary[occurs], offsets, local)
