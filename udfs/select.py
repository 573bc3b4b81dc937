"""Candidates of an arm to the documents that fit its budgets or cover the most links."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa

from pivotmine.engine.numbered_tasks import numbers
from pivotmine.stages.select.coverage_greedy import CoverState, Worth
from pivotmine.stages.select.first_fit import rows_that_fit
from pivotmine.stages.select.rounds import (
    POOL,
    End,
    Waiting,
    cover_files,
    graded_rows,
    level_counts,
    rows_before,
)

Batches = Iterator[pa.RecordBatch]


def bind_first_fit(limits: Sequence[int]) -> Callable[[Batches], Batches]:
    """Rows with `budget` and `charge` (lists), in order and in one task, to those that fit."""

    def take(batches: Batches) -> Batches:
        left = np.array(limits, np.int64)
        for batch in batches:
            yield rows_that_fit(batch, left)

    return take


def keep(batches: Batches) -> Batches:
    """Rows of `POOL` as they are, to be written by the workers."""
    return (pa.RecordBatch.from_arrays(batch.columns, schema=POOL) for batch in batches)


def bind_levels(waiting: Waiting, worth: Worth, state: CoverState) -> Callable[[Batches], Batches]:
    """Numbers of splits to rows of `LEVELS`, of documents that add something and fit."""

    def count(batches: Batches) -> Batches:
        for number in numbers(batches):
            for rows, level in graded_rows(waiting.splits[number], waiting, worth, state):
                yield level_counts(rows, level)

    return count


def bind_round(
    waiting: Waiting, worth: Worth, state: CoverState, end: End
) -> Callable[[Batches], Batches]:
    """Numbers of splits to rows of `ROUND`: the documents before its end."""

    def choose(batches: Batches) -> Batches:
        for number in numbers(batches):
            for rows, level in graded_rows(waiting.splits[number], waiting, worth, state):
                yield rows_before(rows, level, end)

    return choose


def bind_cover(
    files: Sequence[str], worth: Worth, state: CoverState, end: End
) -> Callable[[Batches], Batches]:
    """One task, whatever its number, to rows of `COVERED`, from files of `POOL` or `ROUND`."""

    def take(batches: Batches) -> Batches:
        yield cover_files(files, worth, state, end)

    return take
