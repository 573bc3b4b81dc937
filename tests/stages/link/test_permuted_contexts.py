"""A permutation keeps all margins of all strata, moves texts, and depends on content alone."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.numeric.folded_contexts import FoldedContexts, join
from pivotmine.stages.link.permuted_contexts import deal, permuted_contexts
from pivotmine.stages.link.strata import SIZES, PairStrata, mixed_contexts, strata_of
from tests.stages.link.test_strata import FIRST, context, contexts_of, strata_from


def taken(contexts: FoldedContexts, order: list[int]) -> FoldedContexts:
    lists = np.split(contexts.token_ids, contexts.offsets[1:-1])
    rows = [(set(lists[c].tolist()), int(contexts.sources[c])) for c in order]
    return contexts_of(rows)._replace(folds=contexts.folds[order])


def rows_of(contexts: FoldedContexts) -> Counter:
    lists = np.split(contexts.token_ids, contexts.offsets[1:-1]) if len(contexts.folds) else []
    folds, sources = contexts.folds.tolist(), contexts.sources.tolist()
    return Counter(zip(map(tuple, lists), folds, sources, strict=True))


def margins(contexts: FoldedContexts, strata) -> Counter:
    """Contexts of each language pair and stratum that hold each node."""
    found: Counter = Counter()
    for mixed in mixed_contexts(contexts, FIRST):
        for i, stratum in enumerate(strata_of(mixed, strata).tolist()):
            for start, length in zip(mixed.starts, mixed.lengths, strict=True):
                for node in contexts.token_ids[start[i] : start[i] + length[i]].tolist():
                    found[mixed.languages, stratum, node] += 1
    return found


@given(st.lists(context, max_size=30), st.integers(1, 5), st.integers(0, 3))
def test_a_permutation_keeps_the_margins_of_every_stratum(rows, least, number):
    contexts = contexts_of(rows)
    # By source alone: a moved text changes the size of a context.
    strata = strata_from(contexts, least, by_size=False)
    permuted = permuted_contexts(contexts, FIRST, strata, number)
    assert margins(permuted, strata) == margins(contexts, strata)


@given(st.lists(context, max_size=30), st.integers(1, 5), st.randoms(use_true_random=False))
def test_a_permutation_does_not_depend_on_the_order_of_the_contexts(rows, least, random):
    contexts = contexts_of(rows)
    contexts = contexts._replace(folds=np.arange(len(rows), dtype=np.uint8) % 3)
    strata = strata_from(contexts, least)
    order = list(range(len(rows)))
    random.shuffle(order)
    shuffled = taken(contexts, order)
    one, other = (permuted_contexts(each, FIRST, strata, 1) for each in (contexts, shuffled))
    assert rows_of(one) == rows_of(other)


def different(n: int) -> FoldedContexts:
    """Contexts of one stratum, each with words of its own in two languages of 500."""
    return FoldedContexts(
        np.arange(0, 2 * n + 1, 2),
        np.array([node for c in range(n) for node in (c, 500 + c)], np.int32),
        np.zeros(n, np.uint8),
        np.zeros(n, np.uint32),
    )


def partners(number: int, n: int = 200) -> list[int]:
    strata = {(0, 1): PairStrata(
        np.empty(0, np.uint32), np.zeros((1, SIZES), np.int16), np.array([n])
    )}  # fmt: skip
    permuted = permuted_contexts(different(n), np.array([0, 500, 1000]), strata, number)
    pairs = permuted.token_ids.reshape(-1, 2)
    return (pairs[np.argsort(pairs[:, 0]), 1] - 500).tolist()


def test_every_context_gets_the_text_of_another():
    found = partners(0)
    assert sorted(found) == list(range(200))
    assert not any(c == other for c, other in enumerate(found))


def test_permutations_differ_by_their_number():
    one, other = partners(0), partners(1)
    assert sum(a == b for a, b in zip(one, other, strict=True)) < 10


def test_texts_stay_in_their_source():
    rows = [({0, 4}, 1)] * 5 + [({1, 5}, 1)] * 5 + [({2, 6}, 2)] * 5 + [({3, 7}, 2)] * 5
    contexts = contexts_of(rows)
    permuted = permuted_contexts(contexts, FIRST, strata_from(contexts, 3, by_size=False), 0)
    met = {tuple(nodes) for nodes in permuted.token_ids.reshape(-1, 2).tolist()}
    assert all((a in (0, 1)) == (b in (4, 5)) for a, b in met)


def test_copies_do_not_get_their_own_text_back():
    rows = [({0, 4}, 1)] * 50 + [({1, 5}, 1)] * 50
    contexts = contexts_of(rows)
    permuted = permuted_contexts(contexts, FIRST, strata_from(contexts, 3), 0)
    met = Counter(map(tuple, permuted.token_ids.reshape(-1, 2).tolist()))
    assert 10 < met[0, 4] < 40, "25 by chance"


@given(st.lists(context, max_size=30), st.integers(1, 4))
def test_blocks_share_out_the_contexts_by_their_content(rows, n_blocks):
    contexts = contexts_of(rows)
    found = list(deal(contexts, n_blocks))
    assert rows_of(join([part for _, part in found])) == rows_of(contexts)
    of_row = {row: {n for n, part in found if row in rows_of(part)} for row in rows_of(contexts)}
    assert all(len(numbers) == 1 for numbers in of_row.values())
    again = dict(deal(taken(contexts, list(range(len(rows)))[::-1]), n_blocks))
    assert {n: rows_of(part) for n, part in found} == {n: rows_of(p) for n, p in again.items()}
