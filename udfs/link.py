"""Rows of table `counts` to association measures, and contexts to the links that win them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa

from pivotmine.engine.numbered_tasks import FileRange, numbers
from pivotmine.lake.tables import COUNTS
from pivotmine.stages.contexts.context_files import load_each
from pivotmine.stages.link.associate import associations
from pivotmine.stages.link.contest import Contest, contest, won_rows

Batches = Iterator[pa.RecordBatch]

_COUNTED = tuple(name for name in COUNTS.schema.names if name != "fold_counts")

ASSOCIATED = pa.schema(
    [
        *(COUNTS.schema.field(name) for name in _COUNTED),
        pa.field("expected", pa.float64()),
        pa.field("npmi", pa.float64()),
        pa.field("g2", pa.float64()),
        pa.field("strength", pa.float64()),
        pa.field("p_bin", pa.int32()),
        pa.field("folds", pa.int32()),
    ]
)
"""Rows of table `counts` with the figures of `associate.Associations`."""


def bind_associate(measure: str) -> Callable[[Batches], Batches]:
    """Batches of table `counts` to batches of `ASSOCIATED`, row by row.

    Parameters
    ----------
    measure
        Name of the registered measure that gives `strength`.
    """

    def associate(batches: Batches) -> Batches:
        for batch in batches:
            n_ab, n_a, n_b, n = (
                batch.column(name).to_numpy().astype(np.float64)
                for name in ("n_ab", "n_a", "n_b", "n_contexts")
            )
            folds = batch.column("fold_counts").flatten().to_numpy().reshape(len(batch), -1)
            found = associations(n_ab, n_a, n_b, n, folds, measure)
            yield pa.RecordBatch.from_arrays(
                [*(batch.column(name) for name in _COUNTED), *map(pa.array, found)],
                schema=ASSOCIATED,
            )

    return associate


def bind_contest(
    shares: Sequence[Sequence[FileRange]], held: Contest
) -> Callable[[Batches], Batches]:
    """Numbers of tasks to rows of `contest.WON`: links, and the number of contexts that they won.

    Memory: the links, 8 B more for each, and a row of table `contexts`.

    Parameters
    ----------
    shares
        Rows of files of table `contexts` for each task.
    """

    def hold(batches: Batches) -> Batches:
        won = np.zeros(len(held.links.a), np.int64)
        for number in numbers(batches):
            for contexts in load_each(shares[number]):
                won += contest(contexts, held.language, held.links)
        yield won_rows(held, won)

    return hold
