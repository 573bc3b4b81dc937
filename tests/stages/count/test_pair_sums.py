"""Sums of pairs: runs of any cut and order add up to what a dictionary holds."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.errors import InputError
from pivotmine.stages.count.pair_runs import PairRun
from pivotmine.stages.count.pair_sums import (
    SAMPLE,
    PairSums,
    add_run,
    bytes_per_distinct_pair,
    cleared,
    in_sample,
    new_sums,
    summed,
)
from tests.stages.count.test_pair_runs import LARGEST, N_FOLDS, Counts, rows_of, run_of

ids = st.integers(-5, 40) | st.sampled_from([4095, LARGEST, 1 - 2**31])
count = st.integers(0, 3) | st.integers(250, 260) | st.just(LARGEST)
pairs = st.dictionaries(st.tuples(ids, ids), st.lists(count, min_size=N_FOLDS, max_size=N_FOLDS))


def sums_of(chunks: list[Counts], dtype: type = np.int32) -> PairSums:
    sums = new_sums(N_FOLDS)
    for chunk in chunks:
        run = run_of(chunk)
        sums = add_run(sums, run._replace(fold_counts=run.fold_counts.astype(dtype)))
    return sums


def by_dictionary(chunks: list[Counts], min_count: int):
    totals = [Counter[tuple[int, int]]() for _ in range(N_FOLDS)]
    for chunk in chunks:
        for key, counts in chunk.items():
            for fold, n in enumerate(counts):
                totals[fold][key] += n
    keys = sorted({key for chunk in chunks for key in chunk})
    rows = [(key, [total[key] for total in totals]) for key in keys]
    return [
        (key, counts)
        for key, counts in rows
        if sum(counts) >= min_count or key[1] < 0 or is_sampled(*key)
    ]


def is_sampled(a: int, b: int) -> bool:
    return bool(in_sample(np.array([a], np.int32), np.array([b], np.int32))[0])


@given(st.lists(pairs, max_size=6), st.integers(0, 500))
def test_every_pair_has_its_sum_once_and_in_order(chunks, min_count: int):
    result = summed(sums_of(chunks), min_count)
    assert rows_of(result) == by_dictionary(chunks, min_count)
    assert [column.dtype for column in result] == [np.int32, np.int32, np.int64]


@given(st.lists(pairs, max_size=4), st.randoms(use_true_random=False))
def test_the_order_of_the_runs_does_not_matter(chunks, random):
    shuffled = random.sample(chunks, len(chunks))
    assert rows_of(summed(sums_of(chunks), 0)) == rows_of(summed(sums_of(shuffled), 0))


def test_counts_from_bytes_do_not_wrap():
    chunk = {(1, 2): [255, 0, 1]}
    assert rows_of(summed(sums_of([chunk] * 300, np.uint8), 0)) == [((1, 2), [76500, 0, 300])]


def test_pairs_of_the_sample_are_kept_whatever_their_count():
    a, b = (side.ravel().astype(np.int32) for side in np.indices((1000, 1000)))
    sums = add_run(new_sums(1), PairRun(a, b, np.ones((len(a), 1), np.int32)))
    kept = summed(sums, 2)
    assert len(kept.a) == pytest.approx(len(a) / SAMPLE, rel=0.1)
    assert in_sample(kept.a, kept.b).all()
    pairs = zip(a.tolist(), b.tolist(), strict=True)
    assert in_sample(a, b).tolist() == [is_sampled(*pair) for pair in pairs]


def test_cleared_totals_are_empty():
    sums = cleared(sums_of([{(1, 2): [1, 1, 1]}]))
    assert rows_of(summed(sums, 0)) == []
    assert rows_of(summed(add_run(sums, run_of({(3, 4): [1, 0, 0]})), 0)) == [((3, 4), [1, 0, 0])]


def test_a_growing_table_keeps_its_pairs_within_the_memory_bound():
    ids = np.arange(200_000, dtype=np.int32)
    run = PairRun(ids // 7, ids, np.ones((len(ids), 1), np.int32))
    sums = add_run(add_run(new_sums(1), run), run)
    assert sums.n_pairs == len(ids)
    # At the last doubling the table of half the size existed beside it.
    assert 1.5 * sums.slots.nbytes <= bytes_per_distinct_pair(1) * len(ids)
    a, b, counts = summed(sums, 2)
    assert np.array_equal(a, run.a) and np.array_equal(b, ids) and set(counts[:, 0]) == {2}


def test_the_id_that_marks_an_empty_slot_is_refused():
    lowest = np.array([-(2**31)], np.int32)
    with pytest.raises(InputError, match="empty slot"):
        add_run(new_sums(1), PairRun(lowest, lowest, np.ones((1, 1), np.int32)))


def test_columns_of_different_length_are_refused():
    ids = np.zeros(2, np.int32)
    with pytest.raises(InputError, match="2 a, 2 b and 1 counts"):
        add_run(new_sums(1), PairRun(ids, ids, np.ones((1, 1), np.int32)))
