"""Whether two documents translate each other, by their aligned segments."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.stages.pair.alignment import Beads, align
from pivotmine.stages.pair.chain import Segments, segment_bits


class Verdict(NamedTuple):
    """Evidence on a pair of documents."""

    overlap: float
    """Bits of the features that both hold over bits that one of them holds."""

    score: float
    """Geometric mean of the shares of both documents' bits that aligned segments share."""

    aligned_a: float
    """Share of the characters of a in aligned segments."""

    aligned_b: float
    beads: Beads


def judge(a: Segments, b: Segments) -> Verdict:
    """Align two documents and sum up."""
    beads = align(a, b)
    shared = float(beads.shared.sum())
    bits = [float(segment_bits(side).sum()) for side in (a, b)]
    score = shared / float(np.sqrt(bits[0] * bits[1])) if min(bits) > 0 else 0.0
    return Verdict(
        overlap(a, b),
        min(score, 1.0),
        _aligned(a.lengths, beads.a, beads.n_a),
        _aligned(b.lengths, beads.b, beads.n_b),
        beads,
    )


def overlap(a: Segments, b: Segments) -> float:
    """Weighted Jaccard similarity of the features of two documents."""
    (one, first_a), (other, first_b) = (
        np.unique(side.features, return_index=True) for side in (a, b)
    )
    bits_a, bits_b = a.weights[first_a].astype(float), b.weights[first_b].astype(float)
    shared = float(bits_a[np.isin(one, other, assume_unique=True)].sum())
    union = float(bits_a.sum() + bits_b.sum()) - shared
    return shared / union if union > 0 else 0.0


def _aligned(lengths: NDArray[np.int32], first: NDArray[np.int64], n: NDArray[np.int64]) -> float:
    """Share of characters in segments that are aligned."""
    before = np.concatenate(([0], np.cumsum(lengths, dtype=np.int64)))
    total = int(before[-1])
    return float((before[first + n] - before[first]).sum()) / total if total else 0.0
