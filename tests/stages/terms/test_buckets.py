"""Buckets: the totals of several tasks, packed and summed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.stages.terms import buckets
from pivotmine.stages.terms.layout import TermPairs, new_totals, term_pairs


def two_words() -> TermPairs:
    """Two words of two languages that are a pair."""
    word_offsets, language = np.array([0, 1, 2]), np.array([0, 1], np.int16)
    return term_pairs(word_offsets, language, np.array([0], np.int32), np.array([1], np.int32), 2)


N_COUNTS = len(new_totals(two_words()).flat)
tasks = st.lists(
    st.lists(st.integers(0, 2**31 - 1), min_size=N_COUNTS, max_size=N_COUNTS), max_size=4
)


@pytest.fixture(scope="module", autouse=True)
def small_buckets() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(buckets, "_ENTRIES", 4)
        yield


@given(tasks)
def test_buckets_of_several_tasks_sum_to_the_totals(counts: list[list[int]]):
    terms = two_words()
    sent = []
    for of_task in counts:
        totals = new_totals(terms)
        totals.flat[:] = of_task
        sent += buckets.buckets_of(totals).to_pylist()
    by_bucket = groupby(sorted(sent, key=lambda row: row["bucket"]), key=lambda row: row["bucket"])
    sums = [
        buckets.sum_bucket(bucket, [(row["entries"], row["counts"]) for row in rows])
        for bucket, rows in by_bucket
    ]
    assert len(sums) <= buckets.n_buckets(terms)
    found = buckets.totals_of(pa.Table.from_batches(sums, buckets.BUCKETS), terms)
    assert found.flat.tolist() == np.sum([[0] * N_COUNTS, *counts], axis=0).tolist()


def test_a_bucket_without_a_count_is_not_sent():
    totals = new_totals(two_words())
    totals.flat[5] = 3
    assert buckets.buckets_of(totals).column("bucket").to_pylist() == [1]
