"""Candidates: the strongest partners of every node, whatever their number of meetings.

Most pairs of a corpus meet once or twice, and a word is rarely translated by its twentieth partner.
So of the pairs that a task has counted only those leave it that are among the strongest of one of
their nodes. What is among the strongest of all tasks is among the strongest of its own, so nothing
is lost. Strength is the log-likelihood ratio: of rare words a single meeting is strong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.numeric.arrays import readonly
from pivotmine.numeric.association import expected, log_likelihood_ratio
from pivotmine.numeric.jit import njit
from pivotmine.stages.count.count_rows import PairNames
from pivotmine.stages.count.margins import pair_margins
from pivotmine.stages.count.pair_runs import PairRun

_GATHERED_PAIRS = 2**21


class Candidates(NamedTuple):
    """Pairs of nodes that meet more often than expected."""

    a: NDArray[np.int32]
    """[m]"""

    b: NDArray[np.int32]
    """[m] of a later language than a."""

    n_ab: NDArray[np.int64]
    """[m] contexts that hold both."""

    strength: NDArray[np.float64]
    """[m] log-likelihood ratio."""


def strongest_pairs(
    runs: Iterable[PairRun], names: PairNames, most_partners: int
) -> Iterator[Candidates]:
    """The pairs of some runs that are among the strongest of one of their nodes.

    Parameters
    ----------
    most_partners
        Partners of a node in each language.

    Memory: 120 MB, and 24 B for each pair that is kept.
    """
    gathered: list[Candidates] = []
    n_pairs = 0
    for run in runs:
        gathered.append(_measured(run, names))
        n_pairs += len(gathered[-1].a)
        if n_pairs > _GATHERED_PAIRS:
            gathered = [_pruned(gathered, names, most_partners)]
            n_pairs = 0
    if gathered:
        yield _pruned(gathered, names, most_partners)


def places(
    node: NDArray[np.int64],
    language: NDArray[np.int64],
    partner: NDArray[np.int64],
    strength: NDArray[np.float64],
) -> NDArray[np.int64]:
    """[m] place of each partner among those of its node in its language, 0 for the strongest.

    Ties go to the lower partner. Memory: 16 B a pair, and 8 B a node and language.
    """
    n_languages = int(language.max(initial=0)) + 1
    group = node * n_languages + language
    n_groups = int(group.max(initial=-1)) + 1
    return _places(group, n_groups, readonly(strength, np.float64, "strength"), partner)


@njit
def _places(
    group: NDArray[np.int64],
    n_groups: int,
    strength: NDArray[np.float64],
    partner: NDArray[np.int64],
) -> NDArray[np.int64]:
    ends = np.zeros(n_groups + 1, np.int64)
    for g in group:
        ends[g + 1] += 1
    ends = np.cumsum(ends)
    order, filled = np.empty(len(group), np.int64), ends[:-1].copy()
    for pair in range(len(group)):
        order[filled[group[pair]]] = pair
        filled[group[pair]] += 1
    place = np.empty(len(group), np.int64)
    for g in range(n_groups):
        start, end = ends[g], ends[g + 1]
        # Shell sort: groups are short, and most of them sorted by partner.
        gap = 1
        while 3 * gap + 1 < end - start:
            gap = 3 * gap + 1
        while gap:
            for i in range(start + gap, end):
                pair, j = order[i], i
                while j >= start + gap and _is_before(pair, order[j - gap], strength, partner):
                    order[j] = order[j - gap]
                    j -= gap
                order[j] = pair
            gap //= 3
        for i in range(start, end):
            place[order[i]] = i - start
    return place


@njit
def _is_before(
    one: int, other: int, strength: NDArray[np.float64], partner: NDArray[np.int64]
) -> bool:
    if strength[one] != strength[other]:
        return bool(strength[one] > strength[other])
    return bool(partner[one] < partner[other])


def _measured(run: PairRun, names: PairNames) -> Candidates:
    a, b = run.a, run.b
    n_ab = run.fold_counts.sum(axis=1, dtype=np.int64)
    n_a, n_b = pair_margins(names.margins, a, b, names.language)
    n = names.n_contexts[names.language[a], names.language[b]]
    attract = n_ab > expected(n_a, n_b, n)
    found = (column[attract] for column in (n_ab, n_a, n_b, n))
    strength = log_likelihood_ratio(*found)
    return Candidates(a[attract], b[attract], n_ab[attract], strength)


def _pruned(parts: list[Candidates], names: PairNames, most_partners: int) -> Candidates:
    found = Candidates._make(map(np.concatenate, zip(*parts, strict=True)))
    a, b = found.a.astype(np.int64), found.b.astype(np.int64)
    language_a, language_b = (names.language[side].astype(np.int64) for side in (a, b))
    kept = places(a, language_b, b, found.strength) < most_partners
    kept |= places(b, language_a, a, found.strength) < most_partners
    return Candidates._make(column[kept] for column in found)
