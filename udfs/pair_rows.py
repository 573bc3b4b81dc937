"""Counted pairs of nodes to rows of table `counts`: with tokens, languages and margins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.lake.tables import COUNTS
from pivotmine.stages.count.margins import MarginTable, pair_margins
from pivotmine.stages.count.pair_runs import PairRun
from pivotmine.udfs.count_pairs import CountPlan, pair_runs
from pivotmine.udfs.numbered_tasks import numbers
from pivotmine.udfs.sum_pairs import fold_columns

Batches = Iterator[pa.RecordBatch]


class PairNames(NamedTuple):
    """What a pair of node numbers stands for."""

    languages: tuple[str, ...]
    token: NDArray[np.int32]
    """[n_nodes]"""

    language: NDArray[np.int8]
    """[n_nodes]"""

    margins: MarginTable
    n_contexts: NDArray[np.int64]
    """[n_languages, n_languages] mixed contexts of two languages."""


def bind_complete(
    plan: CountPlan, names: PairNames, min_count: int
) -> Callable[[Batches], Batches]:
    """Numbers of tasks, whose counts are complete, to rows of table `counts`."""

    def count(batches: Batches) -> Batches:
        for number in numbers(batches):
            for run in pair_runs(plan, plan.tasks[number], min_count=min_count):
                yield _rows(run, names)

    return count


def bind_sums(n_folds: int, names: PairNames) -> Callable[[Batches], Batches]:
    """Batches of pairs of nodes from `sum_pairs` to rows of table `counts`."""

    def rows(batches: Batches) -> Batches:
        for batch in batches:
            a, b = (batch.column(side).to_numpy() for side in ("a", "b"))
            folds = [batch.column(name).to_numpy() for name in fold_columns(n_folds)]
            yield _rows(PairRun(a, b, np.stack(folds, axis=1)), names)

    return rows


def _rows(run: PairRun, names: PairNames) -> pa.RecordBatch:
    a, b, fold_counts = run
    n_a, n_b = pair_margins(names.margins, a, b, names.language)
    languages = pa.array(names.languages, pa.string())
    language_a, language_b = names.language[a], names.language[b]
    columns = {
        "a": pa.array(names.token[a]),
        "b": pa.array(names.token[b]),
        "n_ab": pa.array(fold_counts.sum(axis=1, dtype=np.int64)),
        "n_a": pa.array(n_a),
        "n_b": pa.array(n_b),
        "n_contexts": pa.array(names.n_contexts[language_a, language_b]),
        "lang_a": languages.take(pa.array(language_a)),
        "lang_b": languages.take(pa.array(language_b)),
        "fold_counts": _lists(fold_counts.astype(np.int64)),
    }
    return pa.RecordBatch.from_pydict(columns, schema=COUNTS.schema)


def _lists(values: NDArray[np.int64]) -> pa.ListArray:
    """Rows of a matrix as lists."""
    n_rows, width = values.shape
    offsets = np.arange(0, n_rows * width + 1, width, dtype=np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values.reshape(-1)))
