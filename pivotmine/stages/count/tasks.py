"""The tasks of counting: chunks of contexts that a task can hold, and ranges of their rows.

Counts are complete within a chunk, so chunks are as large as memory allows. The rows of a chunk are
split until every core has a task. Ranges are cut by their work: the pair events of every node were
counted with the margins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.engine.numbered_tasks import FileRange, share_out
from pivotmine.numeric.folded_contexts import FoldedContexts
from pivotmine.stages.contexts.context_files import load
from pivotmine.stages.contexts.cutting import part_tokens
from pivotmine.stages.count.pair_counts import count_pairs
from pivotmine.stages.count.pair_runs import PairRun

MIN_TASK_EVENTS = 5_000_000
"""Fewer pair events, a thirtieth of a second, are not worth a task."""

PAIR_COST = 1.5
"""Cost of reading back a counted pair, in pair events. A token of few contexts has nearly as many
pairs as events; one of many has far fewer."""

Chunk = tuple[FileRange, ...]


class CountTask(NamedTuple):
    """What one task counts."""

    chunk: Chunk
    """The contexts."""

    rows: range
    """The nodes whose pairs with nodes of later languages are counted."""


class CountPlan(NamedTuple):
    """What all counting tasks share."""

    tasks: tuple[CountTask, ...]
    first_node: NDArray[np.int64]
    """[n_languages + 1] where the nodes of each language begin."""

    n_folds: int

    change: Callable[[FoldedContexts, NDArray[np.int64]], FoldedContexts] | None = None
    """Changes the contexts of a chunk, given `first_node`, before they are counted."""


def counted_runs(
    plan: CountPlan, task: CountTask, *, min_count: int = 1, block_pairs: int = 2**18
) -> Iterator[PairRun]:
    """Pairs of nodes that meet `min_count` times or more in a task's contexts, in runs."""
    contexts = load(task.chunk)
    blocks = count_pairs(
        plan.change(contexts, plan.first_node) if plan.change else contexts,
        plan.first_node,
        plan.n_folds,
        rows=task.rows,
        min_count=min_count,
        block_pairs=block_pairs,
    )
    return (PairRun(block.a, block.b, block.fold_counts) for block in blocks if len(block.a))


def plan_chunks(files: Sequence[tuple[str, int]], max_tokens: int) -> list[Chunk]:
    """Put rows of table `contexts` into chunks of at most `max_tokens` tokens.

    Parameters
    ----------
    files
        Files with their numbers of rows. Rows are taken to be full (`part_tokens`).
    """
    return share_out(files, max_tokens // part_tokens(max_tokens))


def plan_tasks(
    chunks: Sequence[Chunk], row_events: NDArray[np.int64], parallelism: int
) -> tuple[CountTask, ...]:
    """At least `parallelism` tasks, where there is work for so many.

    Parameters
    ----------
    row_events
        [n_nodes] pair events of each node as the first of a pair, over all chunks.
    """
    n_chunks = max(len(chunks), 1)
    enough = max(int(row_events.sum()) // (MIN_TASK_EVENTS * n_chunks), 1)
    n_ranges = min(-(-parallelism // n_chunks), enough)
    # No token has more pairs than there are others.
    before = np.cumsum(row_events + PAIR_COST * np.minimum(row_events, len(row_events)))
    shares = np.arange(1, n_ranges) / n_ranges * (before[-1] if len(before) else 0)
    cuts = [0, *(np.searchsorted(before, shares) + 1).tolist(), len(row_events)]
    ranges = [range(*ends) for ends in zip(cuts, cuts[1:], strict=False)]
    return tuple(CountTask(chunk, rows) for chunk in chunks for rows in ranges if rows)
