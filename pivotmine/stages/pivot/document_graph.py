"""The graph of He et al. 2025 as their code has it: document frequencies, of any token.

Their code (arXiv 2505.16385) takes up to 2,000 documents that hold a word, counts in how many of
them each token occurs, and subtracts the same count of random documents. A document there is an
excerpt of at most 1,000 tokens, and a token of any language counts, that of the word included. Here
all words share one sample of documents, and counts are rates, so that words with fewer documents
compare.

Memory: 4 bytes a distinct token of each sampled excerpt, twice; and of one block of tokens those
that meet them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

EXCERPT_TOKENS = 1000
"""Tokens of a document that count, as the authors' search returns them."""

_BLOCK = 2048
"""Tokens whose edges are drawn at once."""


class Hubs(NamedTuple):
    """How many edges reach each token."""

    degree: NDArray[np.int64]
    """[V] edges."""
    reached_from: NDArray[np.bool_]
    """[V, L] whether an edge comes from a token of the language."""


def hubs(
    token_ids: NDArray[np.int32],
    offsets: NDArray[np.int64],
    languages: NDArray[np.int8],
    min_documents: int,
    min_increase: float,
    max_edges: int,
) -> Hubs:
    """Draw an edge from each token to those whose document frequency it raises most.

    Parameters
    ----------
    token_ids, offsets
        Distinct tokens of D excerpts, those of excerpt d at offsets[d]:offsets[d + 1].
    languages
        [V] number of each token's language, -1 for none.
    min_documents
        A token in fewer excerpts draws no edge.
    min_increase
        Least rise of the rate: documents with both / documents with the token, less the share of
        all documents that hold the other.
    max_edges
        Edges from a token at most; ties go to lower ids.
    """
    n_documents, n_tokens = len(offsets) - 1, len(languages)
    ones = np.ones(len(token_ids), np.int32)
    held = sparse.csr_array((ones, token_ids, offsets), shape=(n_documents, n_tokens))
    frequency = np.bincount(token_ids, minlength=n_tokens)
    degree = np.zeros(n_tokens, np.int64)
    reached = np.zeros((n_tokens, int(languages.max(initial=-1)) + 1), bool)
    drawing = np.flatnonzero(frequency >= min_documents)
    by_token = held.tocsc()
    for start in range(0, len(drawing), _BLOCK):
        block = drawing[start : start + _BLOCK]
        both = (by_token[:, block].T @ held).tocsr()
        both.sort_indices()
        for row, token in enumerate(block.tolist()):
            part = slice(both.indptr[row], both.indptr[row + 1])
            others, n_both = both.indices[part], both.data[part]
            increase = n_both / frequency[token] - frequency[others] / n_documents
            kept = np.flatnonzero((increase >= min_increase) & (others != token))
            kept = kept[np.argsort(-increase[kept], kind="stable")][:max_edges]
            ends = others[kept]
            degree[ends] += 1
            if languages[token] >= 0:
                reached[ends, languages[token]] = True
    return Hubs(degree, reached)
