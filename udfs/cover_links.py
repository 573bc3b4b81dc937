"""Candidates with their links, by bucket, to those that cover most links for their tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pivotmine.kernels.coverage_greedy import greedy_coverage
from udfs.arrow_lists import flat_list

SCHEMA = pa.schema(
    [
        ("doc_id", pa.string()),
        ("lang", pa.string()),
        ("n_tokens", pa.int32()),
        ("new_links", pa.int64()),
        ("gain", pa.float64()),
    ]
)


def bind(
    budgets: dict[str, int], weights: NDArray[np.float64], max_repeats: int, n_buckets: int
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Rows (bucket, doc_id, lang, n_tokens, links), sorted by bucket, to the documents taken.

    Memory: the documents of a bucket, and their links.

    Parameters
    ----------
    budgets
        Tokens of each language, for all buckets together; a bucket spends its share.
    weights
        [links] worth of each link.
    """
    languages = pa.array(sorted(budgets), pa.string())
    of_bucket = np.array([budgets[name] // n_buckets for name in sorted(budgets)], np.int64)

    def cover(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        parts = (part for batch in batches for part in _by_bucket(batch))
        for _, held in groupby(parts, key=lambda part: part[0]):
            rows = pa.Table.from_batches([part for _, part in held]).combine_chunks()
            yield from map(_cover, rows.to_batches())

    def _cover(batch: pa.RecordBatch) -> pa.RecordBatch:
        links, offsets = flat_list(batch.column("links"))
        lang, n_tokens = batch.column("lang"), batch.column("n_tokens")
        found = greedy_coverage(
            links,
            offsets,
            n_tokens.to_numpy(),
            pc.index_in(lang, value_set=languages).to_numpy(),
            of_bucket,
            weights,
            max_repeats=max_repeats,
            n_buckets=n_buckets,
        )
        taken = pa.array(found.document)
        return pa.RecordBatch.from_arrays(
            [
                *(batch.column(name).take(taken) for name in ("doc_id", "lang", "n_tokens")),
                pa.array(found.new_links),
                pa.array(found.gain),
            ],
            schema=SCHEMA,
        )

    return cover


def _by_bucket(batch: pa.RecordBatch) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Slices of rows of one bucket."""
    bucket = batch.column("bucket").to_numpy()
    ends = np.append(np.flatnonzero(bucket[1:] != bucket[:-1]) + 1, len(bucket))
    start = 0
    for end in ends.tolist() if len(bucket) else ():
        yield int(bucket[start]), batch.slice(start, end - start)
        start = end
