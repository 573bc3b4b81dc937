"""Rows of table `counts` to rows with association measures and the bin of their p-value."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa

from pivotmine.lake.tables import COUNTS
from pivotmine.numeric.association import expected, log_likelihood_ratio, npmi, p_value_bin
from pivotmine.numeric.exact_association import log10_attraction_p_value
from pivotmine.numeric.measures import strength

Batches = Iterator[pa.RecordBatch]

SCHEMA = pa.schema(
    [
        *(COUNTS.schema.field(name) for name in COUNTS.schema.names if name != "fold_counts"),
        pa.field("expected", pa.float64()),
        pa.field("npmi", pa.float64()),
        pa.field("g2", pa.float64()),
        pa.field("strength", pa.float64()),
        pa.field("p_bin", pa.int32()),
        pa.field("folds", pa.int32()),
    ]
)


def bind(measure: str) -> Callable[[Batches], Batches]:
    """Batches of table `counts` to batches of `SCHEMA`, row by row.

    `folds` is the number of hash folds in which the pair meets more often than an equal part of
    what independence predicts; `strength` is what the registered measure says.
    """

    def associate(batches: Batches) -> Batches:
        for batch in batches:
            table = [
                batch.column(name).to_numpy().astype(np.float64)
                for name in ("n_ab", "n_a", "n_b", "n_contexts")
            ]
            chance = expected(*table[1:])
            g2 = log_likelihood_ratio(*table)
            fold_counts = batch.column("fold_counts").flatten().to_numpy().reshape(len(batch), -1)
            above = fold_counts > (chance / max(fold_counts.shape[1], 1))[:, None]
            yield pa.RecordBatch.from_arrays(
                [
                    *(batch.column(name) for name in COUNTS.schema.names if name != "fold_counts"),
                    pa.array(chance),
                    pa.array(npmi(*table)),
                    pa.array(g2),
                    pa.array(g2 if measure == "g2" else strength(measure, *table)),
                    pa.array(p_value_bin(log10_attraction_p_value(*table, g2=g2))),
                    pa.array(above.sum(axis=1).astype(np.int32)),
                ],
                schema=SCHEMA,
            )

    return associate
