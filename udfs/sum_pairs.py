"""Runs of pairs to their sums over all chunks, bucket by bucket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby

import numpy as np
import pyarrow as pa

from pivotmine.stages.count.pair_runs import PairRun, unpack
from pivotmine.stages.count.pair_sums import add_run, cleared, in_sample, new_sums, summed

Batches = Iterator[pa.RecordBatch]


def sum_schema(n_folds: int) -> pa.Schema:
    """Columns `a`, `b`, a count for each fold, and whether the pair is in the sample."""
    folds = [(name, pa.int64()) for name in fold_columns(n_folds)]
    return pa.schema([("a", pa.int32()), ("b", pa.int32()), *folds, ("sampled", pa.bool_())])


def fold_columns(n_folds: int) -> list[str]:
    """Names of the count columns."""
    return [f"fold_{fold}" for fold in range(n_folds)]


def bind_sum(n_folds: int, min_count: int) -> Callable[[Batches], Batches]:
    """Batches of `count_pairs.RUN_SCHEMA`, sorted by bucket, to rows of `sum_schema`.

    A partition must hold whole buckets. Pairs of nodes below `min_count` are dropped unless they
    are in the sample; rows that hold a language in place of a node are all kept.
    """
    output = sum_schema(n_folds)

    def add_up(batches: Batches) -> Batches:
        parts = (part for batch in batches for part in _parts(batch, n_folds))
        sums = new_sums(n_folds)
        for _, of_bucket in groupby(parts, key=lambda part: part[0]):
            sums = cleared(sums)
            for _, run in of_bucket:
                sums = add_run(sums, run)
            a, b, counts = summed(sums, min_count)
            columns = [a, b, *np.ascontiguousarray(counts.T), (b >= 0) & in_sample(a, b)]
            yield pa.RecordBatch.from_arrays([pa.array(c) for c in columns], schema=output)

    return add_up


def _parts(batch: pa.RecordBatch, n_folds: int) -> Iterator[tuple[int, PairRun]]:
    """Bucket and pairs of every row."""
    names = ("bucket", "wide", "n_pairs")
    columns = (batch.column(name).to_pylist() for name in names)
    packed = batch.column("pairs")
    for row, (bucket, wide, n_pairs) in enumerate(zip(*columns, strict=True)):
        yield bucket, unpack(packed[row].as_buffer(), n_pairs, n_folds, wide)
