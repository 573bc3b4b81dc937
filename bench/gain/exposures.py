"""Exposures, counted: in how many training contexts of an arm two tokens stand together.

A context is a stretch of a document that a model reads at once. Every context of every arm is
known, so what the models saw of a translation is counted here and not estimated.

Memory: two matrices of the vocabulary squared, 4 bytes an entry (134 MB for 4,096 pieces).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import xlogy

Matrix = NDArray[np.float32]

LEAST_G2 = 10.83
"""Log-likelihood ratio from which two tokens count as associated (p = .001 of one test)."""


class Exposures(NamedTuple):
    """What an arm shows of V tokens."""

    together: Matrix
    """[V, V] contexts with both."""
    tokens: NDArray[np.int64]
    """[V] occurrences."""
    association: Matrix
    """[V, V] log-likelihood ratio G2 (Dunning 1993), 0 where they meet no more than by chance."""


def count_exposures(contexts: Sequence[Sequence[int]], n_vocabulary: int) -> Exposures:
    """Exposures in contexts of token ids."""
    sets = [sorted(set(context)) for context in contexts]
    ends = np.cumsum([0, *map(len, sets)])
    indices = np.array([token for of in sets for token in of], np.int64)
    ones = np.ones(len(indices), np.float32)
    held = sparse.csr_matrix((ones, indices, ends), shape=(len(sets), n_vocabulary))
    together = np.asarray((held.T @ held).todense(), np.float32)
    every = np.array([token for context in contexts for token in context], np.int64)
    tokens = np.bincount(every, minlength=n_vocabulary).astype(np.int64)
    return Exposures(together, tokens, g2(together, len(sets)))


def g2(together: Matrix, n_contexts: int) -> Matrix:
    """Log-likelihood ratio of each pair of tokens, 0 where they meet no more than by chance."""
    margins = np.diagonal(together).astype(np.float64)
    found = np.zeros_like(together)
    for row, of in enumerate(together):  # a row at a time bounds memory
        met = np.flatnonzero(of)
        both, alone, own = of[met].astype(np.float64), margins[met], margins[row]
        cells = (both, own - both, alone - both, n_contexts - own - alone + both)
        ratio = 2.0 * (
            sum(xlogy(cell, np.maximum(cell, 1e-300)) for cell in cells)
            - sum(xlogy(n, max(n, 1e-300)) for n in (own, n_contexts - own))
            - sum(xlogy(n, np.maximum(n, 1e-300)) for n in (alone, n_contexts - alone))
            + xlogy(n_contexts, n_contexts)
        )
        more = both * n_contexts > own * alone
        found[row, met] = np.where(more, np.maximum(ratio, 0.0), 0.0)
    np.fill_diagonal(found, 0.0)
    return found


class Shown(NamedTuple):
    """What an arm showed of one target token, given the tokens of its source."""

    exposures: float
    """Contexts that it shares with the source token that it is most associated with; 0 if it is
    associated with none."""
    frequency: float
    """Its occurrences."""
    paths: float
    """Other tokens that are associated with both of them."""


def shown(exposures: Exposures, source: Sequence[int], target: int) -> Shown:
    """What was shown of a target token."""
    candidates = np.array(sorted(set(source) - {target}), np.int64)
    frequency = float(exposures.tokens[target])
    if not len(candidates):
        return Shown(0.0, frequency, 0.0)
    strength = exposures.association[candidates, target]
    best = int(candidates[int(strength.argmax())])
    linked = exposures.association[[best, target]] >= LEAST_G2
    paths = float((linked[0] & linked[1]).sum())
    if strength.max() < LEAST_G2:
        return Shown(0.0, frequency, paths)
    return Shown(float(exposures.together[best, target]), frequency, paths)


def contexts_of(folder: Path, length: int) -> Iterator[list[int]]:
    """The documents of an arm, cut into contexts of `length` tokens."""
    for ids in pq.read_table(folder / "lines.parquet", columns=["ids"])["ids"].to_pylist():
        document = [token for line in ids for token in line]
        for start in range(0, len(document), length):
            yield document[start : start + length]
