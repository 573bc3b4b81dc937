"""Pair counts: how many contexts hold both tokens, exactly, whatever the chunks."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.errors import ConfigError, InputError
from pivotmine.stages.count.pair_counts import MAX_LANGUAGE_TOKENS, count_pairs
from tests.numeric.kernel_corpora import VOCAB_SIZE, Corpus, corpora, folded

N_FOLDS = st.integers(1, 5)

Pairs = dict[tuple[int, int], list[int]]


def fold_of(index: int, n_folds: int) -> int:
    return index * 7 % n_folds


def count(rows, folds, first_token, n_folds, /, **options) -> Pairs:
    """{(a, b): counts by fold}, with the order of rows checked on the way."""
    found: Pairs = {}
    order = []
    for block in count_pairs(folded(rows, folds), np.array(first_token), n_folds, **options):
        assert len(block.a) <= block.n_met <= options.get("block_pairs", 2**20)
        assert [block.a.dtype, block.b.dtype, block.fold_counts.dtype] == [np.int32] * 3
        for a, b, counts in zip(
            block.a.tolist(), block.b.tolist(), block.fold_counts.tolist(), strict=True
        ):
            language_a, language_b = (bisect_right(first_token, token) for token in (a, b))
            assert language_a < language_b
            order.append((language_a, language_b, a, b))
            found[a, b] = counts
    assert order == sorted(set(order))
    return found


def pairs_by_hand(rows, folds, first_token, n_folds) -> Pairs:
    language = np.searchsorted(first_token, np.arange(VOCAB_SIZE), side="right")
    seen = Counter(
        (a, b, fold)
        for row, fold in zip(rows, folds, strict=True)
        for a, b in combinations(row, 2)
        if language[a] != language[b]
    )
    return {
        (a, b): [seen[a, b, fold] for fold in range(n_folds)]
        for a, b in {(a, b) for a, b, _ in seen}
    }


def rows_and_folds(corpus: Corpus, n_folds: int) -> tuple[list[list[int]], list[int]]:
    rows = corpus.numbered_contexts()
    return rows, [fold_of(i, n_folds) for i in range(len(rows))]


@given(corpus=corpora(), n_folds=N_FOLDS)
def test_counts_are_the_contexts_that_hold_both_tokens(corpus, n_folds):
    rows, folds = rows_and_folds(corpus, n_folds)
    expected = pairs_by_hand(rows, folds, corpus.first_number, n_folds)
    assert count(rows, folds, corpus.first_number, n_folds) == expected


@given(corpus=corpora(), n_folds=N_FOLDS, min_count=st.integers(1, 4))
def test_pairs_below_the_threshold_are_left_out(corpus, n_folds, min_count):
    rows, folds = rows_and_folds(corpus, n_folds)
    every_pair = pairs_by_hand(rows, folds, corpus.first_number, n_folds)
    options = {"min_count": min_count}
    assert count(rows, folds, corpus.first_number, n_folds, **options) == {
        pair: counts for pair, counts in every_pair.items() if sum(counts) >= min_count
    }


@given(
    corpus=corpora(),
    n_folds=N_FOLDS,
    start=st.integers(0, VOCAB_SIZE),
    stop=st.integers(0, VOCAB_SIZE),
    step=st.integers(1, 5),
)
def test_a_range_of_rows_gives_the_pairs_that_begin_in_it(corpus, n_folds, start, stop, step):
    rows, folds = rows_and_folds(corpus, n_folds)
    chosen = range(start, stop, step)
    whole = count(rows, folds, corpus.first_number, n_folds)
    found = count(rows, folds, corpus.first_number, n_folds, rows=chosen)
    assert found == {pair: counts for pair, counts in whole.items() if pair[0] in chosen}


@given(corpus=corpora(), n_folds=N_FOLDS, block_pairs=st.integers(VOCAB_SIZE, 20))
def test_blocks_split_the_same_rows(corpus, n_folds, block_pairs):
    rows, folds = rows_and_folds(corpus, n_folds)
    whole = count(rows, folds, corpus.first_number, n_folds)
    options = {"block_pairs": block_pairs}
    assert count(rows, folds, corpus.first_number, n_folds, **options) == whole


@given(corpus=corpora(), n_folds=N_FOLDS, data=st.data())
def test_counts_of_chunks_add_up_to_the_whole(corpus, n_folds, data):
    rows, folds = rows_and_folds(corpus, n_folds)
    chunk_of = data.draw(st.lists(st.integers(0, 2), min_size=len(rows), max_size=len(rows)))
    total: dict[tuple[int, int], np.ndarray] = {}
    for chunk in range(3):
        chosen = [i for i in range(len(rows)) if chunk_of[i] == chunk]
        of_chunk = ([rows[i] for i in chosen], [folds[i] for i in chosen])
        for pair, counts in count(*of_chunk, corpus.first_number, n_folds).items():
            total[pair] = total.get(pair, 0) + np.array(counts)
    whole = count(rows, folds, corpus.first_number, n_folds)
    assert {pair: counts.tolist() for pair, counts in total.items()} == whole


def test_a_context_of_one_language_counts_nothing():
    assert count([[0, 1], [], [2]], [0, 0, 0], [0, 2, 3], 1) == {}


@pytest.mark.parametrize("n_folds", [1, 3, 5])
def test_a_fold_may_hold_more_contexts_than_sixteen_bits_can_count(n_folds):
    n = 2**16 + 5
    rows = [[0, 2]] * n + [[0, 3], [1, 3]]
    found = count(rows, [0] * len(rows), [0, 2, 4], n_folds)
    rest = [0] * (n_folds - 1)
    assert found == {(0, 2): [n, *rest], (0, 3): [1, *rest], (1, 3): [1, *rest]}


@pytest.mark.parametrize("more", [-70, 70])
def test_a_language_may_have_more_tokens_than_sixteen_bits_can_number(more):
    n = 2**16 + more
    contexts = folded([[0, *range(1, n)], [0, n - 1]], [0, 1])
    [block] = count_pairs(contexts, np.array([0, 1, n]), 2)
    assert block.b.tolist() == list(range(1, n))
    assert block.fold_counts.sum(axis=0).tolist() == [n - 1, 1]
    assert block.fold_counts[-1].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("rows", "folds", "message"),
    [
        ([[0, 2]], [2], "folds must lie in 0..1; found 2..2"),
        ([[0, 2]], [0, 0], "2 folds for 1 contexts"),
        ([[2, 0]], [0], "ascending order"),
        ([[0, 0, 2]], [0], "distinct"),
        ([[0, 3]], [0], "token_ids must lie in 0..2"),
    ],
)
def test_contexts_that_were_not_built_for_these_languages_are_refused(rows, folds, message):
    with pytest.raises(InputError, match=message):
        list(count_pairs(folded(rows, folds), np.array([0, 2, 3]), 2))


def test_a_language_of_more_tokens_than_an_entry_can_number_is_refused():
    first_token = np.array([0, 1, MAX_LANGUAGE_TOKENS + 2])
    with pytest.raises(InputError, match="4194304 ids of a language"):
        list(count_pairs(folded([[0, 1]], [0]), first_token, 1))


@pytest.mark.parametrize("options", [{"n_folds": 0}, {"n_folds": 257}, {"block_pairs": 0}])
def test_settings_out_of_range_are_named(options):
    options = {"n_folds": 1, "block_pairs": 1} | options
    with pytest.raises(ConfigError, match=r"=(0|257);"):
        n_folds = options.pop("n_folds")
        count([[0, 1]], [0], [0, 1, 2], n_folds, **options)
