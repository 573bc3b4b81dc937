"""Rows of table `tokens` to exact co-occurrence counts of chunks, dealt into buckets.

A task gathers the mixed contexts of its documents until they hold `chunk_tokens` tokens, counts
them with the sparse kernel, and emits the sorted runs of pairs as byte strings, one row for each
bucket they belong to. Text of one language, some 98 % of the web, is dropped before anything is
gathered, so a chunk reaches over many times its size of text and most pairs leave their task once.

Three kinds of pairs share the road to `udfs.sum_pairs`:

=============  =====================  =====================================================
a              b                      what the counts are
=============  =====================  =====================================================
node           node                   contexts that hold both
node           -1 - other language    mixed contexts of the two languages that hold the node
-1 - language  -1 - other language    mixed contexts of the two languages
=============  =====================  =====================================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.kernels.contexts import Contexts, build_contexts, join_contexts
from pivotmine.kernels.nodes import NodeTable
from pivotmine.kernels.pair_counts import count_margins, count_pairs
from pivotmine.kernels.pair_runs import PairRun, deal, pack
from udfs.arrow_lists import node_columns

Batches = Iterator[pa.RecordBatch]

RUN_SCHEMA = pa.schema(
    [
        ("bucket", pa.int32()),
        ("wide", pa.bool_()),
        ("n_pairs", pa.int32()),
        ("pairs", pa.binary()),
    ]
)
"""Runs on their way to their bucket, as `kernels.pair_runs.pack` packs them."""


class CountPlan(NamedTuple):
    """What every task that counts has to know."""

    languages: tuple[str, ...]
    """In the order of their indices."""

    nodes: NodeTable
    """What is counted."""

    window_tokens: int | None
    """Longest window; None makes the whole document one context."""

    min_language_share: float
    """Share of a context's tokens that a language must hold to take part in it."""

    n_folds: int
    chunk_tokens: int
    """Distinct tokens of mixed contexts counted at once; bounds the memory of a task."""


def chunks(plan: CountPlan, batches: Batches) -> Iterator[tuple[Contexts, NDArray[np.uint8]]]:
    """Mixed contexts, and the fold of each, gathered until they hold `chunk_tokens`.

    A chunk exceeds it by less than one batch of documents.
    """
    parts: list[Contexts] = []
    folds: list[NDArray[np.uint8]] = []
    n_tokens = 0
    for batch in batches:
        columns = node_columns(
            batch, plan.languages, plan.nodes, plan.window_tokens, plan.min_language_share
        )
        contexts = build_contexts(*columns, plan.nodes.language, len(plan.languages))
        parts.append(contexts)
        folds.append(batch.column("fold").to_numpy().astype(np.uint8)[contexts.document])
        n_tokens += len(contexts.token_ids)
        if n_tokens >= plan.chunk_tokens:
            yield join_contexts(parts), np.concatenate(folds)
            parts, folds, n_tokens = [], [], 0
    if n_tokens:
        yield join_contexts(parts), np.concatenate(folds)


def pair_runs(
    plan: CountPlan, contexts: Contexts, folds: NDArray[np.uint8], block_pairs: int = 2**18
) -> Iterator[PairRun]:
    """Pairs of nodes, in runs of at most `block_pairs`."""
    n_languages = len(plan.languages)
    for _, _, a, b, fold_counts in count_pairs(
        contexts, folds, plan.nodes.language, n_languages, plan.n_folds, block_pairs=block_pairs
    ):
        yield PairRun(a, b, fold_counts)


def margin_runs(plan: CountPlan, contexts: Contexts, folds: NDArray[np.uint8]) -> Iterator[PairRun]:
    """Mixed contexts of every node, and of every two languages."""
    n_languages = len(plan.languages)
    margins = count_margins(contexts, folds, plan.nodes.language, n_languages, plan.n_folds)
    other = -1 - margins.other_language.astype(np.int32)
    yield PairRun(margins.token_id, other, margins.fold_counts)
    first, second = np.triu_indices(n_languages, k=1)
    mixed = margins.n_contexts[first, second].astype(np.int32)
    yield PairRun((-1 - first).astype(np.int32), (-1 - second).astype(np.int32), mixed)


Keep = Callable[[PairRun], NDArray[np.bool_]]
"""[P] which pairs of a run are worth sending to their bucket."""


def bind_count(
    plan: CountPlan, n_buckets: int, open_filter: Callable[[], Keep] | None = None
) -> Callable[[Batches], Batches]:
    """Batches of table `tokens` with a column `fold` to rows of `RUN_SCHEMA`.

    Parameters
    ----------
    open_filter
        Called once in a task; what it returns decides which pairs of nodes are sent.
    """
    # Blocks of 2**18 pairs stay in cache; larger ones give each bucket a few thousand at a time.
    block_pairs = min(max(2**18, 4096 * n_buckets), 2**22)

    def count(batches: Batches) -> Batches:
        keep = open_filter() if open_filter else None
        for contexts, folds in chunks(plan, batches):
            for run in pair_runs(plan, contexts, folds, block_pairs):
                yield from _rows(run if keep is None else _filtered(run, keep(run)), n_buckets)
            for run in margin_runs(plan, contexts, folds):
                yield from _rows(run, n_buckets)

    return count


def _filtered(run: PairRun, kept: NDArray[np.bool_]) -> PairRun:
    return PairRun(run.a[kept], run.b[kept], run.fold_counts[kept])


def _rows(run: PairRun, n_buckets: int) -> Batches:
    for dealt in deal(run, n_buckets):
        packed = [pack(part) for _, part in dealt.parts()]
        wide = dealt.run.fold_counts.dtype != np.uint8
        yield pa.RecordBatch.from_arrays(
            [
                pa.array(dealt.bucket),
                pa.array(np.full(len(dealt.bucket), wide)),
                pa.array(np.diff(dealt.ends, prepend=0).astype(np.int32)),
                pa.array(packed, pa.binary()),
            ],
            schema=RUN_SCHEMA,
        )
