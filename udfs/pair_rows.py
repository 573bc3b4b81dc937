"""Summed pairs of nodes to rows of table `counts`: tokens, languages and margins in their place."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.kernels.margins import MarginTable, pair_margins
from pivotmine.schema import COUNTS
from udfs.count_pairs import CountPlan
from udfs.sum_pairs import fold_columns

Batches = Iterator[pa.RecordBatch]


def bind(
    plan: CountPlan, margins: MarginTable, n_contexts: NDArray[np.int64]
) -> Callable[[Batches], Batches]:
    """Batches of pairs of nodes from `sum_pairs`, with a column `n`, to rows of table `counts`.

    Parameters
    ----------
    n_contexts
        [n_languages, n_languages] mixed contexts of two languages.
    """
    language = plan.nodes.language[:-1]
    names = pa.array(plan.languages, pa.string())

    def rows(batches: Batches) -> Batches:
        for batch in batches:
            a, b = (batch.column(side).to_numpy() for side in ("a", "b"))
            n_a, n_b = pair_margins(margins, a, b, language)
            folds = [batch.column(name).to_numpy() for name in fold_columns(plan.n_folds)]
            columns = {
                "a": pa.array(plan.nodes.token[a]),
                "b": pa.array(plan.nodes.token[b]),
                "n_ab": batch.column("n"),
                "n_a": pa.array(n_a),
                "n_b": pa.array(n_b),
                "n_contexts": pa.array(n_contexts[language[a], language[b]]),
                "lang_a": names.take(pa.array(language[a])),
                "lang_b": names.take(pa.array(language[b])),
                "fold_counts": _lists(np.stack(folds, axis=1)),
            }
            yield pa.RecordBatch.from_pydict(columns, schema=COUNTS.schema)

    return rows


def _lists(values: NDArray[np.int64]) -> pa.ListArray:
    """Rows of a matrix as lists."""
    n_rows, width = values.shape
    offsets = np.arange(0, n_rows * width + 1, width, dtype=np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values.reshape(-1)))
