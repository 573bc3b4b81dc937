"""Word vectors from counts alone, without training a model.

Texts are cut into windows of a fixed number of tokens. The number of windows that two words share
gives their positive pointwise mutual information. A truncated singular value decomposition reduces
its rows to vectors, weighted by the square roots of the singular values (Levy, Goldberg & Dagan
2015, Improving distributional similarity with lessons learned from word embeddings: context
distributions smoothed by the power of .75, eigenvalues weighted by .5). Where translations share
windows, a word and its translation have the same neighbours, and so similar vectors.

Memory: 16 bytes a token, and 16 a pair of words that meet, for one corpus at a time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import svds

_LEAST = 1e-6
"""Least cosine of an answer."""

SMOOTHING = 0.75
"""Power of the context counts, without which rare contexts get too much weight."""


def window_presence(
    words: NDArray[np.int32], offsets: NDArray[np.int64], n_words: int, window_tokens: int
) -> sparse.csr_matrix:
    """Which words stand in which windows: [windows, n_words], ones.

    Parameters
    ----------
    words
        [tokens] word of each token, -1 for none. Tokens without word take up room in a window.
    offsets
        [documents + 1] first token of each document; no window crosses from one to the next.
    """
    lengths = np.diff(offsets)
    n_windows = -(-lengths // window_tokens)
    first_window = np.concatenate(([0], np.cumsum(n_windows)))
    place = np.arange(len(words)) - np.repeat(offsets[:-1], lengths)
    window = np.repeat(first_window[:-1], lengths) + place // window_tokens
    known = words >= 0
    entries = np.unique(window[known] * n_words + words[known])
    window, word = np.divmod(entries, n_words)
    shape = (int(first_window[-1]), n_words)
    return sparse.csr_matrix((np.ones(len(entries), np.float32), (window, word)), shape)


def positive_pmi(presence: sparse.csr_matrix) -> sparse.csr_matrix:
    """Positive pointwise mutual information of words by shared windows: [words, words].

    A word is also a context of itself. Otherwise a word and its translation, each of which is the
    other's best context, would differ in these two contexts and have distant vectors.
    """
    together = (presence.T @ presence).tocsr()
    rows = np.asarray(together.sum(axis=1), np.float64).ravel()
    contexts = rows**SMOOTHING
    found = together.tocoo()
    chance = rows[found.row] * contexts[found.col] / max(contexts.sum(), 1.0)
    pmi = np.log(found.data / chance)
    kept = pmi > 0
    return sparse.csr_matrix((pmi[kept], (found.row[kept], found.col[kept])), together.shape)


def embed(
    presence: sparse.csr_matrix, n_dimensions: int, min_windows: int, seed: int = 0
) -> NDArray[np.float64]:
    """Vectors of unit length, [words, n_dimensions]; zeros for words in fewer windows.

    Where there are fewer words than dimensions, the last dimensions are 0.
    """
    n_words = presence.shape[1]
    often = np.asarray(presence.sum(axis=0)).ravel() >= min_windows
    vectors = np.zeros((n_words, n_dimensions))
    pmi = positive_pmi(presence[:, often])
    rank = min(n_dimensions, pmi.shape[0] - 1)
    if rank < 1 or not pmi.nnz:
        return vectors
    start = np.random.default_rng(seed).standard_normal(pmi.shape[0])
    left, values, _ = svds(pmi, k=rank, v0=start)
    found = left * np.sqrt(np.maximum(values, 0.0))
    length = np.linalg.norm(found, axis=1, keepdims=True)
    vectors[often, :rank] = np.divide(found, length, out=np.zeros_like(found), where=length > 1e-9)
    return vectors


def nearest(
    vectors: NDArray[np.float64],
    queries: NDArray[np.int64],
    candidates: NDArray[np.int64],
    most: int,
) -> NDArray[np.int64]:
    """Candidates of largest cosine for each query: [queries, most], best first, -1 for none.

    A word is not its own answer, and words of a cosine below `_LEAST` do not answer each other.
    """
    known = np.abs(vectors).sum(axis=1) > 0
    candidates = candidates[known[candidates]]
    places = np.flatnonzero(known[queries])
    result = np.full((len(queries), most), -1, np.int64)
    n_found = min(most, len(candidates))
    if not n_found:
        return result
    for start in range(0, len(places), 512):
        rows = places[start : start + 512]
        asked = queries[rows]
        cosine = vectors[asked] @ vectors[candidates].T
        cosine[asked[:, None] == candidates] = -np.inf
        # Sorted, so that of equally near candidates the first comes first.
        best = np.sort(np.argpartition(-cosine, n_found - 1, axis=1)[:, :n_found], axis=1)
        values = np.take_along_axis(cosine, best, axis=1)
        order = np.argsort(-values, axis=1, kind="stable")
        found = candidates[np.take_along_axis(best, order, axis=1)]
        near = np.take_along_axis(values, order, axis=1) >= _LEAST
        result[rows, :n_found] = np.where(near, found, -1)
    return result
