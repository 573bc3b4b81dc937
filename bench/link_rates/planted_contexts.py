"""Contexts of two languages in several sources, with planted translations.

Word i of the first language translates word i of the second, and no other. A context is of one
source. Every source uses the words of both languages at rates of its own, so words of two languages
that a source prefers meet more often than in the whole corpus, and none of these pairs translates.
Sources differ in size, and contexts too. In a share of the contexts, the second text translates the
first, word by word with gaps; in the others, texts are drawn by themselves.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.numeric.folded_contexts import FoldedContexts


class Shape(NamedTuple):
    """What is planted."""

    n_words: int = 3000
    """Of each language."""

    contexts: tuple[int, ...] = (6000, 3000, 2000, 1000, 400, 60, 40)
    """Of each source."""

    spread: float = 1.5
    """Standard deviation of the logarithm of a word's rate in a source."""

    parallel_share: float = 0.25
    translated_share: float = 0.7
    """Of the words of a text that is translated."""

    median_words: int = 40
    """Of a text."""

    n_folds: int = 4


def planted_contexts(shape: Shape, seed: int) -> FoldedContexts:
    """The contexts; nodes of the second language follow those of the first."""
    generator = np.random.default_rng(seed)
    frequency = 1.0 / (np.arange(shape.n_words) + 10.0)
    rows: list[NDArray[np.int64]] = []
    sources: list[int] = []
    for source, n in enumerate(shape.contexts):
        factors = np.exp(shape.spread * generator.standard_normal((2, shape.n_words)))
        rates = np.cumsum(frequency * factors, axis=1)
        rates /= rates[:, -1:]
        for _ in range(n):
            rows.append(_context(shape, generator, rates))
            sources.append(source)
    lengths = [len(row) for row in rows]
    return FoldedContexts(
        np.concatenate(([0], np.cumsum(lengths))),
        np.concatenate(rows).astype(np.int32),
        generator.integers(shape.n_folds, size=len(rows)).astype(np.uint8),
        np.array(sources, np.uint32),
    )


def _context(
    shape: Shape, generator: np.random.Generator, rates: NDArray[np.float64]
) -> NDArray[np.int64]:
    sizes = shape.median_words * np.exp(0.8 * generator.standard_normal(2))
    n_first, n_second = (max(int(size), 3) for size in sizes)
    first = np.searchsorted(rates[0], generator.random(n_first))
    if generator.random() < shape.parallel_share:
        translated = generator.random(n_first) < shape.translated_share
        n_more = max(int(n_first * (1 - shape.translated_share)), 1)
        second = np.append(first[translated], np.searchsorted(rates[1], generator.random(n_more)))
    else:
        second = np.searchsorted(rates[1], generator.random(n_second))
    return np.concatenate((np.unique(first), shape.n_words + np.unique(second)))
