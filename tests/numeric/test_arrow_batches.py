"""Slices of batches: every row once, in order, in slices within the limit."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pivotmine.numeric.arrow_batches import slice_by_bytes, slice_by_values

sizes = st.lists(st.integers(0, 9), max_size=20)


def assert_slices(found: list[list[int]], given_sizes: list[int], most: int) -> None:
    """Slices, as sizes of rows, tile the batch, and no slice has room for the next row."""
    assert [size for part in found for size in part] == given_sizes
    assert all(len(part) == 1 or sum(part) <= most for part in found)
    for part, after in zip(found, found[1:], strict=False):
        assert sum(part) + after[0] > most


@given(sizes, st.integers(1, 20), st.integers(0, 3))
def test_slices_by_bytes_hold_as_many_rows_as_fit(given_sizes, most, skipped):
    batch = pa.record_batch({"text": pa.array(["é" * n for n in given_sizes], pa.string())})
    found = slice_by_bytes(batch.slice(skipped), "text", 2 * most)
    parts = [[len(text) for text in part["text"].to_pylist()] for part in found]
    assert_slices(parts, given_sizes[skipped:], most)


@given(sizes, st.integers(1, 20), st.integers(0, 3))
def test_slices_by_values_hold_as_many_rows_as_fit(given_sizes, most, skipped):
    lists = pa.array([[7] * n for n in given_sizes], pa.list_(pa.int32()))
    found = slice_by_values(pa.record_batch({"ids": lists}).slice(skipped), "ids", most)
    parts = [[len(ids) for ids in part["ids"].to_pylist()] for part in found]
    assert_slices(parts, given_sizes[skipped:], most)


def test_a_missing_text_takes_no_room():
    batch = pa.record_batch({"text": pa.array(["ab", None, "c"], pa.string())})
    assert [part.num_rows for part in slice_by_bytes(batch, "text", 3)] == [3]
