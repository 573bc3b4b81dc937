"""Runs of pairs: however they are cut and bucketed, their sums are those of a dictionary."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.kernels.pair_runs import PairRun, merge_runs, split_by_bucket

N_FOLDS = 3
ids = st.integers(-5, 40)
pairs = st.dictionaries(
    st.tuples(ids, ids), st.lists(st.integers(0, 2**31 - 1), min_size=N_FOLDS, max_size=N_FOLDS)
)


def run_of(counts: dict[tuple[int, int], list[int]]) -> PairRun:
    keys = sorted(counts)
    columns = np.array(keys, np.int32).reshape(-1, 2)
    folds = np.array([counts[key] for key in keys], np.int32).reshape(-1, N_FOLDS)
    return PairRun(columns[:, 0], columns[:, 1], folds.T)


def rows_of(run: PairRun) -> list[tuple[tuple[int, int], list[int]]]:
    keys = zip(run.a.tolist(), run.b.tolist(), strict=True)
    return list(zip(keys, run.fold_counts.T.tolist(), strict=True))


def summed(
    chunks: list[dict[tuple[int, int], list[int]]],
) -> list[tuple[tuple[int, int], list[int]]]:
    totals = [Counter[tuple[int, int]]() for _ in range(N_FOLDS)]
    for chunk in chunks:
        for key, counts in chunk.items():
            for fold, count in enumerate(counts):
                totals[fold][key] += count
    keys = sorted({key for chunk in chunks for key in chunk})
    return [(key, [total[key] for total in totals]) for key in keys]


@given(st.lists(pairs, min_size=1, max_size=6))
def test_merged_runs_hold_every_pair_once_with_its_sum_in_order(chunks):
    assert rows_of(merge_runs([run_of(chunk) for chunk in chunks])) == summed(chunks)


@given(pairs, st.integers(1, 300))
def test_buckets_part_a_run_without_loss_and_keep_its_order(counts, n_buckets: int):
    parts = list(split_by_bucket(run_of(counts), n_buckets))
    for _, part in parts:
        keys = [key for key, _ in rows_of(part)]
        assert keys and keys == sorted(keys)
    assert sorted(row for _, part in parts for row in rows_of(part)) == rows_of(run_of(counts))


@given(st.lists(pairs, min_size=2, max_size=4), st.integers(1, 50))
def test_all_runs_of_a_node_meet_in_one_bucket(chunks, n_buckets: int):
    bucket_of: dict[int, int] = {}
    for chunk in chunks:
        for bucket, part in split_by_bucket(run_of(chunk), n_buckets):
            assert 0 <= bucket < n_buckets
            for node in part.a.tolist():
                assert bucket_of.setdefault(node, bucket) == bucket
