"""Strata: which contexts are compared, and what they say of a pair."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.errors import InputError
from pivotmine.numeric.folded_contexts import FoldedContexts
from pivotmine.stages.count.pair_runs import PairRun
from pivotmine.stages.link.strata import (
    CELLS,
    SIZES,
    cells,
    mixed_contexts,
    plan_strata,
    strata_of,
)
from pivotmine.stages.link.stratum_margins import (
    StratumMargins,
    chance_meetings,
    stratum_margins,
    stratum_runs,
)

FIRST = np.array([0, 4, 8, 12])
"""Three languages of four nodes."""

context = st.tuples(st.sets(st.integers(0, 11), min_size=1), st.integers(0, 3))


def contexts_of(rows: list[tuple[set[int], int]]) -> FoldedContexts:
    return FoldedContexts(
        np.cumsum([0, *(len(nodes) for nodes, _ in rows)]),
        np.array([node for nodes, _ in rows for node in sorted(nodes)], np.int32),
        np.zeros(len(rows), np.uint8),
        np.array([source for _, source in rows], np.uint32),
    )


def strata_from(contexts: FoldedContexts, least: int, most: int = 64, *, by_size: bool = True):
    found = [CELLS.empty_table(), *map(_table, cells(contexts, FIRST, True, by_size))]
    return plan_strata(pa.concat_tables(found), least, most)


def _table(batch: pa.RecordBatch) -> pa.Table:
    return pa.Table.from_batches([batch])


def of_table(rows: dict[tuple[int, int], int]):
    """Strata of one language pair from contexts by (source, octave of the second text)."""
    columns = [(0, 1, source, octave, n, 0) for (source, octave), n in rows.items()]
    names = CELLS.names
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in columns], CELLS)


@given(st.lists(context, max_size=40), st.integers(1, 6), st.integers(1, 6))
def test_every_context_has_a_stratum_and_none_is_small_or_beyond_the_limit(rows, least, most):
    contexts = contexts_of(rows)
    strata = strata_from(contexts, least, most)
    for mixed in mixed_contexts(contexts, FIRST):
        sizes = strata[mixed.languages].sizes
        found = np.bincount(strata_of(mixed, strata), minlength=len(sizes))
        assert found.tolist() == sizes.tolist()
        assert len(sizes) <= most
        in_rest = set(strata[mixed.languages].stratum[-1].tolist())
        assert all(n >= least or stratum in in_rest for stratum, n in enumerate(sizes))
        assert sizes.sum() == len(mixed.context)


def test_sources_and_octaves_have_strata_of_their_own():
    strata = plan_strata(of_table({(7, 3): 10, (7, 4): 12, (9, 3): 11, (9, 5): 10}), 10, 64)[0, 1]
    assert strata.sources.tolist() == [7, 9]
    assert sorted(strata.sizes.tolist()) == [10, 10, 11, 12]
    assert len({strata.stratum[0, 3], strata.stratum[0, 4], *strata.stratum[1, [3, 5]]}) == 4


def test_small_octaves_join_their_neighbours():
    strata = plan_strata(of_table({(7, 3): 4, (7, 4): 7, (7, 5): 10, (7, 6): 1}), 10, 64)[0, 1]
    assert strata.stratum[0, 3] == strata.stratum[0, 4] != strata.stratum[0, 5]
    assert strata.stratum[0, 5] == strata.stratum[0, 6]
    assert strata.sizes.tolist() == [11, 11]


def test_small_sources_are_one_stratum():
    strata = plan_strata(of_table({(7, 3): 50, (8, 3): 6, (9, 3): 5}), 10, 64)[0, 1]
    assert strata.sources.tolist() == [7]
    assert sorted(strata.sizes.tolist()) == [11, 50]


def test_a_rest_may_be_small_so_that_no_source_is_mixed_with_others():
    strata = plan_strata(of_table({(7, 3): 50, (8, 3): 20, (9, 3): 5}), 10, 64)[0, 1]
    assert strata.sources.tolist() == [7, 8]
    assert strata.sizes[strata.stratum[:, 3]].tolist() == [50, 20, 5]


def test_the_smallest_sources_beyond_the_limit_are_one():
    rows = {(source, 3): 10 + source for source in range(20)}
    strata = plan_strata(of_table(rows), 10, 4)[0, 1]
    assert strata.sources.tolist() == [17, 18, 19]
    assert len(strata.sizes) == 4


def test_strata_do_not_depend_on_the_order_of_the_contexts():
    rows = [({node, 4 + node}, node % 3) for node in range(4)] * 5
    one, other = (strata_from(contexts_of(order), 4) for order in (rows, rows[::-1]))
    assert one.keys() == other.keys()
    for pair, found in one.items():
        for left, right in zip(found, other[pair], strict=True):
            assert left.tolist() == right.tolist()


def test_contexts_of_languages_that_were_not_counted_are_refused():
    contexts = contexts_of([({0, 4}, 0)])
    (mixed,) = mixed_contexts(contexts, FIRST)
    with pytest.raises(InputError, match="no strata"):
        strata_of(mixed, {})


def margins_of(contexts: FoldedContexts, strata, parts: int = 1) -> StratumMargins:
    """Margins by stratum, counted in parts and summed."""
    total: Counter[tuple[int, int]] = Counter()
    cuts = np.linspace(0, len(contexts.folds), parts + 1).astype(int)
    for start, end in zip(cuts, cuts[1:], strict=False):
        offsets = contexts.offsets[start : end + 1]
        part = FoldedContexts(
            offsets - offsets[0],
            contexts.token_ids[offsets[0] : offsets[-1]],
            contexts.folds[start:end],
            contexts.sources[start:end],
        )
        for run in stratum_runs(part, FIRST, strata, 64):
            for a, b, n in zip(run.a, run.b, run.fold_counts[:, 0], strict=True):
                total[int(a), int(b)] += int(n)
    keys = np.array(sorted(total), np.int32).reshape(-1, 2)
    n = np.array([total[a, b] for a, b in keys.tolist()], np.int64)
    run = PairRun(keys[:, 0], keys[:, 1], n.reshape(-1, 1))
    return stratum_margins(run, strata, int(FIRST[-1]), len(FIRST) - 1, 64)


@given(st.lists(context, max_size=30), st.integers(1, 5), st.integers(1, 3))
def test_mean_and_largest_number_are_sums_over_strata(rows, least, parts):
    contexts = contexts_of(rows)
    strata = strata_from(contexts, least)
    margins = margins_of(contexts, strata, parts)
    language = np.repeat(np.arange(3, dtype=np.int8), 4)
    a, b = (np.array(side, np.int32) for side in zip(*combinations(range(12), 2), strict=True))
    apart = language[a] != language[b]
    a, b = a[apart], b[apart]
    mean, most = chance_meetings(margins, a, b, language)
    expected, largest = np.zeros(len(a)), np.zeros(len(a))
    for mixed in mixed_contexts(contexts, FIRST):
        x, y = mixed.languages
        for stratum in set(strata_of(mixed, strata).tolist()):
            of = [rows[c][0] for c in mixed.context[strata_of(mixed, strata) == stratum]]
            for i in np.flatnonzero((language[a] == x) & (language[b] == y)):
                with_a, with_b = (sum(int(v[i]) in nodes for nodes in of) for v in (a, b))
                expected[i] += with_a * with_b / len(of)
                largest[i] += min(with_a, with_b)
    assert mean == pytest.approx(expected)
    assert most == pytest.approx(largest)


@given(st.lists(context, min_size=1, max_size=60), st.integers(1, 4))
def test_margins_by_stratum_keep_within_their_bound(rows, most):
    contexts = contexts_of(rows)
    margins = margins_of(contexts, strata_from(contexts, 1, most))
    met = {
        (int(node), mixed.languages[1 - side])
        for mixed in mixed_contexts(contexts, FIRST)
        for side in (0, 1)
        for c, start, n in zip(mixed.context, mixed.starts[side], mixed.lengths[side], strict=True)
        for node in contexts.token_ids[start : start + n]
    }
    assert len(margins.code) <= most * len(met)
    assert margins.code.itemsize + margins.n.itemsize == 8


def test_octaves_of_both_texts_split_contexts():
    # By the size of the first text there are 7 and 6, which are joined; the second has 13.
    rows = {(7, 44 * 1 + 4): 7, (7, 44 * 2 + 4): 6, (7, 44 * 3 + 4): 10, (7, 44 * 3 + 5): 11}
    strata = plan_strata(of_table(rows), 10, 64)[0, 1]
    assert strata.sizes.tolist() == [13, 10, 11]
    assert strata.stratum[0, 44 * 1 + 4] == strata.stratum[0, 44 * 2 + 4] == 0


def test_every_size_has_a_class():
    most = 2**22 - 1
    assert (int(2 * np.log2(most)) + 1) ** 2 <= SIZES
