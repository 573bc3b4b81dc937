"""Sketches of weighted sets, and the keys under which two documents meet.

Every feature draws an exponential clock whose rate is its weight, by a hash of the feature alone,
and a set keeps those features whose clocks ring first: bottom-k sketches (Cohen and Kaplan 2007,
Summarizing data using bottom-k sketches), weighted MinHash without replacement. Sketches of two
sets are coordinated. Of the features that ring first in their union, each is in the sketches of all
sets that hold it. So what two sets share is shared by their sketches, too.

Translations share less than near-copies do, often a tenth, so bands of several MinHash values would
miss most of them (docs/results/document-pairs.md). A rare feature is a key by itself. The frequent
features of a sketch are keys two by two. A key that too many documents have is left out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.numeric.jit import njit
from pivotmine.numeric.mix import mix64

_ALONE, _TOGETHER = np.uint64(0), np.uint64(1)


class Keys(NamedTuple):
    """Keys of documents, K in number."""

    document: NDArray[np.int64]
    """[K] ascending."""

    key: NDArray[np.int64]

    weight: NDArray[np.float64]
    """[K] squared bits of the features of the key; of two, divided by the keys that each is in."""


def document_keys(
    document: NDArray[np.int64],
    features: NDArray[np.int32],
    bits: NDArray[np.float32],
    is_rare: NDArray[np.bool_],
    n_rare: int,
    n_sampled: int,
) -> Keys:
    """Keys of documents: the rarest features, and every two of a sample of the others.

    Parameters
    ----------
    document
        [N] document of each feature, ascending; a feature stands once in a document.
    bits
        [N] weight of each feature; those without are left out.
    is_rare
        [N] whether few enough documents hold the feature for it to be a key by itself.
    """
    rare = np.flatnonzero(is_rare & (bits > 0))
    rare = rare[smallest(document[rare], -bits[rare].astype(float), features[rare], n_rare)]
    alone = Keys(document[rare], _key(features[rare], _ALONE), bits[rare].astype(float) ** 2)
    other = np.flatnonzero(~is_rare & (bits > 0))
    clock = clocks(features[other], bits[other].astype(float) ** 2)
    other = other[smallest(document[other], clock, features[other], n_sampled)]
    both = _two_by_two(document[other], features[other], bits[other].astype(float) ** 2)
    joined = Keys(*(np.concatenate(parts) for parts in zip(alone, both, strict=True)))
    order = np.argsort(joined.document, kind="stable")
    return Keys(*(column[order] for column in joined))


def clocks(features: NDArray[np.int32], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """[N] exponential clocks of rates [N] above 0, by the hash of each feature."""
    mixed = mix64(features.astype(np.uint64))
    uniform = ((mixed >> np.uint64(11)).astype(np.float64) + 1.0) * 2.0**-53
    clock: NDArray[np.float64] = -np.log(uniform) / weights
    return clock


def smallest(
    group: NDArray[np.int64], value: NDArray[np.float64], tie: NDArray[np.int32], n: int
) -> NDArray[np.int64]:
    """Places of the n smallest values of each group, in order of group and value.

    Parameters
    ----------
    group
        [N] ascending.
    tie
        [N] decides between equal values, by a hash.
    """
    order = np.lexsort((tie, mix64(tie.astype(np.uint64)), value, group))
    sorted_group = group[order]
    first = np.searchsorted(sorted_group, sorted_group, "left")
    return order[np.arange(len(order)) - first < n]


def _key(features: NDArray[np.int32], kind: np.uint64) -> NDArray[np.int64]:
    with np.errstate(over="ignore"):
        return mix64(features.astype(np.uint64) * np.uint64(2) + kind).view(np.int64)


def _two_by_two(
    document: NDArray[np.int64], features: NDArray[np.int32], weights: NDArray[np.float64]
) -> Keys:
    """Every two features of a document as one key."""
    starts = np.flatnonzero(np.append(True, document[1:] != document[:-1])[: len(document)])
    offsets = np.append(starts, len(document))
    sizes = np.diff(offsets)
    one, other = _pairs_within(offsets, int((sizes * (sizes - 1) // 2).sum()))
    low = np.minimum(features[one], features[other]).astype(np.uint64)
    high = np.maximum(features[one], features[other]).astype(np.uint64)
    key = _key_of_two(low, high)
    others = np.repeat(sizes - 1, sizes)[one]
    return Keys(document[one], key, (weights[one] + weights[other]) / np.maximum(others, 1))


def _key_of_two(low: NDArray[np.uint64], high: NDArray[np.uint64]) -> NDArray[np.int64]:
    with np.errstate(over="ignore"):
        return mix64((mix64(low << np.uint64(32) | high) << np.uint64(1)) + _TOGETHER).view(
            np.int64
        )


@njit
def _pairs_within(
    offsets: NDArray[np.int64], n_pairs: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    one, other = np.empty(n_pairs, np.int64), np.empty(n_pairs, np.int64)
    n = 0
    for group in range(len(offsets) - 1):
        for i in range(offsets[group], offsets[group + 1]):
            for j in range(i + 1, offsets[group + 1]):
                one[n], other[n] = i, j
                n += 1
    return one, other
