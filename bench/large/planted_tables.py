"""Tables `tokens` and `vocabulary` of any size, with planted links and exact counts.

Every document holds a line in each of two of three languages, and is one context. Words follow
Zipf's law; half of them are as frequent as their source has them, so that words of a source meet
without translating each other. Word i of one language translates word i of another. Of the words
that are planted, a quarter of the occurrences in the first line have their translation in the
second.

Blocks have generators of their own, seeded with their number, and no size needs more memory than
a file of them. Counts are exact for three diagonals of pairs: translations (i, i), and (i, i + 1)
and (i, i + 17), which meet by chance and by source.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.lake.tables import TOKENS, VOCABULARY

LANGUAGES = ("de", "en", "fr")
PAIRS = tuple(combinations(range(len(LANGUAGES)), 2))
DIAGONALS = (0, 1, 17)
SIDE_TOKENS = 125
"""Tokens of a line; both lines are one window."""

BLOCK_DOCUMENTS = 4_000
_PLANTED_SHARE, _TRANSLATED_SHARE = 0.3, 0.25


@dataclass(frozen=True)
class Planted:
    """Settings of the corpus."""

    n_tokens: int
    words: int = 30_000
    """Of each language; word i of language l is token l * words + i."""

    n_sources: int = 6
    seed: int = 0

    @property
    def n_blocks(self) -> int:
        """Blocks of a million tokens, the last one whole."""
        return -(-self.n_tokens // (BLOCK_DOCUMENTS * 2 * SIDE_TOKENS))

    @property
    def planted(self) -> NDArray[np.bool_]:
        """[words] whether a word has translations."""
        drawn = np.random.default_rng([self.seed, 1]).random(self.words)
        found: NDArray[np.bool_] = drawn < _PLANTED_SHARE
        return found


class Truth(NamedTuple):
    """Exact counts."""

    n_ab: NDArray[np.int64]
    """[pairs, diagonals, words] contexts with word i of the first and i + d of the second."""

    margins: NDArray[np.int64]
    """[pairs, 2, words] contexts with a word."""

    n_contexts: NDArray[np.int64]
    """[pairs]"""

    token_count: NDArray[np.int64]
    """[languages * words]"""


def new_truth(corpus: Planted) -> Truth:
    """Zero counts."""
    n = len(PAIRS)
    return Truth(
        np.zeros((n, len(DIAGONALS), corpus.words), np.int64),
        np.zeros((n, 2, corpus.words), np.int64),
        np.zeros(n, np.int64),
        np.zeros(len(LANGUAGES) * corpus.words, np.int64),
    )


def blocks(corpus: Planted, truth: Truth) -> Iterator[pa.Table]:
    """Rows of table `tokens`, a block at a time; adds their counts to `truth`."""
    weights = 1 / np.arange(1, corpus.words + 1)
    cumulative = np.cumsum(weights / weights.sum())
    planted = corpus.planted
    for block in range(corpus.n_blocks):
        generator = np.random.default_rng([corpus.seed, 2, block])
        pair, source = block % len(PAIRS), block // len(PAIRS) % corpus.n_sources
        sides = [
            _words(generator, cumulative, corpus.seed, source, language, corpus.words)
            for language in PAIRS[pair]
        ]
        drawn = generator.random(sides[0].shape) < _TRANSLATED_SHARE
        translated = planted[sides[0]] & drawn
        sides[1][translated] = sides[0][translated]
        _count(truth, pair, sides, corpus.words)
        yield _rows(block, source, pair, sides, corpus.words)


def _words(
    generator: np.random.Generator,
    cumulative: NDArray[np.float64],
    seed: int,
    source: int,
    language: int,
    n: int,
) -> NDArray[np.int64]:
    """[documents, SIDE_TOKENS] words of a language, as frequent as in the source."""
    order = np.random.default_rng([seed, 3, language]).permutation(n)
    # Words of the even ranks are frequent in the whole language, the others by source.
    of_source = np.random.default_rng([seed, 4, language, source])
    order[1::2] = of_source.permutation(order[1::2])
    ranks = np.searchsorted(cumulative, generator.random((BLOCK_DOCUMENTS, SIDE_TOKENS)))
    found: NDArray[np.int64] = order[np.minimum(ranks, n - 1)]
    return found


def _count(truth: Truth, pair: int, sides: list[NDArray[np.int64]], n: int) -> None:
    document = np.arange(BLOCK_DOCUMENTS)[:, None]
    held = [np.unique(document * n + side) for side in sides]
    truth.n_contexts[pair] += BLOCK_DOCUMENTS
    for side, (language, keys) in enumerate(zip(PAIRS[pair], held, strict=True)):
        truth.margins[pair, side] += np.bincount(keys % n, minlength=n)
        of_language = truth.token_count[language * n : (language + 1) * n]
        of_language += np.bincount(sides[side].ravel(), minlength=n)
    for place, shift in enumerate(DIAGONALS):
        moved = held[0] // n * n + (held[0] % n + shift) % n
        both = np.intersect1d(np.sort(moved), held[1], assume_unique=True)
        truth.n_ab[pair, place] += np.bincount((both % n - shift) % n, minlength=n)


def _rows(block: int, source: int, pair: int, sides: list[NDArray[np.int64]], n: int) -> pa.Table:
    one, other = PAIRS[pair]
    tokens = np.concatenate((sides[0] + one * n, sides[1] + other * n), axis=1).astype(np.int32)
    starts = np.arange(BLOCK_DOCUMENTS + 1, dtype=np.int32)
    names = [LANGUAGES[one], LANGUAGES[other]]

    def lists(values: pa.Array, length: int) -> pa.ListArray:
        return pa.ListArray.from_arrays(pa.array(starts * length), values)

    columns = {
        "doc_id": pa.array([f"{block:06d}-{number:04d}" for number in range(BLOCK_DOCUMENTS)]),
        "source": pa.array([f"source {source}"] * BLOCK_DOCUMENTS),
        "lang": pa.array([names[0]] * BLOCK_DOCUMENTS),
        "token_ids": lists(pa.array(tokens.ravel()), 2 * SIDE_TOKENS),
        "segment_ends": lists(
            pa.array(np.tile(np.array([1, 2], np.int32) * SIDE_TOKENS, BLOCK_DOCUMENTS)), 2
        ),
        "segment_langs": lists(pa.array(names * BLOCK_DOCUMENTS), 2),
        "n_tokens": pa.array(np.full(BLOCK_DOCUMENTS, 2 * SIDE_TOKENS, np.int32)),
    }
    missing = {
        name: pa.nulls(BLOCK_DOCUMENTS, TOKENS.schema.field(name).type)
        for name in TOKENS.schema.names
        if name not in columns
    }
    return pa.table(columns | missing).select(TOKENS.schema.names).cast(TOKENS.schema)


def vocabulary(corpus: Planted, truth: Truth) -> pa.Table:
    """Rows of table `vocabulary`; every token is a whole word."""
    n = len(LANGUAGES) * corpus.words
    ids = np.arange(n, dtype=np.int32)
    language = pa.array(LANGUAGES).take(pa.array(ids // corpus.words))
    held = np.zeros(n, np.int64)
    for pair, margins in zip(PAIRS, truth.margins, strict=True):
        for side, language_number in enumerate(pair):
            held[language_number * corpus.words : (language_number + 1) * corpus.words] += margins[
                side
            ]
    columns = {
        "token_id": pa.array(ids),
        "token": pa.array([f"▁w{number}" for number in range(n)]),
        "lang": language,
        "lang_share": pa.array(np.ones(n)),
        "langs": pa.ListArray.from_arrays(pa.array(np.arange(n + 1, dtype=np.int32)), language),
        "document_frequency": pa.array(held),
        "token_count": pa.array(truth.token_count),
        "whole_share": pa.array(np.ones(n)),
    }
    return pa.table(columns).select(VOCABULARY.schema.names).cast(VOCABULARY.schema)
