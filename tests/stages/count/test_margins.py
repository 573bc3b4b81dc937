"""Margins: the mixed contexts that hold a node, its events, and the margins of pairs."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.errors import InputError
from pivotmine.stages.count.margins import (
    count_margins,
    margin_runs,
    margin_table,
    pair_margins,
    read_margins,
)
from pivotmine.stages.count.pair_counts import count_pairs
from pivotmine.stages.count.pair_runs import PairRun
from tests.numeric.kernel_corpora import corpora, folded

LANGUAGE = np.array([0, 0, 1, 1, 2, 2], np.int8)
meetings = st.sets(
    st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(
        lambda pair: LANGUAGE[pair[0]] < LANGUAGE[pair[1]]
    )
)


def ids(values) -> np.ndarray:
    return np.array(list(values), np.int32)


@given(pairs=meetings, order=st.randoms(use_true_random=False))
def test_every_pair_finds_the_margins_of_both_its_nodes(pairs, order):
    known = {(a, int(LANGUAGE[b])) for a, b in pairs} | {(b, int(LANGUAGE[a])) for a, b in pairs}
    margins = {key: 10 * key[0] + key[1] for key in known}
    rows = order.sample(sorted(margins.items()), len(margins))
    table = margin_table(
        ids(node for (node, _), _ in rows),
        np.array([other for (_, other), _ in rows], np.int8),
        np.array([n for _, n in rows], np.int64),
        len(LANGUAGE),
    )
    a, b = ids(a for a, _ in pairs), ids(b for _, b in pairs)
    n_a, n_b = pair_margins(table, a, b, LANGUAGE)
    assert n_a.tolist() == [margins[x, LANGUAGE[y]] for x, y in pairs]
    assert n_b.tolist() == [margins[y, LANGUAGE[x]] for x, y in pairs]


def test_a_pair_without_a_margin_is_an_error():
    table = margin_table(ids([0]), np.array([1], np.int8), np.array([7], np.int64), 6)
    with pytest.raises(InputError, match="has no margins"):
        pair_margins(table, ids([0]), ids([2]), LANGUAGE)


def test_nodes_outside_the_table_are_refused():
    with pytest.raises(InputError, match=r"node must lie in 0\.\.5"):
        margin_table(ids([6]), np.array([1], np.int8), np.array([7], np.int64), 6)


@given(corpus=corpora())
def test_margins_and_events_are_those_of_counting_by_hand(corpus):
    rows = corpus.numbered_contexts()
    numbers = corpus.numbers
    language = {numbers[t]: corpus.languages[t] for t in numbers}
    n, events = Counter(), Counter()
    mixed = np.zeros((corpus.n_languages, corpus.n_languages), np.int64)
    for row in rows:
        held = Counter(language[token] for token in row)
        for x in held:
            for y in set(held) - {x}:
                mixed[x, y] += 1
                for token in row:
                    if language[token] == x:
                        n[token, y] += 1
                        events[token, y] += held[y]

    found = count_margins(folded(rows, [0] * len(rows)), corpus.first_number)
    keys = list(zip(found.token_id.tolist(), found.other_language.tolist(), strict=True))
    assert len(keys) == len(set(keys))
    assert dict(zip(keys, found.n.tolist(), strict=True)) == n
    assert dict(zip(keys, found.events.tolist(), strict=True)) == events
    assert found.n_contexts.tolist() == mixed.tolist()


@given(corpus=corpora())
def test_events_of_the_first_tokens_sum_to_the_counted_pairs(corpus):
    rows = corpus.numbered_contexts()
    contexts = folded(rows, [0] * len(rows))
    margins = count_margins(contexts, corpus.first_number)
    first = margins.token_id < corpus.first_number[margins.other_language]
    counted = sum(
        int(block.fold_counts.sum()) for block in count_pairs(contexts, corpus.first_number, 1)
    )
    assert margins.events[first].sum() == counted


@given(corpus=corpora())
def test_margins_are_read_back_from_their_runs(corpus):
    rows = corpus.numbered_contexts()
    contexts, first_node = folded(rows, [0] * len(rows)), corpus.first_number
    counted = count_margins(contexts, first_node)
    runs = list(margin_runs(contexts, first_node))
    joined = PairRun(*(np.concatenate(column) for column in zip(*runs, strict=True)))
    found = read_margins(joined, first_node)

    n_nodes = int(first_node[-1])
    table = margin_table(counted.token_id, counted.other_language, counted.n, n_nodes)
    assert all(np.array_equal(*pair) for pair in zip(found.table, table, strict=True))
    assert np.array_equal(found.n_contexts, counted.n_contexts)
    is_first = counted.token_id < first_node[counted.other_language]
    events = np.bincount(counted.token_id[is_first], counted.events[is_first], n_nodes)
    assert found.row_events.tolist() == events.tolist()
