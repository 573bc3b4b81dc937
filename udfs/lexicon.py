"""Counted pairs to candidates for translations, and contexts to the shares of candidates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.engine.numbered_tasks import FileRange, numbers
from pivotmine.stages.contexts.context_files import load_each
from pivotmine.stages.count.count_rows import PairNames
from pivotmine.stages.count.pair_runs import PairRun
from pivotmine.stages.count.tasks import CountPlan, counted_runs
from pivotmine.stages.lexicon.candidates import Candidates, strongest_pairs
from pivotmine.stages.lexicon.sharing import Weights, share_out_contexts
from pivotmine.stages.link.contest import Contenders
from pivotmine.udfs.count import fold_columns

Batches = Iterator[pa.RecordBatch]

CANDIDATES = pa.schema(
    [
        ("a", pa.int32()),
        ("b", pa.int32()),
        ("n_ab", pa.int64()),
        ("strength", pa.float64()),
        ("language_a", pa.int8()),
        ("language_b", pa.int8()),
    ]
)
"""Pairs of nodes, and the indices of their languages."""

SHARES = pa.schema([("pair", pa.int32()), ("units", pa.int64())])
"""Numbers of candidates, and the sum of their shares (`sharing.UNIT`)."""


class Sharing(NamedTuple):
    """What all tasks of a round share."""

    links: Contenders
    language: NDArray[np.int8]
    """[n_nodes]"""

    weights: Weights


def bind_counted(
    plan: CountPlan, names: PairNames, min_count: int, most_partners: int
) -> Callable[[Batches], Batches]:
    """Numbers of tasks to rows of `CANDIDATES`; all contexts must be one chunk."""

    def count(batches: Batches) -> Batches:
        for number in numbers(batches):
            runs = counted_runs(plan, plan.tasks[number], min_count=min_count)
            for found in strongest_pairs(runs, names, most_partners):
                yield _rows(found, names)

    return count


def bind_summed(n_folds: int, names: PairNames, most_partners: int) -> Callable[[Batches], Batches]:
    """Rows of `count.sum_schema`, pairs of nodes, to rows of `CANDIDATES`."""

    def prune(batches: Batches) -> Batches:
        for found in strongest_pairs(_summed(batches, n_folds), names, most_partners):
            yield _rows(found, names)

    return prune


def bind_share(
    shares: Sequence[Sequence[FileRange]], round_: Sharing
) -> Callable[[Batches], Batches]:
    """Numbers of tasks to rows of `SHARES`, without candidates that got none.

    Parameters
    ----------
    shares
        Rows of files of table `contexts` for each task.
    """

    def share(batches: Batches) -> Batches:
        units = np.zeros(len(round_.links.a), np.int64)
        for number in numbers(batches):
            for contexts in load_each(shares[number]):
                units += share_out_contexts(contexts, round_.language, round_.links, round_.weights)
        some = np.flatnonzero(units)
        columns = [pa.array(some.astype(np.int32)), pa.array(units[some])]
        yield pa.RecordBatch.from_arrays(columns, schema=SHARES)

    return share


def _summed(batches: Batches, n_folds: int) -> Iterator[PairRun]:
    for batch in batches:
        a, b = (batch.column(side).to_numpy() for side in ("a", "b"))
        folds = [batch.column(name).to_numpy() for name in fold_columns(n_folds)]
        yield PairRun(a, b, np.stack(folds, axis=1))


def _rows(found: Candidates, names: PairNames) -> pa.RecordBatch:
    columns = [*found, names.language[found.a], names.language[found.b]]
    return pa.RecordBatch.from_arrays([pa.array(c) for c in columns], schema=CANDIDATES)
