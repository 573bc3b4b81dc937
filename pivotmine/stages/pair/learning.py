"""Aligned segments to counts of features that meet in them, and counts to links."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.stages.pair.features import unpack
from pivotmine.stages.pair.feedback import meetings, strengths
from pivotmine.stages.pair.judging import unpack_beads

MEETINGS = pa.schema(
    [("pair", pa.int16()), ("a", pa.int32()), ("b", pa.int32()), ("n", pa.int64())]
)
"""Segment pairs that hold feature a on one side and b on the other; `feedback.EITHER` for any."""

LEARNT = pa.schema(
    [("pair", pa.int16()), ("a", pa.int32()), ("b", pa.int32()), ("strength", pa.float64())]
)
"""Features that may mean the same, with the log-likelihood ratio of both."""

MAX_DOCUMENT_BEADS = 4096
"""Segment pairs of a document that count, from its beginning: a book does not outweigh a site."""

_CHUNK_MEETINGS = 2**21


def meeting_rows(batch: pa.RecordBatch) -> pa.RecordBatch:
    """`pair`, `beads`, and the packed documents `a` and `b`, to rows of `MEETINGS`.

    Memory: 100 B for each of `_CHUNK_MEETINGS` meetings, and those of one document: at most 4096 in
    each of `MAX_DOCUMENT_BEADS` segment pairs, in practice some 100.
    """
    parts: list[NDArray[np.int64]] = []
    held: list[NDArray[np.int64]] = []
    n_held = 0
    columns = (batch.column(name).to_pylist() for name in ("pair", "beads", "a", "b"))
    for pair, beads, one, other in zip(*columns, strict=True):
        counted = unpack_beads(beads).take(slice(MAX_DOCUMENT_BEADS))
        a, b = meetings(unpack(one), unpack(other), counted)
        held.append(np.stack((np.full(len(a), pair), a, b), axis=1).astype(np.int64))
        n_held += len(a)
        if n_held > _CHUNK_MEETINGS:
            parts.append(_summed(held))
            held, n_held = [], 0
    if held:
        parts.append(_summed(held))
    rows = np.concatenate([np.empty((0, 4), np.int64), *parts])
    arrays = [pa.array(rows[:, at]).cast(field.type) for at, field in enumerate(MEETINGS)]
    return pa.RecordBatch.from_arrays(arrays, schema=MEETINGS)


def _summed(parts: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Distinct rows with their number."""
    rows = np.concatenate(parts)
    order = np.lexsort(rows.T[::-1])
    rows = rows[order]
    first = np.append(True, (rows[1:] != rows[:-1]).any(axis=1))[: len(rows)]
    starts = np.flatnonzero(first)
    counts = np.diff(starts, append=len(rows))
    return np.concatenate((rows[starts], counts[:, None]), axis=1)


def strength_rows(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Rows of `MEETINGS` with `n_a`, `n_b` and `n_all` to rows of `LEARNT`."""
    counts = (batch.column(name).to_numpy() for name in ("n", "n_a", "n_b", "n_all"))
    columns = [batch.column(name) for name in ("pair", "a", "b")]
    return pa.RecordBatch.from_arrays([*columns, pa.array(strengths(*counts))], schema=LEARNT)
