"""Counts of tasks, packed to be summed: without zeros, in buckets of neighbouring places.

A task sends each count at most once, in 12 bytes, however much text it has read. A bucket is summed
in a dense array.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.stages.terms.layout import TermPairs, TermTotals, new_totals

BUCKETS = pa.schema([("bucket", pa.int32()), ("entries", pa.binary()), ("counts", pa.binary())])
"""Counts that are not zero: int32 places in the bucket, and int64 counts."""

_ENTRIES = 2**18
"""Counts in a bucket: 2 MB where it is summed."""


def buckets_of(totals: TermTotals) -> pa.RecordBatch:
    """Rows of `BUCKETS`, for the buckets that hold a count."""
    starts = range(0, len(totals.flat), _ENTRIES)
    parts = ((i, totals.flat[start : start + _ENTRIES]) for i, start in enumerate(starts))
    return _rows([(bucket, counts) for bucket, counts in parts if counts.any()])


def sum_bucket(bucket: int, parts: Iterable[tuple[bytes, bytes]]) -> pa.RecordBatch:
    """One row of `BUCKETS`: the sum of several, given as their entries and counts."""
    total = np.zeros(_ENTRIES, np.int64)
    for entries, counts in parts:
        total[np.frombuffer(entries, np.int32)] += np.frombuffer(counts, np.int64)
    return _rows([(bucket, total)])


def totals_of(sums: pa.Table, terms: TermPairs) -> TermTotals:
    """Totals from rows of `BUCKETS`, one a bucket."""
    totals = new_totals(terms, np.int64)
    for row in sums.to_pylist():
        entries = np.frombuffer(row["entries"], np.int32).astype(np.int64)
        totals.flat[row["bucket"] * _ENTRIES + entries] = np.frombuffer(row["counts"], np.int64)
    return totals


def n_buckets(terms: TermPairs) -> int:
    """Most buckets that hold a count of the lexicon."""
    return -(-len(new_totals(terms).flat) // _ENTRIES)


def _rows(parts: list[tuple[int, NDArray[np.integer]]]) -> pa.RecordBatch:
    entries = [np.flatnonzero(counts).astype(np.int32) for _, counts in parts]
    counts = [part[held] for (_, part), held in zip(parts, entries, strict=True)]
    return pa.RecordBatch.from_arrays(
        [
            pa.array([bucket for bucket, _ in parts], pa.int32()),
            pa.array([held.tobytes() for held in entries], pa.binary()),
            pa.array([values.astype(np.int64).tobytes() for values in counts], pa.binary()),
        ],
        schema=BUCKETS,
    )
