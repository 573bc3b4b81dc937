"""Who counts what: contexts into chunks that a task can hold, and their rows into tasks.

Counts of one chunk are complete, so chunks are as large as memory allows. A chunk is shared out by
ranges of nodes until every core has a task; ranges are cut where the work is: the pair events of
every node were counted with the margins.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pivotmine.udfs.count_pairs import CountTask
from pivotmine.udfs.cut_contexts import part_tokens
from pivotmine.udfs.numbered_tasks import FileRange, share_out

MIN_TASK_EVENTS = 5_000_000
"""Fewer pair events than this, a thirtieth of a second, are not worth a task of their own."""

PAIR_COST = 1.5
"""What reading a counted pair back costs, in pair events. A token of few contexts has nearly as
many pairs as events; one of many has far fewer."""

Chunk = tuple[FileRange, ...]


def plan_chunks(files: Sequence[tuple[str, int]], max_tokens: int) -> list[Chunk]:
    """Put parts, of files given with how many they hold, into chunks of at most `max_tokens`.

    Parts are taken to be full.
    """
    return share_out(files, max_tokens // part_tokens(max_tokens))


def plan_tasks(
    chunks: Sequence[Chunk], row_events: NDArray[np.int64], parallelism: int
) -> tuple[CountTask, ...]:
    """Tasks for at least `parallelism` cores, where there is work for so many.

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
