"""Runs of pairs: dealing them into buckets loses, doubles and changes nothing."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.stages.count.pair_runs import PACKED_BYTES_PER_PAIR, PairRun, deal, pack, unpack

N_FOLDS = 3
LARGEST = 2**31 - 1
ids = st.integers(-5, 40) | st.sampled_from([4095, 4096, LARGEST, -(2**31)])
count = st.integers(0, 3) | st.integers(250, 260) | st.just(LARGEST)
Counts = dict[tuple[int, int], list[int]]
pairs = st.dictionaries(st.tuples(ids, ids), st.lists(count, min_size=N_FOLDS, max_size=N_FOLDS))


def run_of(counts: Counts) -> PairRun:
    keys = sorted(counts)
    columns = np.array(keys, np.int32).reshape(-1, 2)
    folds = np.array([counts[key] for key in keys], np.int32).reshape(-1, N_FOLDS)
    return PairRun(columns[:, 0], columns[:, 1], folds)


def rows_of(run: PairRun) -> list[tuple[tuple[int, int], list[int]]]:
    keys = zip(run.a.tolist(), run.b.tolist(), strict=True)
    return list(zip(keys, run.fold_counts.tolist(), strict=True))


@given(pairs, st.integers(1, 300))
def test_buckets_split_a_run_without_loss_and_keep_its_order(counts: Counts, n_buckets: int):
    parts = [part for dealt in deal(run_of(counts), n_buckets) for part in dealt.parts()]
    for _, part in parts:
        keys = [key for key, _ in rows_of(part)]
        assert keys and keys == sorted(keys)
    assert sorted(row for _, part in parts for row in rows_of(part)) == rows_of(run_of(counts))


@given(pairs)
def test_counts_travel_as_bytes_where_all_of_a_pair_fit(counts: Counts):
    for dealt in deal(run_of(counts), 7):
        fits = dealt.run.fold_counts.max(axis=1) <= 255
        assert fits.all() if dealt.run.fold_counts.dtype == np.uint8 else not fits.any()


@given(pairs, st.integers(1, 5))
def test_a_packed_run_is_unpacked_unchanged(counts: Counts, n_buckets: int):
    for dealt in deal(run_of(counts), n_buckets):
        for _, part in dealt.parts():
            wide = part.fold_counts.dtype == np.int32
            back = unpack(pack(part), len(part.a), N_FOLDS, wide)
            assert rows_of(back) == rows_of(part)
            assert [column.dtype for column in back] == [column.dtype for column in part]


def test_pairs_of_a_chunk_pack_into_a_few_bytes_each():
    a = np.repeat(np.arange(1000, dtype=np.int32), 100)
    b = np.tile(np.arange(0, 700, 7, dtype=np.int32), 1000)
    run = PairRun(a, b, np.eye(4, dtype=np.uint8)[a % 4])
    assert len(pack(run)) <= PACKED_BYTES_PER_PAIR * len(a)


@given(st.lists(pairs, min_size=2, max_size=4), st.integers(1, 50))
def test_a_pair_goes_to_one_bucket_whatever_run_holds_it(chunks, n_buckets: int):
    bucket_of: dict[tuple[int, int], int] = {}
    for chunk in chunks:
        for dealt in deal(run_of(chunk), n_buckets):
            for bucket, part in dealt.parts():
                assert 0 <= bucket < n_buckets
                for key, _ in rows_of(part):
                    assert bucket_of.setdefault(key, bucket) == bucket


def test_the_partners_of_a_hot_node_are_spread_over_the_buckets():
    n_pairs, n_buckets = 2**20, 64
    b = np.arange(n_pairs, dtype=np.int32)
    run = PairRun(np.zeros(n_pairs, np.int32), b, np.ones((n_pairs, 1), np.int32))
    (dealt,) = deal(run, n_buckets)
    sizes = np.diff(dealt.ends, prepend=0)
    assert sizes.max() <= 4 * n_pairs / n_buckets


@pytest.mark.parametrize("n_buckets", [1, 16, 1000])
def test_buckets_are_of_similar_size(n_buckets: int):
    a = np.repeat(np.arange(20_000, dtype=np.int32), 20)
    run = PairRun(a, np.tile(np.arange(20, dtype=np.int32), 20_000), np.ones((len(a), 1), np.int32))
    sizes: dict[int, int] = defaultdict(int)
    for dealt in deal(run, n_buckets):
        for bucket, part in dealt.parts():
            sizes[bucket] += len(part.a)
    assert len(sizes) == n_buckets
    assert max(sizes.values()) <= 2.5 * len(a) / n_buckets
