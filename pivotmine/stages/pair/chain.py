"""Anchors: the best monotone chain of segments that share rare features.

Two segments that share features are a cell of the alignment matrix. Only cells of features that are
rare in both documents are looked at, so their number is bounded and does not grow with the area of
the matrix. The heaviest chain of cells that rises in both documents is found in one pass with a
Fenwick tree of prefix maxima, in O(c log n) for c cells. Anchors may skip chapters that one side
lacks; a band around the diagonal would not.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.numeric.jit import njit

MAX_CELLS = 2**21
"""Most cells of a pair of documents; features that are more frequent than fit are left out."""

MAX_PRODUCT = 64
"""Segments with a feature on one side times those on the other; more frequent ones are skipped."""


class Segments(NamedTuple):
    """A document as segments with features, S segments and N features."""

    features: NDArray[np.int32]
    """[N] distinct within a segment, ascending there."""

    weights: NDArray[np.float32]
    """[N] bits of each feature, above 0."""

    offsets: NDArray[np.int64]
    """[S + 1] where the features of each segment begin."""

    lengths: NDArray[np.int32]
    """[S] characters of each segment."""


def best_chain(a: Segments, b: Segments) -> NDArray[np.int64]:
    """[A, 2] segments of a and of b, both strictly ascending: the chain of the largest sum.

    A cell counts the square of the bits that both segments share over the geometric mean of the
    bits of each, so that a few words shared by long segments count little. Memory: 40 B a cell.
    """
    one, other, bits = _shared_features(a, b)
    if not len(one):
        return np.empty((0, 2), np.int64)
    n_b = len(b.lengths)
    key = one.astype(np.int64) * n_b + other
    cells, inverse = np.unique(key, return_inverse=True)
    shared = np.bincount(inverse, bits)
    row, column = np.divmod(cells, n_b)
    value = shared**2 / np.sqrt(segment_bits(a)[row] * segment_bits(b)[column])
    order = np.lexsort((-column, row))
    return _chain(row[order], column[order], value[order], n_b)


def segment_bits(segments: Segments) -> NDArray[np.float64]:
    """[S] bits of all features of each segment."""
    n = len(segments.lengths)
    segment = np.repeat(np.arange(n), np.diff(segments.offsets))
    return np.bincount(segment, segments.weights, n)


def _shared_features(
    a: Segments, b: Segments
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Segments of a and b, and bits, of every meeting of a rare feature."""
    sides = []
    for side in (a, b):
        segment = np.repeat(np.arange(len(side.lengths)), np.diff(side.offsets))
        order = np.argsort(side.features, kind="stable")
        features = side.features[order]
        distinct, first = np.unique(features, return_index=True)
        counts = np.diff(first, append=len(features))
        sides.append((distinct, first, counts, segment[order], side.weights[order]))
    _, in_a, in_b = np.intersect1d(sides[0][0], sides[1][0], return_indices=True)
    n_a, n_b = sides[0][2][in_a], sides[1][2][in_b]
    product = n_a * n_b
    by_product = np.cumsum(np.bincount(np.minimum(product, MAX_PRODUCT + 1), product))
    most = int(np.searchsorted(by_product[: MAX_PRODUCT + 1], MAX_CELLS, "right")) - 1
    kept = product <= most
    n_a, n_b, product = n_a[kept], n_b[kept], product[kept]
    start_a, start_b = sides[0][1][in_a[kept]], sides[1][1][in_b[kept]]
    within = np.arange(int(product.sum())) - np.repeat(np.cumsum(product) - product, product)
    place_a, place_b = np.divmod(within, np.repeat(n_b, product))
    at_a = np.repeat(start_a, product) + place_a
    at_b = np.repeat(start_b, product) + place_b
    return sides[0][3][at_a], sides[1][3][at_b], sides[0][4][at_a].astype(np.float64)


@njit
def _chain(
    row: NDArray[np.int64], column: NDArray[np.int64], value: NDArray[np.float64], n_columns: int
) -> NDArray[np.int64]:
    # Cells come by row, and by falling column within a row: a cell sees only earlier rows.
    best = np.zeros(n_columns + 1, np.float64)
    holder = np.full(n_columns + 1, -1, np.int64)
    before = np.full(len(row), -1, np.int64)
    last, most = np.int64(-1), 0.0
    for c in range(len(row)):
        total, cell = 0.0, np.int64(-1)
        at = column[c]
        while at > 0:
            if best[at] > total:
                total, cell = best[at], holder[at]
            at -= at & -at
        before[c] = cell
        total += value[c]
        at = column[c] + 1
        while at <= n_columns:
            if total > best[at]:
                best[at], holder[at] = total, c
            at += at & -at
        if total > most:
            most, last = total, np.int64(c)
    n, c = 0, last
    while c >= 0:
        n += 1
        c = before[c]
    chain = np.empty((n, 2), np.int64)
    c = last
    for place in range(n - 1, -1, -1):
        chain[place, 0], chain[place, 1] = row[c], column[c]
        c = before[c]
    return chain
