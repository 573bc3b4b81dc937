"""Other ways to pair pages: whole vectors of words, every page with every other."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

from bench.pairs.process import Pages
from pivotmine.stages.pair.features import unpack
from pivotmine.stages.pair.known import KnownFeatures

_ROWS = 500


def most_similar(
    pages: Pages, known: KnownFeatures, pairs: tuple[tuple[int, int], ...]
) -> pd.DataFrame:
    """Each other's most similar page by the cosine of TF-IDF vectors, with that as the score.

    Bags of words by a dictionary where features are meanings; hashes of names and numbers where
    there are no links. All pages are compared, so nothing is lost by a sketch.
    """
    found = []
    bags = [np.unique(unpack(packed).features) for packed in pages.packed]
    for number, sides in enumerate(pairs):
        rows = [np.flatnonzero(pages.language == side) for side in sides]
        vectors = [_vectors([bags[row] for row in part], known, sides) for part in rows]
        best_b, score_b = _best(vectors[0], vectors[1])
        best_a, _ = _best(vectors[1], vectors[0])
        mutual = (best_b >= 0) & (best_a[best_b] == np.arange(len(best_b)))
        found.append(
            pd.DataFrame(
                {
                    "pair": number,
                    "a": rows[0][mutual],
                    "b": rows[1][best_b[mutual]],
                    "score": score_b[mutual],
                    "outcome": "paired",
                }
            )
        )
    return pd.concat(found, ignore_index=True)


def _vectors(
    bags: list[np.ndarray],  # type: ignore[type-arg]
    known: KnownFeatures,
    sides: tuple[int, int],
) -> sparse.csr_matrix:
    row = np.repeat(np.arange(len(bags)), [len(bag) for bag in bags])
    features = np.concatenate([np.empty(0, np.int32), *bags])
    bits = known.weights(features, *sides)
    kept = bits > 0
    row, column, bits = row[kept], np.searchsorted(known.features, features[kept]), bits[kept]
    norm = np.sqrt(np.bincount(row, bits.astype(float) ** 2, len(bags)))
    shape = (len(bags), len(known.features))
    return sparse.csr_matrix((bits / norm[row], (row, column)), shape)


def _best(one: sparse.csr_matrix, other: sparse.csr_matrix) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """Most similar row of the other side, -1 without any, and the cosine."""
    best = np.full(one.shape[0], -1, np.int64)
    score = np.zeros(one.shape[0])
    transposed = other.T.tocsr()
    for start in range(0, one.shape[0], _ROWS):
        cosine = (one[start : start + _ROWS] @ transposed).toarray()
        if cosine.shape[1]:
            score[start : start + _ROWS] = cosine.max(axis=1)
            best[start : start + _ROWS] = np.where(
                cosine.max(axis=1) > 0, cosine.argmax(axis=1), -1
            )
    return best, score
