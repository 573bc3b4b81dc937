"""A sample of table `tokens` to what counting it would send: sizes, not pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pyarrow as pa

from udfs.count_pairs import CountPlan, chunks, pair_runs

Batches = Iterator[pa.RecordBatch]

SIZE_SCHEMA = pa.schema([("context_tokens", pa.int64()), ("pairs", pa.int64())])
"""Distinct tokens of the mixed contexts of a chunk, and distinct pairs among them."""


def bind_sizes(plan: CountPlan) -> Callable[[Batches], Batches]:
    """Batches of table `tokens` with a column `fold` to a row of `SIZE_SCHEMA` for each chunk."""

    def measure(batches: Batches) -> Batches:
        for contexts, folds in chunks(plan, batches):
            n_pairs = sum(len(run.a) for run in pair_runs(plan, contexts, folds))
            columns = [pa.array([len(contexts.token_ids)]), pa.array([n_pairs])]
            yield pa.RecordBatch.from_arrays(columns, schema=SIZE_SCHEMA)

    return measure
