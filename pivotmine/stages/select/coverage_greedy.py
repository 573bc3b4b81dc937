"""Documents that cover most links for their tokens; a link is worth less each time it is met.

The value of a set of documents is f = sum over links of weight * log(1 + c), where c is the number
of its documents that hold the link, up to a limit. f is monotone and submodular. Gains per token
are cut into levels, each a share t (the tolerance) below the one before. Levels are gone through
from the highest, and each in the order of its documents: a document whose gain still belongs to the
level is taken if it fits its budgets, and any other sinks to the level of its present gain
(threshold greedy: Badanidiyuru & Vondrak 2014, Fast algorithms for maximizing submodular
functions). Gains only fall, so the gain of every document taken lies within t of the best one left.

A heap (lazy greedy) would jump through memory; here a level is one pass in the order of storage.

A level does not depend on lower ones. So a corpus too large for one task is covered in rounds, each
of as many levels as fit, with the same result (`cover.py`).

Guarantee. With one budget, f is at least 1 - exp(-(1 - t)(1 - s)) of the optimum, where s is the
share of the budget that the longest document takes (greedy by density, Sviridenko 2004); documents
are small beside budgets, so 61 % for t = 0.05. If each document is charged to one of several
budgets, f is at least (1 - t) / (2 - t), about half; if to p of them (a language, a pair),
(1 - t) / (p + 1 - t), in the limit of small documents (Fisher, Nemhauser & Wolsey 1978; Calinescu
et al. 2011).
"""

from __future__ import annotations

from math import log, log1p
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import InputError
from pivotmine.numeric.arrays import check_range, offsets_array, readonly
from pivotmine.numeric.jit import njit
from pivotmine.stages.select.first_fit import fits, spend

_MOST_BITS, _LEAST_BITS = 10, -40
"""Levels lie between these powers of 2: gains per token, in weights of the heaviest link. The gain
of a document of 1,000 links and one token is below the first."""


class Pool(NamedTuple):
    """D documents in the order of a draw, in which documents of one level are taken."""

    links: NDArray[np.int32]
    """Distinct links of each document, end to end."""

    offsets: NDArray[np.int64]
    """[D + 1] where the links of each document begin."""

    n_tokens: NDArray[np.int32]
    """[D] cost, at least 1."""

    budget: NDArray[np.int32]
    """Budgets that each document is charged to, end to end."""

    charge: NDArray[np.int32]
    """Tokens charged to each of them."""

    charge_offsets: NDArray[np.int64]
    """[D + 1] where the charges of each document begin."""


class Worth(NamedTuple):
    """What links are worth."""

    weights: NDArray[np.float64]
    """[L] worth of each link, not negative."""

    max_repeats: int
    """Documents after which a link is worth nothing more."""

    tolerance: float = 0.05
    """How far below the best gain per token a document may lie and still be taken; 0 < t < 1."""

    @property
    def n_levels(self) -> int:
        """Levels of documents with a gain."""
        return int((_MOST_BITS - _LEAST_BITS) * log(2) / -log1p(-self.tolerance)) + 1

    def floors(self) -> NDArray[np.float64]:
        """[n_levels] least gain per token of each level, falling to 0."""
        top = max(float(self.weights.max(initial=0.0)), 1e-300) * 2.0**_MOST_BITS
        floors = np.asarray(top * (1 - self.tolerance) ** np.arange(1.0, self.n_levels + 1))
        floors[-1] = 0.0
        return floors

    def steps(self) -> NDArray[np.float64]:
        """[max_repeats + 1] value of one more document for a link, by documents that hold it."""
        return np.append(np.diff(np.log1p(np.arange(self.max_repeats + 1))), 0.0)


class CoverState(NamedTuple):
    """What has been taken so far."""

    met: NDArray[np.int32]
    """[L] documents that hold each link, at most `max_repeats`."""

    left: NDArray[np.int64]
    """[B] tokens left of each budget."""


class Covering(NamedTuple):
    """Documents in the order in which they were taken."""

    document: NDArray[np.int64]
    """[k]"""

    gain: NDArray[np.float64]
    """[k] value that each added."""

    new_links: NDArray[np.int64]
    """[k] links that no document taken before it held."""

    n_looked_at: int
    """How many gains were computed; time is proportional to it."""

    state: CoverState


def levels(pool: Pool, worth: Worth, state: CoverState) -> NDArray[np.int32]:
    """[D] level of each document's gain; `worth.n_levels` if it adds nothing or no longer fits."""
    now = worth.weights * worth.steps()[state.met]
    return _levels(_checked(pool, worth, state), state.left, now, worth.floors())


def cover(
    pool: Pool, worth: Worth, state: CoverState, *, last_level: int | None = None, n_last: int = -1
) -> Covering:
    """Take documents level by level, as far as their budgets go.

    Memory: 16 B a document and 16 B a link of the table.

    Parameters
    ----------
    pool
        At least all documents of the levels above `last_level`, and the first `n_last` of the
        corpus at that level.
    last_level
        The lowest level; None for all. Documents that add nothing are never taken.
    n_last
        How many of the pool's first documents may be taken at the last level; -1 for all.

    Raises
    ------
    InputError
        Links, budgets or costs out of range.
    """
    pool = _checked(pool, worth, state)
    end = worth.n_levels if last_level is None else min(last_level + 1, worth.n_levels)
    state = CoverState(state.met.copy(), state.left.copy())
    steps, floors = worth.steps(), worth.floors()
    now = worth.weights * steps[state.met]
    at = _levels(pool, state.left, now, floors)
    n_last = len(at) if n_last < 0 else n_last
    taken = _take(pool, at, state, now, worth.weights, steps, floors, end, n_last)
    return Covering(*taken, state)


def coverage_value(
    links: NDArray[np.int32], weights: NDArray[np.float64], *, max_repeats: int
) -> float:
    """Value of documents, given the links of all of them end to end."""
    met = np.minimum(np.bincount(links, minlength=len(weights)), max_repeats)
    return float(np.sum(weights * np.log1p(met)))


def _checked(pool: Pool, worth: Worth, state: CoverState) -> Pool:
    """The same documents, checked for compiled code."""
    links = readonly(pool.links, np.int32, "links")
    check_range(links, 0, len(worth.weights), "links")
    n_tokens = readonly(pool.n_tokens, np.int32, "n_tokens")
    check_range(n_tokens, 1, 2**31, "n_tokens")
    budget = readonly(pool.budget, np.int32, "budget")
    check_range(budget, 0, len(state.left), "budget")
    charge = readonly(pool.charge, np.int32, "charge")
    offsets = offsets_array(pool.offsets, len(links), "offsets")
    charge_offsets = offsets_array(pool.charge_offsets, len(budget), "charge_offsets")
    if not len(n_tokens) == len(offsets) - 1 == len(charge_offsets) - 1:
        raise InputError(
            f"{len(n_tokens)} costs, links of {len(offsets) - 1} documents and charges of "
            f"{len(charge_offsets) - 1}"
        )
    if len(charge) != len(budget):
        raise InputError(f"{len(charge)} charges to {len(budget)} budgets")
    if bool(np.any(worth.weights < 0)):
        raise InputError("a link's weight must not be negative")
    if not 0.0 < worth.tolerance < 1.0:
        raise InputError(f"the tolerance must lie between 0 and 1, this one is {worth.tolerance}")
    return Pool(links, offsets, n_tokens, budget, charge, charge_offsets)


@njit
def _fits(pool: Pool, d: int, left: NDArray[np.int64]) -> bool:
    charges = pool.charge_offsets
    return fits(pool.budget, pool.charge, charges[d], charges[d + 1], left)


@njit
def _gain(pool: Pool, d: int, now: NDArray[np.float64]) -> float:
    gain = 0.0
    for i in range(pool.offsets[d], pool.offsets[d + 1]):
        gain += now[pool.links[i]]
    return gain


@njit
def _level(gain: float, per_token: float, floors: NDArray[np.float64]) -> int:
    """First level whose floor a gain reaches, by bisection; the number of levels for no gain."""
    if gain <= 0.0:
        return len(floors)
    low, high = 0, len(floors) - 1
    while low < high:
        middle = (low + high) // 2
        if per_token >= floors[middle]:
            high = middle
        else:
            low = middle + 1
    return low


@njit
def _levels(
    pool: Pool,
    left: NDArray[np.int64],
    now: NDArray[np.float64],
    floors: NDArray[np.float64],
) -> NDArray[np.int32]:
    found = np.empty(len(pool.n_tokens), np.int32)
    for d in range(len(found)):
        found[d] = len(floors)
        if _fits(pool, d, left):
            gain = _gain(pool, d, now)
            found[d] = _level(gain, gain / pool.n_tokens[d], floors)
    return found


@njit
def _in_order(first: int, following: NDArray[np.int64]) -> NDArray[np.int64]:
    """Documents of a level in the order of the pool; they sank in one that depends on rounds."""
    n = 0
    d = first
    while d >= 0:
        n += 1
        d = following[d]
    found = np.empty(n, np.int64)
    d = first
    for place in range(n):
        found[place] = d
        d = following[d]
    found.sort()
    return found


@njit
def _take(
    pool: Pool,
    at: NDArray[np.int32],
    state: CoverState,
    now: NDArray[np.float64],
    weights: NDArray[np.float64],
    steps: NDArray[np.float64],
    floors: NDArray[np.float64],
    end: int,
    n_last: int,
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64], int]:
    n = len(at)
    met, charges = state.met, pool.charge_offsets
    head = np.full(end, -1, np.int64)
    following = np.empty(n, np.int64)
    for d in range(n - 1, -1, -1):
        if at[d] < end:
            following[d] = head[at[d]]
            head[at[d]] = d
    taken = np.empty(n, np.int64)
    gains = np.empty(n, np.float64)
    new_links = np.zeros(n, np.int64)
    n_taken = 0
    n_looked_at = n
    for level in range(end):
        for d in _in_order(head[level], following):
            if level == end - 1 and d >= n_last:
                break
            if not _fits(pool, d, state.left):
                continue
            gain = _gain(pool, d, now)
            n_looked_at += 1
            fallen = _level(gain, gain / pool.n_tokens[d], floors)
            if fallen > level:
                if fallen < end:
                    following[d] = head[fallen]
                    head[fallen] = d
                continue
            spend(pool.budget, pool.charge, charges[d], charges[d + 1], state.left)
            for i in range(pool.offsets[d], pool.offsets[d + 1]):
                link = pool.links[i]
                if met[link] == 0:
                    new_links[n_taken] += 1
                if met[link] < len(steps) - 1:
                    met[link] += 1
                now[link] = weights[link] * steps[met[link]]
            taken[n_taken] = d
            gains[n_taken] = gain
            n_taken += 1
    return taken[:n_taken].copy(), gains[:n_taken].copy(), new_links[:n_taken].copy(), n_looked_at
