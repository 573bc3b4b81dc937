"""The tasks of a round: grade the candidates in their files, and cover with the best.

Tasks read candidates from files that workers wrote. Sent through the JVM in every round, lists of
links would take five times as long.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pivotmine.engine.numbered_tasks import FileRange
from pivotmine.numeric.arrow_batches import flat_list
from pivotmine.stages.select.coverage_greedy import Covering, CoverState, Pool, Worth, cover, levels
from pivotmine.storage.filesystem import open_file

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

ROUND = POOL.append(pa.field("row", pa.int64()))
"""Documents of a round. `row` is their place: 2^40 * number of the file + number of the row."""

LEVELS = pa.schema([("level", pa.int32()), ("slice", pa.int32()), ("n_links", pa.int64())])
"""Links of documents by level and slice of the draws."""

COVERED = pa.schema(
    [
        ("doc_id", pa.string()),
        ("new_links", pa.int64()),
        ("gain", pa.float64()),
        ("row", pa.int64()),
        ("met", pa.binary()),
        ("left", pa.list_(pa.int64())),
    ]
)
"""Documents taken. The last row holds the state instead of a document."""

SLICES = 256
"""Parts of a level between which a round may end; results do not depend on it."""

_ROW_BITS = 40


class Waiting(NamedTuple):
    """The files of the pool, and the documents in them that are taken already."""

    files: tuple[str, ...]
    splits: tuple[tuple[FileRange, ...], ...]
    """Ranges of rows for each task; a row group belongs to the range in which it begins."""

    covered: tuple[str, ...]
    """Files of `COVERED`: the documents taken."""


class End(NamedTuple):
    """Where a round ends: at a level, and there after the documents with draws below `draw`."""

    level: int | None
    draw: float


EVERYTHING = End(None, 1.0)


def graded_rows(
    parts: Sequence[FileRange], waiting: Waiting, worth: Worth, state: CoverState
) -> Iterator[tuple[pa.RecordBatch, NDArray[np.int32]]]:
    """Rows of `ROUND` with a gain that are not taken yet, and their levels.

    Memory: a row group, and 16 B a link of the table.
    """
    number_of = {path: number for number, path in enumerate(waiting.files)}
    for part in parts:
        taken = _taken(waiting.covered, number_of[part.path])
        for first, rows in _row_groups(part):
            row = (number_of[part.path] << _ROW_BITS) + np.arange(first, first + rows.num_rows)
            level = levels(_pool(rows), worth, state)
            waits = (level < worth.n_levels) & ~np.isin(row, taken)
            whole = pa.RecordBatch.from_arrays([*rows.columns, pa.array(row)], schema=ROUND)
            yield whole.filter(pa.array(waits)), level[waits]


def level_counts(rows: pa.RecordBatch, level: NDArray[np.int32]) -> pa.RecordBatch:
    """Rows of `LEVELS` from graded rows."""
    part = (rows["draw"].to_numpy() * SLICES).astype(np.int64)
    cell, place = np.unique(level * np.int64(SLICES) + part, return_inverse=True)
    sizes = np.diff(flat_list(rows["links"])[1])
    n_links = np.bincount(place, sizes, len(cell)).astype(np.int64)
    columns = [*(half.astype(np.int32) for half in np.divmod(cell, SLICES)), n_links]
    return pa.RecordBatch.from_arrays([*map(pa.array, columns)], schema=LEVELS)


def rows_before(rows: pa.RecordBatch, level: NDArray[np.int32], end: End) -> pa.RecordBatch:
    """The graded rows before the end of a round."""
    inside = np.ones(len(level), np.bool_)
    if end.level is not None:
        early = rows["draw"].to_numpy() < end.draw
        inside = (level < end.level) | ((level == end.level) & early)
    return rows.filter(pa.array(inside))


def cover_files(files: Sequence[str], worth: Worth, state: CoverState, end: End) -> pa.RecordBatch:
    """Rows of `COVERED`, from files of `POOL` or `ROUND`.

    Memory: the rows twice, to bring them in order.
    """
    everything = [FileRange(path, 0, 1 << _ROW_BITS) for path in files]
    read = [rows for part in everything for _, rows in _row_groups(part)]
    table = pa.Table.from_batches(read) if read else POOL.empty_table()
    table = table.sort_by([("draw", "ascending"), ("doc_id", "ascending")]).combine_chunks()
    (rows,) = table.to_batches() or [pa.RecordBatch.from_pylist([], schema=table.schema)]
    n_last = int(np.searchsorted(rows["draw"].to_numpy(), end.draw))
    found = cover(_pool(rows), worth, state, last_level=end.level, n_last=n_last)
    return _covered(rows.take(pa.array(found.document)), found)


def _taken(files: Sequence[str], number: int) -> NDArray[np.int64]:
    """Rows of a file of the pool that are taken."""
    rows = [np.empty(0, np.int64)]
    for path in files:
        with open_file(path) as stream:
            for batch in pq.ParquetFile(stream).iter_batches(columns=["row"], use_threads=False):
                row = batch.column("row").drop_null().to_numpy()
                rows.append(row[row >> _ROW_BITS == number])
    return np.concatenate(rows)


def _row_groups(part: FileRange) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Row groups that begin in a range of a file's rows, with the number of their first row."""
    with open_file(part.path) as stream:
        file = pq.ParquetFile(stream)
        first = 0
        for group in range(file.num_row_groups):
            at = first
            first += file.metadata.row_group(group).num_rows
            if part.start <= at < part.end:
                table = file.read_row_group(group, use_threads=False).combine_chunks()
                for batch in table.to_batches():
                    yield at, batch
                    at += batch.num_rows


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


def _covered(taken: pa.RecordBatch, found: Covering) -> pa.RecordBatch:
    """Rows of `COVERED`: the documents, then the state."""
    n = taken.num_rows
    # A pool that is one round has no column `row`, since no later round needs it.
    row = taken["row"] if "row" in taken.schema.names else pa.nulls(n, pa.int64())
    documents = (taken["doc_id"], pa.array(found.new_links), pa.array(found.gain), row)
    columns = [pa.concat_arrays([column, pa.nulls(1, column.type)]) for column in documents]
    state = (found.state.met.tobytes(), found.state.left.tolist())
    for field, value in zip(list(COVERED)[len(documents) :], state, strict=True):
        columns.append(pa.concat_arrays([pa.nulls(n, field.type), pa.array([value], field.type)]))
    return pa.RecordBatch.from_arrays(columns, schema=COVERED)
