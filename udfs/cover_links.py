"""Candidates with their links to levels of what they add, and to those that cover most."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa

from pivotmine.kernels.coverage_greedy import Covering, CoverState, Pool, Worth, cover, levels
from udfs.arrow_lists import flat_list

Batches = Iterator[pa.RecordBatch]

POOL = pa.schema(
    [
        ("doc_id", pa.string()),
        ("draw", pa.float64()),
        ("n_tokens", pa.int32()),
        ("budget", pa.list_(pa.int32())),
        ("charge", pa.list_(pa.int32())),
        ("links", pa.list_(pa.int32())),
    ]
)
"""Documents that may be taken, in the order of `draw`, then `doc_id`."""

GRADED = POOL.append(pa.field("level", pa.int32()))

COVERED = pa.schema(
    [
        ("doc_id", pa.string()),
        ("new_links", pa.int64()),
        ("gain", pa.float64()),
        ("met", pa.binary()),
        ("left", pa.list_(pa.int64())),
    ]
)
"""Documents taken; in the last row, which is no document, the state that is left."""


def bind_grades(worth: Worth, state: CoverState) -> Callable[[Batches], Batches]:
    """Rows of `POOL` to those of `GRADED`, without documents that add nothing or fit no more.

    Memory: a batch, and 16 B a link of the table.
    """

    def grade(batches: Batches) -> Batches:
        for batch in batches:
            level = levels(_pool(batch), worth, state)
            graded = pa.RecordBatch.from_arrays([*batch.columns, pa.array(level)], schema=GRADED)
            yield graded.filter(pa.array(level < worth.n_levels))

    return grade


def bind_cover(
    worth: Worth, state: CoverState, last_level: int | None, last_draw: float
) -> Callable[[Batches], Batches]:
    """Rows of `POOL`, all in one task, to those of `COVERED`.

    Memory: the rows twice, to bring them in order.

    Parameters
    ----------
    last_level, last_draw
        The lowest level gone through (None: all), and where in the order of draws to stop there.
    """

    def take(batches: Batches) -> Batches:
        rows = pa.Table.from_batches(batches, POOL).combine_chunks()
        rows = rows.sort_by([("draw", "ascending"), ("doc_id", "ascending")]).combine_chunks()
        (batch,) = rows.to_batches() or [pa.RecordBatch.from_pylist([], schema=POOL)]
        n_last = int(np.searchsorted(batch.column("draw").to_numpy(), last_draw))
        found = cover(_pool(batch), worth, state, last_level=last_level, n_last=n_last)
        yield _covered(batch.column("doc_id").take(pa.array(found.document)), found)

    return take


def state_of(row: dict[str, object]) -> CoverState:
    """The state in the last row of `COVERED`."""
    met = np.frombuffer(row["met"], np.int32)  # type: ignore[call-overload]
    return CoverState(met, np.array(row["left"], np.int64))


def _pool(batch: pa.RecordBatch) -> Pool:
    links, offsets = flat_list(batch.column("links"))
    budget, charge_offsets = flat_list(batch.column("budget"))
    charge, _ = flat_list(batch.column("charge"))
    n_tokens = batch.column("n_tokens").to_numpy()
    return Pool(links, offsets, n_tokens, budget, charge, charge_offsets)


def _covered(doc_id: pa.Array, found: Covering) -> pa.RecordBatch:
    """Documents, and the state in a row of its own."""
    n = len(doc_id)
    documents = (doc_id, pa.array(found.new_links), pa.array(found.gain))
    columns = [pa.concat_arrays([column, pa.nulls(1, column.type)]) for column in documents]
    state = (found.state.met.tobytes(), found.state.left.tolist())
    for field, value in zip(list(COVERED)[len(documents) :], state, strict=True):
        columns.append(pa.concat_arrays([pa.nulls(n, field.type), pa.array([value], field.type)]))
    return pa.RecordBatch.from_arrays(columns, schema=COVERED)
