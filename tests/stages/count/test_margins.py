"""Margins: each pair finds those of its two nodes, or the kernel says that they are missing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.errors import InputError
from pivotmine.stages.count.margins import margin_table, pair_margins
from tests.numeric.kernel_corpora import ENGINES

LANGUAGE = np.array([0, 0, 1, 1, 2, 2], np.int8)
meetings = st.sets(
    st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(
        lambda pair: LANGUAGE[pair[0]] < LANGUAGE[pair[1]]
    )
)


def ids(values) -> np.ndarray:
    return np.array(list(values), np.int32)


@pytest.mark.parametrize("engine", ENGINES)
@given(pairs=meetings, order=st.randoms(use_true_random=False))
def test_every_pair_finds_the_margins_of_both_its_nodes(engine, pairs, order):
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
    found = pair_margins(table, a, b, LANGUAGE, engine=engine)
    assert found.n_a.tolist() == [margins[x, LANGUAGE[y]] for x, y in pairs]
    assert found.n_b.tolist() == [margins[y, LANGUAGE[x]] for x, y in pairs]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_pair_without_a_margin_is_an_error_and_not_a_zero(engine):
    table = margin_table(ids([0]), np.array([1], np.int8), np.array([7], np.int64), 6)
    with pytest.raises(InputError, match="margins were not"):
        pair_margins(table, ids([0]), ids([2]), LANGUAGE, engine=engine)


def test_nodes_outside_the_table_are_refused():
    with pytest.raises(InputError, match=r"node must lie in 0\.\.5"):
        margin_table(ids([6]), np.array([1], np.int8), np.array([7], np.int64), 6)
