"""Pair counts: how many contexts hold both tokens, exactly, whatever the chunks and the engine."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.errors import ConfigError, InputError
from pivotmine.kernels.contexts import Contexts
from pivotmine.kernels.pair_counts import Margins, count_margins, count_pairs
from tests.kernels.kernel_corpora import ENGINES, VOCAB_SIZE, Corpus, corpora

N_FOLDS = st.integers(1, 5)


def contexts_of(rows: list[list[int]]) -> Contexts:
    return Contexts(
        np.cumsum([0, *map(len, rows)]),
        np.array([token for row in rows for token in row], np.int32),
        np.arange(len(rows), dtype=np.int32),
    )


def fold_of(index: int, n_folds: int) -> int:
    return index * 7 % n_folds


def count(rows, folds, languages, n_folds, **options) -> dict[tuple[int, int], list[int]]:
    """{(a, b): counts by fold}, with the order of rows checked on the way."""
    n_languages = max(languages, default=-1) + 1
    found: dict[tuple[int, int], list[int]] = {}
    order = []
    for block in count_pairs(
        contexts_of(rows),
        np.array(folds, np.uint8),
        np.array(languages, np.int8),
        n_languages,
        n_folds,
        **options,
    ):
        assert 0 < len(block.a) <= options.get("block_pairs", 2**20)
        assert [block.a.dtype, block.b.dtype, block.fold_counts.dtype] == [np.int32] * 3
        for a, b, counts in zip(
            block.a.tolist(), block.b.tolist(), block.fold_counts.tolist(), strict=True
        ):
            assert (languages[a], languages[b]) == (block.language_a, block.language_b)
            order.append((block.language_a, block.language_b, a, b))
            found[a, b] = counts
    assert order == sorted(set(order))
    return found


def pairs_by_hand(rows, folds, languages, n_folds) -> dict[tuple[int, int], list[int]]:
    seen = Counter(
        (a, b, fold)
        for row, fold in zip(rows, folds, strict=True)
        for a, b in combinations(row, 2)
        if languages[a] != languages[b]
    )
    return {
        (a, b): [seen[a, b, fold] for fold in range(n_folds)]
        for a, b in {(a, b) for a, b, _ in seen}
    }


def rows_and_folds(corpus: Corpus, n_folds: int) -> tuple[list[list[int]], list[int]]:
    rows = [row for _, row in corpus.mixed_contexts()]
    return rows, [fold_of(i, n_folds) for i in range(len(rows))]


@pytest.mark.parametrize("engine", ENGINES)
@given(corpus=corpora(), n_folds=N_FOLDS)
def test_counts_are_the_contexts_that_hold_both_tokens(engine, corpus, n_folds):
    rows, folds = rows_and_folds(corpus, n_folds)
    expected = pairs_by_hand(rows, folds, corpus.languages, n_folds)
    assert count(rows, folds, corpus.languages, n_folds, engine=engine) == expected


@pytest.mark.parametrize("engine", ENGINES)
@given(corpus=corpora(), n_folds=N_FOLDS, block_pairs=st.integers(1, 7))
def test_blocks_split_the_same_rows(engine, corpus, n_folds, block_pairs):
    rows, folds = rows_and_folds(corpus, n_folds)
    whole = count(rows, folds, corpus.languages, n_folds, engine=engine)
    options = {"engine": engine, "block_pairs": block_pairs}
    assert count(rows, folds, corpus.languages, n_folds, **options) == whole


@given(corpus=corpora(), n_folds=N_FOLDS, data=st.data())
def test_counts_of_chunks_add_up_to_the_whole(corpus, n_folds, data):
    rows, folds = rows_and_folds(corpus, n_folds)
    chunk_of = data.draw(st.lists(st.integers(0, 2), min_size=len(rows), max_size=len(rows)))
    total: dict[tuple[int, int], np.ndarray] = {}
    for chunk in range(3):
        chosen = [i for i in range(len(rows)) if chunk_of[i] == chunk]
        part = count(
            [rows[i] for i in chosen], [folds[i] for i in chosen], corpus.languages, n_folds
        )
        for pair, counts in part.items():
            total[pair] = total.get(pair, 0) + np.array(counts)
    whole = count(rows, folds, corpus.languages, n_folds)
    assert {pair: counts.tolist() for pair, counts in total.items()} == whole


@pytest.mark.parametrize("engine", ENGINES)
def test_a_context_of_one_language_counts_nothing(engine):
    assert count([[0, 1], [], [2]], [0, 0, 0], [0, 0, 1], 1, engine=engine) == {}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("n_folds", [1, 3])
def test_a_fold_may_hold_more_contexts_than_sixteen_bits_count(engine, n_folds):
    n = 2**16 + 5
    found = count([[0, 1]] * n + [[0, 2]], [0] * (n + 1), [0, 1, 1], n_folds, engine=engine)
    rest = [0] * (n_folds - 1)
    assert found == {(0, 1): [n, *rest], (0, 2): [1, *rest]}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_language_may_have_more_tokens_than_sixteen_bits_number(engine):
    n = 2**16 + 70
    contexts = contexts_of([[0, *range(1, n)], [0, n - 1]])
    language = np.ones(n, np.int8)
    language[0] = 0
    folds = np.array([0, 1], np.uint8)
    [block] = count_pairs(contexts, folds, language, 2, 2, engine=engine)
    assert block.b.tolist() == list(range(1, n))
    assert block.fold_counts.sum(axis=0).tolist() == [n - 1, 1]
    assert block.fold_counts[-1].tolist() == [1, 1]


@given(corpus=corpora(), n_folds=N_FOLDS)
def test_margins_are_the_mixed_contexts_of_a_token(corpus, n_folds):
    rows, folds = rows_and_folds(corpus, n_folds)
    n_languages = corpus.n_languages
    margins = count_margins(
        contexts_of(rows),
        np.array(folds, np.uint8),
        corpus.token_language,
        n_languages,
        n_folds,
    )
    tokens = Counter()
    mixed = np.zeros((n_languages, n_languages, n_folds), np.int64)
    for row, fold in zip(rows, folds, strict=True):
        here = {corpus.languages[token] for token in row}
        for x in here:
            for y in here - {x}:
                mixed[x, y, fold] += 1
                tokens.update((t, y, fold) for t in row if corpus.languages[t] == x)
    assert margins.n_contexts.tolist() == mixed.tolist()
    assert as_counter(margins) == tokens
    keys = list(zip(margins.token_id.tolist(), margins.other_language.tolist(), strict=True))
    assert keys == sorted(set(keys))
    assert all(row.any() for row in margins.fold_counts)


def as_counter(margins: Margins) -> Counter:
    return Counter(
        {
            (token, other, fold): n
            for token, other, counts in zip(
                margins.token_id.tolist(),
                margins.other_language.tolist(),
                margins.fold_counts.tolist(),
                strict=True,
            )
            for fold, n in enumerate(counts)
            if n
        }
    )


@pytest.mark.parametrize(
    ("rows", "folds", "message"),
    [
        ([[0, 2]], [2], "folds must lie in 0..1; found 2..2"),
        ([[0, 2]], [0, 0], "2 folds for 1 contexts"),
        ([[2, 0]], [0], "ordered by"),
        ([[0, 0, 2]], [0], "distinct"),
        ([[0, 3]], [0], "without language"),
        ([[0, VOCAB_SIZE]], [0], "contexts.token_ids must lie in 0..3"),
    ],
)
def test_contexts_that_were_not_built_for_these_languages_are_refused(rows, folds, message):
    with pytest.raises(InputError, match=message):
        list(
            count_pairs(
                contexts_of(rows), np.array(folds, np.uint8), np.array([0, 0, 1, -1], np.int8), 2, 2
            )
        )


@pytest.mark.parametrize("options", [{"n_folds": 0}, {"n_folds": 257}, {"block_pairs": 0}])
def test_settings_out_of_range_name_themselves(options):
    options = {"n_folds": 1, "block_pairs": 1} | options
    with pytest.raises(ConfigError, match=r"=(0|257);"):
        count([[0, 1]], [0], [0, 1], **options)
