"""Counted pairs of nodes as rows of table `counts`: with tokens, languages and margins."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.lake.tables import COUNTS
from pivotmine.numeric.arrow_batches import matrix_column
from pivotmine.stages.count.margins import MarginTable, pair_margins
from pivotmine.stages.count.pair_runs import PairRun


class PairNames(NamedTuple):
    """Tokens, languages and margins by node number."""

    languages: tuple[str, ...]
    token: NDArray[np.int32]
    """[n_nodes]"""

    language: NDArray[np.int8]
    """[n_nodes]"""

    margins: MarginTable
    n_contexts: NDArray[np.int64]
    """[n_languages, n_languages] mixed contexts of two languages."""


def count_rows(run: PairRun, names: PairNames) -> pa.RecordBatch:
    """Rows of table `counts` for the pairs of a run.

    Raises
    ------
    InputError
        A node without a margin for the language of the other.
    """
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
        "fold_counts": matrix_column(fold_counts.astype(np.int64)),
    }
    return pa.RecordBatch.from_pydict(columns, schema=COUNTS.schema)
