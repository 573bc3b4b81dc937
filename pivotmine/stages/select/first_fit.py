"""Documents in a given order, each taken if it still fits every budget that it is charged to."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.numeric.arrays import check_range, offsets_array, readonly
from pivotmine.numeric.arrow_batches import flat_list
from pivotmine.numeric.jit import njit


def rows_that_fit(batch: pa.RecordBatch, left: NDArray[np.int64]) -> pa.RecordBatch:
    """Rows that `first_fit` takes, by their lists `budget` and `charge`."""
    budget, offsets = flat_list(batch.column("budget"))
    charge, _ = flat_list(batch.column("charge"))
    return batch.filter(pa.array(first_fit(budget, charge, offsets, left)))


def first_fit(
    budget: NDArray[np.int32],
    charge: NDArray[np.int32],
    offsets: NDArray[np.int64],
    left: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """[D] whether each document is taken. `left` is lowered, so that the next batch goes on.

    Parameters
    ----------
    budget, charge, offsets
        Budgets of D documents (CSR), and the tokens charged to each.
    left
        [B] tokens left of each budget.

    Raises
    ------
    InputError
        A budget out of range.
    """
    number = readonly(budget, np.int32, "budget")
    check_range(number, 0, len(left), "budget")
    tokens = readonly(charge, np.int32, "charge")
    return _first_fit(number, tokens, offsets_array(offsets, len(tokens), "offsets"), left)


@njit
def fits(
    budget: NDArray[np.int32],
    charge: NDArray[np.int32],
    start: int,
    end: int,
    left: NDArray[np.int64],
) -> bool:
    """Whether every budget of a document has room for it. Its charges are those in [start, end)."""
    room = True
    for i in range(start, end):
        room = room and charge[i] <= left[budget[i]]
    return room


@njit
def spend(
    budget: NDArray[np.int32],
    charge: NDArray[np.int32],
    start: int,
    end: int,
    left: NDArray[np.int64],
) -> None:
    """Charge a document to its budgets."""
    for i in range(start, end):
        left[budget[i]] -= charge[i]


@njit
def _first_fit(
    budget: NDArray[np.int32],
    charge: NDArray[np.int32],
    offsets: NDArray[np.int64],
    left: NDArray[np.int64],
) -> NDArray[np.bool_]:
    taken = np.empty(len(offsets) - 1, np.bool_)
    for d in range(len(taken)):
        taken[d] = fits(budget, charge, offsets[d], offsets[d + 1], left)
        if taken[d]:
            spend(budget, charge, offsets[d], offsets[d + 1], left)
    return taken
