"""Sketches of weighted sets, and the keys under which two documents meet.

Every feature of a set draws an exponential clock whose rate is its weight, and the feature whose
clock rings first is sampled (Moulton and Jiang 2018, Maximally consistent sampling and the Jaccard
index of probability distributions). The clock depends on the feature and the number of the sample
alone. A feature weighs the same in every document, so two sets take the same sample with a
probability that is exactly their weighted Jaccard similarity: the weight that both hold over the
weight that one of them holds.

Translations share less than near-copies do, often a tenth, so bands of several samples would miss
them. Every single sample is a key. A key that too many documents have is left out, and so two
samples together are a further key, which separates documents whose single keys are crowded.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pivotmine.numeric.jit import njit
from pivotmine.numeric.mix import mix64

NOTHING = -1
"""Sample of an empty set."""


def sample_features(
    features: NDArray[np.int32],
    offsets: NDArray[np.int64],
    weights: NDArray[np.float32],
    n_samples: int,
) -> NDArray[np.int32]:
    """[D, n_samples] samples of D sets, `NOTHING` for sets without weight.

    Parameters
    ----------
    features, offsets
        [N] features of all sets, one after another, and [D + 1] where each begins.
    weights
        [N] weight of each; those of weight 0 are never sampled.
    """
    seeds = mix64(np.arange(1, n_samples + 1, dtype=np.uint64))
    samples = np.full((len(offsets) - 1, n_samples), NOTHING, np.int32)
    _sample(features, offsets, weights, seeds, samples)
    return samples


def sample_keys(samples: NDArray[np.int32]) -> NDArray[np.int64]:
    """[D, K] keys: of each sample, then of each two neighbours; K = n + n // 2.

    Keys of empty sets are 0, and no other key is.
    """
    n = samples.shape[1]
    place = np.arange(n, dtype=np.uint64) << np.uint64(32)
    single = mix64(samples.astype(np.uint32).astype(np.uint64) + place)
    double = mix64(single[:, 0 : n - n % 2 : 2] * np.uint64(3) + single[:, 1::2])
    keys = np.maximum(np.concatenate((single, double), axis=1), np.uint64(1))
    keys[samples[:, 0] == NOTHING if n else slice(0)] = 0
    return keys.view(np.int64)


def estimated_overlap(n_equal: NDArray[np.integer], n_samples: int) -> NDArray[np.float64]:
    """Weighted Jaccard similarity by equal samples; standard error sqrt(s (1 - s) / n)."""
    estimate: NDArray[np.float64] = n_equal / n_samples
    return estimate


@njit
def _sample(
    features: NDArray[np.int32],
    offsets: NDArray[np.int64],
    weights: NDArray[np.float32],
    seeds: NDArray[np.uint64],
    samples: NDArray[np.int32],
) -> None:
    first = np.empty(len(seeds), np.float64)
    for d in range(len(offsets) - 1):
        first[:] = np.inf
        for i in range(offsets[d], offsets[d + 1]):
            if weights[i] <= 0.0:
                continue
            slowness = 1.0 / weights[i]
            feature = np.uint64(features[i]) * np.uint64(0x9E3779B97F4A7C15)
            for k in range(len(seeds)):
                # SplitMix64 of feature and seed, as a number in (0, 1].
                x = feature ^ seeds[k]
                x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
                x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
                x = x ^ (x >> np.uint64(31))
                uniform = (np.float64(x >> np.uint64(11)) + 1.0) * 2.0**-53
                if uniform > 0.5 and (1.0 - uniform) * slowness > first[k]:
                    continue  # -log(u) >= 1 - u, so this clock rings later: saves the logarithm
                clock = -np.log(uniform) * slowness
                if clock < first[k] or (clock == first[k] and features[i] < samples[d, k]):
                    first[k] = clock
                    samples[d, k] = features[i]
