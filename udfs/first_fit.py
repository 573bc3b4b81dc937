"""Documents in order to those that still fit their budgets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa

from pivotmine.numeric.arrow_lists import flat_list
from pivotmine.stages.select.first_fit import first_fit

Batches = Iterator[pa.RecordBatch]


def bind(limits: Sequence[int]) -> Callable[[Batches], Batches]:
    """Rows with `budget` and `charge` (lists), in order and in one task, to those that fit."""

    def take(batches: Batches) -> Batches:
        left = np.array(limits, np.int64)
        for batch in batches:
            budget, offsets = flat_list(batch.column("budget"))
            charge, _ = flat_list(batch.column("charge"))
            yield batch.filter(pa.array(first_fit(budget, charge, offsets, left)))

    return take
