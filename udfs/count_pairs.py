"""Packed contexts to exact counts of pairs: complete ones, or runs to be added up.

A task holds a chunk of the corpus's contexts and counts a range of rows. Where all contexts are one
chunk its counts are complete, and what stays below the threshold is never written anywhere.
Where there are several chunks, their counts leave as packed runs, a row for each bucket, and are
summed by `pivotmine.udfs.sum_pairs`. Margins take that road always; they are few.

Three kinds of pairs are sent:

=============  =====================  =====================================================
a              b                      what the two counts, or the counts by fold, are
=============  =====================  =====================================================
node           node                   contexts that hold both, by fold
node           -1 - other language    mixed contexts of the two languages that hold the node,
                                      and nodes of the other language in them
-1 - language  -1 - other language    mixed contexts of the two languages, and 0
=============  =====================  =====================================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.numeric.folded_contexts import FoldedContexts
from pivotmine.stages.count.margin_counts import count_margins
from pivotmine.stages.count.pair_counts import count_pairs
from pivotmine.stages.count.pair_runs import PairRun, deal, pack
from pivotmine.stages.count.pair_sums import add_run, new_sums, summed
from pivotmine.stages.link.permuted_contexts import permuted_contexts
from pivotmine.udfs.context_files import load
from pivotmine.udfs.numbered_tasks import FileRange, numbers

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

SIZE_SCHEMA = pa.schema([("pairs", pa.int64())])

MARGIN_COLUMNS = 2
"""Counts of a margin: contexts and pair events."""


class CountTask(NamedTuple):
    """What one task counts."""

    chunk: tuple[FileRange, ...]
    """The contexts."""

    rows: range
    """The nodes whose pairs with nodes of later languages are counted."""


class CountPlan(NamedTuple):
    """What every task that counts has to know."""

    tasks: tuple[CountTask, ...]
    first_node: NDArray[np.int64]
    """[n_languages + 1] where the nodes of each language begin."""

    n_folds: int

    permuted: bool = False
    """Whether to count what words meet by chance (`kernels.permuted_contexts`)."""


Keep = Callable[[PairRun], NDArray[np.bool_]]
"""[P] which pairs of a run are worth sending to their bucket."""


def pair_runs(
    plan: CountPlan, task: CountTask, *, min_count: int = 1, block_pairs: int = 2**18
) -> Iterator[PairRun]:
    """Pairs of nodes that a task counts `min_count` times or more, in runs."""
    contexts = load(task.chunk)
    for block in count_pairs(
        permuted_contexts(contexts, plan.first_node) if plan.permuted else contexts,
        plan.first_node,
        plan.n_folds,
        rows=task.rows,
        min_count=min_count,
        block_pairs=block_pairs,
    ):
        if len(block.a):
            yield PairRun(block.a, block.b, block.fold_counts)


def bind_send(
    plan: CountPlan, n_buckets: int, open_filter: Callable[[], Keep] | None = None
) -> Callable[[Batches], Batches]:
    """Numbers of tasks to rows of `RUN_SCHEMA`, pairs of nodes.

    Parameters
    ----------
    open_filter
        Called once in a task; what it returns decides which pairs of nodes are sent.
    """
    # Blocks of 2**18 pairs stay in cache; larger ones give each bucket a few thousand at a time.
    block_pairs = min(max(2**18, 4096 * n_buckets), 2**22)

    def send(batches: Batches) -> Batches:
        keep = open_filter() if open_filter else None
        for number in numbers(batches):
            for run in pair_runs(plan, plan.tasks[number], block_pairs=block_pairs):
                yield from _rows(run if keep is None else _filtered(run, keep(run)), n_buckets)

    return send


def bind_margins(
    chunks: Sequence[Sequence[FileRange]], first_node: NDArray[np.int64], n_buckets: int
) -> Callable[[Batches], Batches]:
    """Numbers of chunks to rows of `RUN_SCHEMA`, margins with `MARGIN_COLUMNS`.

    Memory: a file's part of a chunk, and 24 B for each margin.
    """

    def margins(batches: Batches) -> Batches:
        sums = new_sums(MARGIN_COLUMNS)
        for number in numbers(batches):
            for parts in chunks[number]:
                for run in _margin_runs(load([parts]), first_node):
                    sums = add_run(sums, run)
        yield from _rows(summed(sums, 1), n_buckets)

    return margins


def bind_sizes(plan: CountPlan) -> Callable[[Batches], Batches]:
    """Numbers of tasks to the number of distinct pairs that each would send."""

    def measure(batches: Batches) -> Batches:
        for number in numbers(batches):
            n_pairs = sum(len(run.a) for run in pair_runs(plan, plan.tasks[number]))
            yield pa.RecordBatch.from_arrays([pa.array([n_pairs])], schema=SIZE_SCHEMA)

    return measure


def _margin_runs(contexts: FoldedContexts, first_node: NDArray[np.int64]) -> Iterator[PairRun]:
    """Mixed contexts of every node, and of every two languages."""
    margins = count_margins(contexts, first_node)
    other = -1 - margins.other_language.astype(np.int32)
    yield PairRun(margins.token_id, other, np.stack((margins.n, margins.events), axis=1))
    first, second = np.triu_indices(len(first_node) - 1, k=1)
    mixed = margins.n_contexts[first, second]
    code_a, code_b = ((-1 - side).astype(np.int32) for side in (first, second))
    yield PairRun(code_a, code_b, np.stack((mixed, np.zeros_like(mixed)), axis=1))


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
