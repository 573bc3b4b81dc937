"""Ways to rank partners: each gives pairs of tokens with a score, from the same text."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.retrieval.texts import MIN_COUNT, Text
from pivotmine.numeric.association import dice, expected, log_likelihood_ratio
from pivotmine.numeric.folded_contexts import FoldedContexts
from pivotmine.recipe import LexiconConfig
from pivotmine.stages.count.pair_counts import count_pairs
from pivotmine.stages.lexicon.candidates import places
from pivotmine.stages.lexicon.sharing import UNIT, pair_weights, share_out_contexts
from pivotmine.stages.link.contest import contenders, contest

Floats = NDArray[np.float64]


class Scored(NamedTuple):
    """Pairs of tokens, [m], larger scores closer; those of a word's spellings are added up."""

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    score: Floats


class Counted:
    """A text counted: its contexts as sets, all pairs that meet, and their margins."""

    def __init__(self, text: Text) -> None:
        self.n_tokens = len(text.pieces)
        rows = [
            np.append(np.unique(a), np.unique(b) + self.n_tokens)
            for a, b in zip(_arrays(text.a), _arrays(text.b), strict=True)
        ]
        self.n = len(rows)
        offsets = np.cumsum([0, *map(len, rows)]).astype(np.int64)
        flat = np.concatenate(rows).astype(np.int32)
        self.contexts = FoldedContexts(
            offsets, flat, np.zeros(len(rows), np.uint8), np.zeros(len(rows), np.uint32)
        )
        margins = np.bincount(flat, minlength=2 * self.n_tokens).astype(np.float64)
        first = np.array([0, self.n_tokens, 2 * self.n_tokens], np.int64)
        blocks = list(count_pairs(self.contexts, first, 1))
        self.a = np.concatenate([block.a for block in blocks]).astype(np.int64)
        self.b = np.concatenate([block.b for block in blocks]).astype(np.int64)
        self.n_ab = np.concatenate([block.fold_counts[:, 0] for block in blocks]).astype(float)
        self.n_a, self.n_b = margins[self.a], margins[self.b]
        self.margins = margins[: self.n_tokens], margins[self.n_tokens :]
        self.language = np.repeat(np.array([0, 1], np.int8), self.n_tokens)

    def signed_g2(self, n_ab: Floats) -> Floats:
        """G2, negative where words meet less often than expected."""
        g2 = log_likelihood_ratio(n_ab, self.n_a, self.n_b, float(self.n))
        return np.where(n_ab > self.chance, g2, -g2)

    @cached_property
    def chance(self) -> Floats:
        """Meetings that independence would give."""
        return expected(self.n_a, self.n_b, float(self.n))

    @cached_property
    def g2(self) -> Floats:
        """Of all pairs."""
        return self.signed_g2(self.n_ab)

    def scored(self, score: Floats, kept: NDArray[np.bool_]) -> Scored:
        """Some of the pairs, with their scores."""
        return Scored(self.a[kept], self.b[kept] - self.n_tokens, score[kept])


def by_g2(counted: Counted, least: int) -> Scored:
    """Log-likelihood ratio of pairs that meet `least` times."""
    return counted.scored(counted.g2, counted.n_ab >= least)


def by_dice(counted: Counted) -> Scored:
    """Dice coefficient of all pairs."""
    return counted.scored(dice(counted.n_ab, counted.n_a, counted.n_b), counted.n_ab > 0)


def by_contests(counted: Counted) -> Scored:
    """G2 of the contexts that a pair wins, where all pairs above chance compete."""
    some = np.flatnonzero(counted.g2 > 0)
    some = some[np.lexsort((counted.b[some], counted.a[some], -counted.g2[some]))]
    links = contenders(
        counted.a[some].astype(np.int32), counted.b[some].astype(np.int32), 2 * counted.n_tokens
    )
    won = np.zeros(len(counted.a))
    won[some] = contest(counted.contexts, counted.language, links)
    return counted.scored(counted.signed_g2(won), counted.g2 > 0)


def by_lexicon(counted: Counted, settings: LexiconConfig) -> Scored:
    """What stage `lexicon` does."""
    some = np.flatnonzero(counted.g2 > 0)
    a, b, g2 = counted.a[some], counted.b[some], counted.g2[some]
    one = np.zeros_like(a)
    place = np.minimum(places(a, one, b, g2), places(b, one, a, g2))
    some = some[place < settings.max_partners]
    links = contenders(
        counted.a[some].astype(np.int32), counted.b[some].astype(np.int32), 2 * counted.n_tokens
    )
    above = np.maximum(counted.n_ab[some] - counted.chance[some], 0.0)
    shares = np.round(above * UNIT).astype(np.int64)
    for _ in range(settings.rounds):
        weights = pair_weights(links, counted.language, shares)
        shares = share_out_contexts(counted.contexts, counted.language, links, weights)
    return Scored(counted.a[some], counted.b[some] - counted.n_tokens, shares / UNIT)


def by_alignments(
    counted: Counted, text: Text, alignments: Iterable[list[tuple[int, int]]]
) -> Scored:
    """G2 of the contexts in which two tokens are aligned."""
    keys: list[int] = []
    for a, b, found in zip(text.a, text.b, alignments, strict=True):
        keys += {a[i] << 32 | b[j] for i, j in found if i < len(a) and j < len(b)}
    codes, n = np.unique(np.array(keys, np.int64), return_counts=True)
    a, b = codes >> 32, codes & 0xFFFFFFFF
    margins = counted.margins[0][a], counted.margins[1][b], float(counted.n)
    g2 = log_likelihood_ratio(n.astype(np.float64), *margins)
    return Scored(a, b, np.where(n > expected(*margins), g2, -g2))


def _arrays(side: list[list[int]]) -> list[NDArray[np.int64]]:
    return [np.array(row, np.int64) for row in side]


WAYS = {
    f"G2, pairs that meet {MIN_COUNT} times": lambda counted: by_g2(counted, MIN_COUNT),
    "G2": lambda counted: by_g2(counted, 1),
    "Dice": by_dice,
    "contests of all pairs": by_contests,
    "lexicon": lambda counted: by_lexicon(counted, LexiconConfig()),
}
