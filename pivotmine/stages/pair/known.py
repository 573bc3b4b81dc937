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
        n = self.documents(features, a, b).astype(np.float64)
        n_all = float(self.n_all_docs[a] + self.n_all_docs[b])
        bits = np.log2((n_all + 1.0) / (n.sum(axis=1) + 0.5))
        return np.where((n > 0).all(axis=1), bits, 0.0).astype(np.float32)

    def documents(self, features: NDArray[np.int32], a: int, b: int) -> NDArray[np.int32]:
        """[N, 2] documents of two languages that hold each feature."""
        if not len(self.features):
            return np.zeros((len(features), 2), np.int32)
        at = np.minimum(np.searchsorted(self.features, features), len(self.features) - 1)
        known = self.features[at] == features
        n: NDArray[np.int32] = self.n_docs[at][:, [a, b]] * known[:, None]
        return n


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
