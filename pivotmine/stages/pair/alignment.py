"""Segments of two documents aligned: monotone, with gaps, by links and lengths.

A bead joins one segment of each side, or one with two neighbours of the other (Gale and Church
1993, A Program for Aligning Sentences in Bilingual Corpora). It gains the bits that both sides
share, loses `BREAK_EVEN` of the bits of each side, and loses by lengths that differ as Gale and
Church measure it. Segments outside beads cost nothing, so a block that one side lacks is left out.
The best sum is found by dynamic programming in a band around the anchors of `chain.py`: time and
memory are proportional to the segments, not to their product.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.numeric.jit import njit
from pivotmine.stages.pair.chain import Segments, best_chain, segment_bits

BREAK_EVEN = 0.3
"""Share of the bits of two segments that they must share to be a bead by their words alone."""

HALF_BAND = 8
"""Segments of b before and after the anchors' line that each segment of a is compared with."""

VARIANCE = 6.8
"""Variance of the length of a translation per character (Gale and Church 1993)."""

_ONE_TO_ONE_BITS = 1.0
_LENGTH_BITS = 0.5  # bits for half a squared standard deviation
_MAX_LENGTH_PENALTY = 8.0


class Beads(NamedTuple):
    """Aligned segments, B beads, in order."""

    a: NDArray[np.int64]
    """[B] first segment of a."""

    n_a: NDArray[np.int64]
    """[B] segments of a, 1 or 2."""

    b: NDArray[np.int64]
    """[B] first segment of b."""

    n_b: NDArray[np.int64]
    """[B] segments of b, 1 or 2."""

    shared: NDArray[np.float64]
    """[B] bits that both sides share."""

    bits_a: NDArray[np.float64]
    """[B] bits of the side of a."""

    bits_b: NDArray[np.float64]
    """[B] bits of the side of b."""


def align(a: Segments, b: Segments) -> Beads:
    """The beads of two documents.

    A bead that shares no bits stays only between two neighbours that do. Memory: 110 B a segment
    of a, and that of `best_chain`.
    """
    beads = best_beads(a, b)
    kept = _supported(beads)
    return Beads(*(column[kept] for column in beads))


def best_beads(a: Segments, b: Segments) -> Beads:
    """The beads of the largest sum, also those by lengths alone."""
    n_a, n_b = len(a.lengths), len(b.lengths)
    if n_a == 0 or n_b == 0:
        return _no_beads()
    low = _band(best_chain(a, b), n_a, n_b)
    ratio = max(float(b.lengths.sum()), 1.0) / max(float(a.lengths.sum()), 1.0)
    found = _align(
        a.features, a.weights, a.offsets, a.lengths.astype(np.float64), segment_bits(a),
        b.features, b.offsets, b.lengths.astype(np.float64), segment_bits(b), low, ratio,
    )  # fmt: skip
    return Beads(*(column[::-1].copy() for column in found))


def _no_beads() -> Beads:
    places, bits = np.empty(0, np.int64), np.empty(0)
    return Beads(places, places, places, places, bits, bits, bits)


def _band(anchors: NDArray[np.int64], n_a: int, n_b: int) -> NDArray[np.int64]:
    """[n_a] first segment of b that each of a is compared with; never falls."""
    x = np.concatenate(([-1], anchors[:, 0], [n_a]))
    y = np.concatenate(([-1], anchors[:, 1], [n_b]))
    line = np.floor(np.interp(np.arange(n_a), x, y)).astype(np.int64)
    return np.clip(line - HALF_BAND, 0, max(n_b - 1, 0))


def _supported(beads: Beads) -> NDArray[np.bool_]:
    """[B] beads with shared bits, and those between two of them without a gap."""
    shares = beads.shared > 0
    touches = (beads.a[1:] == (beads.a + beads.n_a)[:-1]) & (
        beads.b[1:] == (beads.b + beads.n_b)[:-1]
    )
    after = np.append(False, touches & shares[:-1])
    before = np.append(touches & shares[1:], False)
    return shares | (after & before)[: len(shares)]


_Found = tuple[
    NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64],
    NDArray[np.float64], NDArray[np.float64], NDArray[np.float64],
]  # fmt: skip


@njit
def _common(
    fa: NDArray[np.int32], wa: NDArray[np.float32], i: int, i_end: int,
    fb: NDArray[np.int32], j: int, j_end: int,
) -> float:  # fmt: skip
    """Bits of the features that two ascending lists share."""
    total = 0.0
    while i < i_end and j < j_end:
        if fa[i] < fb[j]:
            i += 1
        elif fa[i] > fb[j]:
            j += 1
        else:
            total += wa[i]
            i += 1
            j += 1
    return total


@njit
def _length_penalty(length_a: float, length_b: float, ratio: float) -> float:
    expected = length_a * ratio
    z2 = (length_b - expected) ** 2 / (VARIANCE * max(expected, 1.0) * max(ratio, 1.0))
    return min(_LENGTH_BITS * z2, _MAX_LENGTH_PENALTY)


@njit
def _align(
    fa: NDArray[np.int32], wa: NDArray[np.float32], oa: NDArray[np.int64],
    la: NDArray[np.float64], ta: NDArray[np.float64],
    fb: NDArray[np.int32], ob: NDArray[np.int64],
    lb: NDArray[np.float64], tb: NDArray[np.float64],
    low: NDArray[np.int64], ratio: float,
) -> _Found:  # fmt: skip
    n_a, n_b = len(la), len(lb)
    width = 2 * HALF_BAND + 1
    # Bits shared by segment i and segment low[i] + c.
    shared = np.zeros((n_a, width))
    for i in range(n_a):
        for c in range(min(width, n_b - low[i])):
            j = low[i] + c
            shared[i, c] = _common(fa, wa, oa[i], oa[i + 1], fb, ob[j], ob[j + 1])
    # best[i, c]: the best sum over segments before i and before low[i] + c, for i up to n_a.
    best = np.zeros((n_a + 1, width + 1))
    move = np.zeros((n_a + 1, width + 1), np.int8)
    for i in range(n_a + 1):
        at = low[i] if i < n_a else low[n_a - 1]
        for c in range(min(width, n_b - at) + 1):
            j = at + c
            if i > 0:
                best[i, c], move[i, c] = _value(best, low, i - 1, j, n_b), 1
            if c > 0 and best[i, c - 1] > best[i, c]:
                best[i, c], move[i, c] = best[i, c - 1], 2
            for kind in range(3):
                p, q = (1, 1) if kind == 0 else ((1, 2) if kind == 1 else (2, 1))
                if i < p or j < q or not _inside(low, i - p, j - q, n_b):
                    continue
                if not _inside(low, i - 1, j - 1, n_b):
                    continue
                both = _bead_bits(shared, low, i, j, p, q, n_b)
                if both < 0.0:
                    continue
                bits_a = ta[i - 1] + (ta[i - 2] if p == 2 else 0.0)
                bits_b = tb[j - 1] + (tb[j - 2] if q == 2 else 0.0)
                length_a = la[i - 1] + (la[i - 2] if p == 2 else 0.0)
                length_b = lb[j - 1] + (lb[j - 2] if q == 2 else 0.0)
                both = min(both, min(bits_a, bits_b))
                gain = 2.0 * both - BREAK_EVEN * (bits_a + bits_b)
                gain -= _length_penalty(length_a, length_b, ratio)
                if kind == 0:
                    gain += _ONE_TO_ONE_BITS
                total = _value(best, low, i - p, j - q, n_b) + gain
                if gain > 0.0 and total > best[i, c]:
                    best[i, c], move[i, c] = total, 3 + kind
    return _trace(move, shared, low, ta, tb, n_b)


@njit
def _inside(low: NDArray[np.int64], i: int, j: int, n_b: int) -> bool:
    at = low[min(i, len(low) - 1)]
    return at <= j <= min(at + 2 * HALF_BAND + 1, n_b)


@njit
def _value(best: NDArray[np.float64], low: NDArray[np.int64], i: int, j: int, n_b: int) -> float:
    """The best sum before i and j; right of the band nothing is added, left of it is nothing."""
    at = low[min(i, len(low) - 1)]
    if j < at:
        return 0.0
    return best[i, min(j - at, min(2 * HALF_BAND + 1, n_b - at))]


@njit
def _bead_bits(
    shared: NDArray[np.float64], low: NDArray[np.int64], i: int, j: int, p: int, q: int, n_b: int
) -> float:
    """Sum of the shared bits of a bead that ends before i and j; -1 where it leaves the band.

    A word that two neighbours hold counts twice, so the caller bounds it by the bits of each side.
    """
    total = 0.0
    for x in range(i - p, i):
        for y in range(j - q, j):
            c = y - low[x]
            if c < 0 or c > 2 * HALF_BAND:
                return -1.0
            total += shared[x, c]
    return total


@njit
def _trace(
    move: NDArray[np.int8], shared: NDArray[np.float64], low: NDArray[np.int64],
    ta: NDArray[np.float64], tb: NDArray[np.float64], n_b: int,
) -> _Found:  # fmt: skip
    n_a = len(low)
    places = np.empty((4, n_a + 1), np.int64)
    bits = np.empty((3, n_a + 1), np.float64)
    n, i = 0, n_a
    j = min(low[n_a - 1] + 2 * HALF_BAND + 1, n_b)
    while i > 0:
        at = low[min(i, n_a - 1)]
        j = min(j, min(at + 2 * HALF_BAND + 1, n_b))
        if j < at:
            break
        step = move[i, j - at]
        if step == 0:
            break
        if step == 1:
            i -= 1
            continue
        if step == 2:
            j -= 1
            continue
        p = 2 if step == 5 else 1
        q = 2 if step == 4 else 1
        both = _bead_bits(shared, low, i, j, p, q, n_b)
        i, j = i - p, j - q
        places[0, n], places[1, n], places[2, n], places[3, n] = i, p, j, q
        bits[1, n] = ta[i] + (ta[i + 1] if p == 2 else 0.0)
        bits[2, n] = tb[j] + (tb[j + 1] if q == 2 else 0.0)
        bits[0, n] = min(both, min(bits[1, n], bits[2, n]))
        n += 1
    return (
        places[0, :n].copy(), places[1, :n].copy(), places[2, :n].copy(), places[3, :n].copy(),
        bits[0, :n].copy(), bits[1, :n].copy(), bits[2, :n].copy(),
    )  # fmt: skip
