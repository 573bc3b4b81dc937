"""Pieces of documents, drawn so that every arm holds the same tokens of every language.

A small budget of whole documents would be a handful of them; of pieces it is a sample. And where
documents hold two languages each, budgets can fill up unevenly, so that the last one can no longer
be filled alone: a piece is taken only where it keeps the languages together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from bench.arms.select import Budget, Document

MAX_SPREAD = 0.1
"""How far the budget of one language may be filled beyond that of another, as a share."""


def piece(document: Document, max_tokens: int, seed: Sequence[int]) -> Document | None:
    """A run of whole segments of at most `max_tokens`, from a segment that is drawn.

    None where that segment alone is longer.
    """
    lengths = np.array([len(line.ids) for line in document.lines])
    generator = np.random.default_rng([*seed, int(document.doc_id[:12], 16)])
    ends = np.cumsum(lengths)
    # From the last start that still gives a full piece, so that ends are not drawn more often.
    last = int(np.searchsorted(ends, max(int(ends[-1]) - max_tokens, 0)))
    start = int(generator.integers(last + 1))
    before = int(ends[start] - lengths[start])
    n = int(np.searchsorted(ends, before + max_tokens, "right")) - start
    return document._replace(lines=document.lines[start : start + n]) if n else None


def fill_together(documents: Iterable[Document], budget: Budget) -> list[Document]:
    """Documents in order, those that fit and keep languages within `MAX_SPREAD` of each other.

    What was left out is looked at again with half of its segments, until budgets are full to
    within a segment.
    """
    used = dict.fromkeys(budget, 0)
    taken: list[Document] = []
    waiting = list(documents)
    while waiting:
        left = []
        for document in waiting:
            after = used | {lang: used.get(lang, 0) + n for lang, n in document.n_tokens.items()}
            fits = all(n <= budget.get(lang, 0) for lang, n in after.items())
            if fits and _spread(after, budget) <= max(MAX_SPREAD, _spread(used, budget)) + 1e-9:
                taken.append(document)
                used = after
            elif len(document.lines) > 1:
                half = document.lines[: len(document.lines) // 2]
                left.append(document._replace(lines=half))
        waiting = left
    return taken


def _spread(used: Budget, budget: Budget) -> float:
    shares = [used[lang] / budget[lang] for lang in budget]
    return max(shares) - min(shares)
