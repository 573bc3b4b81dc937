"""Counts of words and pairs by context, against sets and dictionaries."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import accumulate, combinations_with_replacement

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.errors import InputError
from pivotmine.stages.terms.counts import Spans, add_term_counts
from pivotmine.stages.terms.layout import (
    DOCUMENTS,
    WINDOWS,
    TermPairs,
    TermTotals,
    new_totals,
    term_pairs,
)
from pivotmine.stages.terms.matching import Matches

Token = tuple[int, list[int]]
"""Language of a token, and the strings that begin in it."""


@dataclass(frozen=True)
class Corpus:
    words: list[tuple[int, int]]
    """(string, language), sorted."""

    pairs: list[tuple[int, int]]
    n_languages: int
    documents: list[list[list[Token]]]
    """Documents of windows of tokens."""

    min_share: float

    def terms(self) -> TermPairs:
        n_strings = 1 + max((string for string, _ in self.words), default=-1)
        strings = [string for string, _ in self.words]
        pairs = np.array(self.pairs, np.int32).reshape(-1, 2)
        return term_pairs(
            np.searchsorted(strings, np.arange(n_strings + 1)),
            np.array([language for _, language in self.words], np.int16),
            pairs[:, 0],
            pairs[:, 1],
            self.n_languages,
        )

    def contexts(self, kind: int) -> list[list[Token]]:
        if kind == WINDOWS:
            return [window for document in self.documents for window in document]
        return [[token for window in document for token in window] for document in self.documents]


@st.composite
def corpora(draw: st.DrawFn) -> Corpus:
    n_languages = draw(st.integers(1, 3))
    language = st.integers(-1, n_languages - 1)
    words = sorted(draw(st.sets(st.tuples(st.integers(0, 4), language), min_size=1, max_size=9)))
    strings = sorted({string for string, _ in words})
    words = [(strings.index(string), language) for string, language in words]
    word = st.integers(0, len(words) - 1)
    pair = st.tuples(word, word).filter(lambda pair: pair[0] != pair[1]).map(sorted).map(tuple)
    pairs = draw(st.sets(pair, max_size=12)) if len(words) > 1 else set()
    token = st.tuples(language, st.lists(st.integers(0, len(strings) - 1), max_size=3))
    window = st.lists(token, min_size=1, max_size=5)
    return Corpus(
        words,
        sorted(pairs),
        n_languages,
        draw(st.lists(st.lists(window, max_size=3), max_size=5)),
        draw(st.sampled_from([0.0, 0.25, 0.5])),
    )


def count(corpus: Corpus, documents=None) -> TermTotals:
    terms = corpus.terms()
    totals = new_totals(terms)
    add(totals, corpus.documents if documents is None else documents, corpus, terms)
    return totals


def add(totals: TermTotals, documents, corpus: Corpus, terms: TermPairs) -> None:
    windows = [window for document in documents for window in document]
    tokens = [token for window in windows for token in window]
    # Every token has two characters more than it has matches, which lie one after another.
    starts = np.array([0, *accumulate(2 + len(strings) for _, strings in tokens)])
    matches = [
        (string, starts[t] + 1 + i)
        for t, (_, strings) in enumerate(tokens)
        for i, string in enumerate(strings)
    ]
    found = np.array(matches, np.int64).reshape(-1, 2)
    add_term_counts(
        totals,
        np.array([0, *accumulate(sum(map(len, document)) for document in documents)]),
        np.array([0, *accumulate(map(len, windows))]),
        Matches(found[:, 0].astype(np.int32), found[:, 1]),
        starts,
        Spans(np.arange(1, len(tokens) + 1), np.array([lang for lang, _ in tokens], np.int16)),
        terms,
        corpus.min_share,
    )


def by_hand(corpus: Corpus, kind: int) -> dict[str, Counter]:
    """Counters of words, pairs, margins (word, other language) and mixed languages."""
    found: dict[str, Counter] = {
        name: Counter() for name in ("words", "own", "pairs", "own pairs", "margins", "mixed")
    }
    for context in corpus.contexts(kind):
        held = Counter(language for language, _ in context if language >= 0)
        taking_part = {lang for lang, n in held.items() if n >= corpus.min_share * len(context)}
        strings = {string for _, strings in context for string in strings}
        in_text = {(string, lang) for lang, strings in context for string in strings}
        present = {i for i, (string, _) in enumerate(corpus.words) if string in strings}
        own = {
            i for i in present if corpus.words[i] in in_text and corpus.words[i][1] in taking_part
        }
        found["words"].update(present)
        found["own"].update(own)
        found["pairs"].update(pair for pair in corpus.pairs if set(pair) <= present)
        found["own pairs"].update(pair for pair in corpus.pairs if set(pair) <= own)
        found["margins"].update((i, language) for i in own for language in taking_part)
        found["mixed"].update(combinations_with_replacement(sorted(taking_part), 2))
    return found


@given(corpora())
def test_counts_equal_those_of_a_plain_oracle(corpus: Corpus):
    terms = corpus.terms()
    owners = np.repeat(np.arange(len(corpus.words)), np.diff(terms.kept[:, 1]))
    totals = count(corpus)
    for kind in (DOCUMENTS, WINDOWS):
        expected = by_hand(corpus, kind)
        for i in range(len(corpus.words)):
            assert totals.words[i, :, kind].tolist() == [
                expected["words"][i],
                expected["own"][i],
            ]
        for place, of_caller in enumerate(terms.order):
            pair = corpus.pairs[of_caller]
            assert totals.pairs[place, :, kind].tolist() == [
                expected["pairs"][pair],
                expected["own pairs"][pair],
            ]
        for place, (i, language) in enumerate(zip(owners, terms.margin_language, strict=True)):
            assert totals.margins[place, kind] == expected["margins"][i, language]
        assert (
            Counter(
                {
                    (int(i), int(j)): int(totals.mixed[i, j, kind])
                    for i, j in np.argwhere(totals.mixed[:, :, kind])
                }
            )
            == +expected["mixed"]
        )
        assert totals.contexts[kind] == len(corpus.contexts(kind))


@given(corpora(), st.integers(0, 5))
def test_batches_add_up(corpus: Corpus, cut: int):
    terms = corpus.terms()
    parts = new_totals(terms)
    add(parts, corpus.documents[:cut], corpus, terms)
    add(parts, corpus.documents[cut:], corpus, terms)
    assert np.array_equal(parts.flat, count(corpus).flat)


@given(corpora())
def test_every_pair_has_its_margins_and_is_kept_by_the_word_with_fewer_pairs(corpus: Corpus):
    terms = corpus.terms()
    degree = Counter(i for pair in corpus.pairs for i in pair)
    languages = [language for _, language in corpus.words]
    for i in range(len(corpus.words)):
        first, last = terms.kept[i, 0], terms.kept[i + 1, 0]
        for partner, of_caller in zip(
            terms.partners[first:last], terms.order[first:last], strict=True
        ):
            assert set(corpus.pairs[of_caller]) == {i, int(partner)}
            assert degree[i] <= degree[int(partner)]
        others = {languages[i ^ a ^ b] for a, b in corpus.pairs if i in (a, b)} - {-1}
        margins = terms.margin_language[terms.kept[i, 1] : terms.kept[i + 1, 1]]
        assert margins.tolist() == (sorted(others) if languages[i] >= 0 else [])


def test_a_pair_of_a_word_with_itself_is_refused():
    one = np.zeros(1, np.int32)
    with pytest.raises(InputError, match="with itself"):
        term_pairs(np.array([0, 1]), np.zeros(1, np.int16), one, one, 1)


def test_spans_that_do_not_tile_the_tokens_are_refused():
    corpus = Corpus([(0, 0)], [], 1, [[[(0, [0])]]], 0.0)
    terms = corpus.terms()
    with pytest.raises(InputError, match="spans must tile"):
        add_term_counts(
            new_totals(terms),
            np.array([0, 1]),
            np.array([0, 1]),
            Matches(np.zeros(1, np.int32), np.zeros(1, np.int64)),
            np.array([0, 1]),
            Spans(np.empty(0, np.int64), np.empty(0, np.int16)),
            terms,
            0.0,
        )
