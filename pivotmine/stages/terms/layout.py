"""How the words and listed pairs of a lexicon, and their counts, lie in memory.

Each pair is kept with the one of its words that is in fewer pairs. Words in hundreds of pairs are
common ones, present in most contexts, and this way they cost nothing there. No word keeps more than
sqrt(2 * pairs) partners (Chiba and Nishizeki, SIAM J. Comput. 14(1), 1985).

The data of a word lie together, since cache misses bound the speed of counting. All counts lie in
one flat array, so that the counts of tasks can be summed without knowing their meaning.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import InputError
from pivotmine.numeric.arrays import check_range, offsets_array, readonly

DOCUMENTS, WINDOWS = 0, 1
"""Kinds of context, as they index the counts."""


class TermPairs(NamedTuple):
    """T words, each a string in a language, and M pairs of them."""

    word_offsets: NDArray[np.int64]
    """[S + 1] words of each string: one for each language that has it."""

    language: NDArray[np.int16]
    """[T] index of a word's language, -1 for a language that the corpus is not mined for."""

    kept: NDArray[np.int32]
    """[T + 1, 2] where a word's pairs begin in `partners`, and its margins in `margin_language`."""

    partners: NDArray[np.int32]
    """[M] the other word of each pair, by the word that keeps it."""

    order: NDArray[np.int64]
    """[M] the caller's index of each pair."""

    margin_language: NDArray[np.int16]
    """[G] for each word, the languages in which it has a partner, ascending."""

    n_languages: int


class TermTotals(NamedTuple):
    """Counts, all views of `flat`.

    The last axis, K, is the kind of context: `DOCUMENTS` or `WINDOWS`. The middle axis of three is
    0 for strings anywhere and 1 for words in text of their languages.
    """

    flat: NDArray[np.integer]

    words: NDArray[np.integer]
    """[T, 2, K] contexts that hold the word."""

    pairs: NDArray[np.integer]
    """[M, 2, K] contexts that hold both; in the order of `TermPairs.partners`."""

    margins: NDArray[np.integer]
    """[G, K] contexts that hold the word in its own language, and in which the other takes part."""

    mixed: NDArray[np.integer]
    """[L, L, K] contexts in which both languages take part; for i <= j only."""

    contexts: NDArray[np.integer]
    """[K] all contexts."""


def term_pairs(
    word_offsets: NDArray[np.integer],
    language: NDArray[np.int16],
    a: NDArray[np.int32],
    b: NDArray[np.int32],
    n_languages: int,
) -> TermPairs:
    """Lay out words and pairs for counting.

    Parameters
    ----------
    word_offsets
        [S + 1] string s is words word_offsets[s] to word_offsets[s + 1] - 1.
    language
        [T] language of each word, -1 for none.
    a, b
        [M] words of each pair, each pair once.

    Raises
    ------
    InputError
        Words or languages out of range, or a pair of a word with itself.
    """
    n_words = len(language)
    offsets = offsets_array(word_offsets, n_words, "word_offsets")
    language = readonly(language, np.int16, "language")
    check_range(language, -1, n_languages, "language")
    check_range(a, 0, n_words, "a")
    check_range(b, 0, n_words, "b")
    if (a == b).any():
        raise InputError("a pair joins a word with itself")
    degree = np.bincount(a, minlength=n_words) + np.bincount(b, minlength=n_words)
    a_keeps = (degree[a] < degree[b]) | ((degree[a] == degree[b]) & (a < b))
    keeper, partner = np.where(a_keeps, a, b), np.where(a_keeps, b, a)
    order = np.lexsort((partner, keeper))

    one, other = np.concatenate([a, b]), np.concatenate([b, a])
    mined = (language[one] >= 0) & (language[other] >= 0)
    margins = np.unique(one[mined].astype(np.int64) * n_languages + language[other[mined]])
    owner, margin_language = np.divmod(margins, max(n_languages, 1))
    words = np.arange(n_words + 1)
    begins = (np.searchsorted(keeper[order], words), np.searchsorted(owner, words))
    return TermPairs(
        offsets,
        language,
        np.ascontiguousarray(np.stack(begins, axis=1), np.int32),
        partner[order].astype(np.int32),
        order,
        margin_language.astype(np.int16),
        n_languages,
    )


def new_totals(terms: TermPairs, dtype: type[np.signedinteger] = np.int32) -> TermTotals:
    """Zeros. A task's own counts fit int32, as it sees fewer than 2**31 contexts."""
    shapes = (
        (len(terms.language), 2, 2),
        (len(terms.partners), 2, 2),
        (len(terms.margin_language), 2),
        (terms.n_languages, terms.n_languages, 2),
        (2,),
    )
    ends = np.cumsum([np.prod(shape) for shape in shapes])
    flat = np.zeros(ends[-1], dtype)
    parts = np.split(flat, ends[:-1])
    views = (part.reshape(shape) for part, shape in zip(parts, shapes, strict=True))
    return TermTotals(flat, *views)
