"""Features that two languages have, and what each of them weighs.

A feature that only one of two languages has cannot be shared by their documents, so it does not
count there. A feature that both have weighs its information: -log2 of the share of their documents
that hold it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class KnownFeatures(NamedTuple):
    """Features that documents of several languages hold, F in L languages."""

    features: NDArray[np.int32]
    """[F] ascending."""

    n_docs: NDArray[np.int32]
    """[F, L] documents of each language that hold each."""

    n_all_docs: NDArray[np.int64]
    """[L] documents of each language."""

    def weights(self, features: NDArray[np.int32], a: int, b: int) -> NDArray[np.float32]:
        """[N] bits of each feature between documents of two languages, 0 if one lacks it."""
        if not len(self.features):
            return np.zeros(len(features), np.float32)
        at = np.minimum(np.searchsorted(self.features, features), len(self.features) - 1)
        in_a, in_b = self.n_docs[at, a], self.n_docs[at, b]
        known = (self.features[at] == features) & (in_a > 0) & (in_b > 0)
        n = float(self.n_all_docs[a] + self.n_all_docs[b])
        bits = np.log2((n + 1.0) / (in_a.astype(np.float64) + in_b + 0.5))
        return np.where(known, bits, 0.0).astype(np.float32)


def known_features(
    feature: NDArray[np.int32],
    language: NDArray[np.integer],
    n_docs: NDArray[np.integer],
    n_all_docs: NDArray[np.int64],
) -> KnownFeatures:
    """The table of distinct (feature, language) pairs.

    Parameters
    ----------
    feature, language, n_docs
        [M] documents of a language that hold a feature.
    """
    features, row = np.unique(feature, return_inverse=True)
    table = np.zeros((len(features), len(n_all_docs)), np.int32)
    table[row, language] = n_docs
    return KnownFeatures(features.astype(np.int32), table, n_all_docs)
