"""Candidates in the driver's memory, as an Arrow table; about 250 bytes a row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pivotmine.numeric.q_values import BINS, FAMILY
from pivotmine.stages.link.contest import KEY

Hold = Callable[[pa.Table], pa.Table]
"""Links that compete, with columns of `KEY` and `strength`, to rows of `contest.WON`."""

_BIN = (*FAMILY, "p_bin")


@dataclass(frozen=True)
class RowsHere:
    """`selection.CandidateRows` in an Arrow table."""

    rows: pa.Table
    hold: Hold
    max_contenders: int

    def bins(self, *, winners: bool = False) -> pa.Table:
        rows = self.rows.filter(pc.field("wins")) if winners else self.rows
        counted = rows.group_by([*FAMILY, "permutation", "p_bin"]).aggregate([([], "count_all")])
        return counted.rename_columns({"count_all": "count"}).select(BINS.names).cast(BINS)

    def passing(self, q: pa.Table, max_q_value: float) -> RowsHere:
        known = self._with_q(q, "q_value")
        return self._replace(known.filter(pc.field("q_value") <= max_q_value))

    def ranked(self, max_rank: int, name: str) -> RowsHere:
        one, other = self._rank("a", "b"), self._rank("b", "a")
        rows = _put(_put(self.rows, "rank_ab", one), "rank_ba", other)
        return self._replace(rows.filter(pa.array(np.minimum(one, other) <= max_rank)))

    def contested(self, min_won_share: float) -> RowsHere:
        rows = self.rows
        rank = np.minimum(rows["rank_ab"].to_numpy(), rows["rank_ba"].to_numpy())
        strength = rows["strength"].to_numpy()
        ids = [_codes(rows[name]) for name in reversed(KEY)]
        order = np.lexsort((*ids, -strength, rank))[: self.max_contenders]
        won = self.hold(rows.select([*KEY, "strength"]).take(pa.array(order)))
        rows = _put(rows, "number", np.arange(rows.num_rows))
        rows = rows.join(won, KEY, join_type="left outer").sort_by("number").drop_columns("number")
        n_won = pc.fill_null(rows["n_won"], 0)
        rows = rows.set_column(rows.column_names.index("n_won"), "n_won", n_won)
        enough = n_won.to_numpy() >= min_won_share * rows["n_ab"].to_numpy()
        best = np.minimum(rows["rank_ab"].to_numpy(), rows["rank_ba"].to_numpy()) == 1
        return self._replace(_put(rows, "wins", enough & best))

    def marked(self, q: pa.Table, max_q_value: float) -> RowsHere:
        of_corpus = self._replace(self.rows.filter(pc.field("permutation") == 0))
        rows = of_corpus._with_q(q, "prevails_q_value")
        known = pc.if_else(rows["wins"], rows["prevails_q_value"], None)
        rows = rows.set_column(
            rows.column_names.index("prevails_q_value"), "prevails_q_value", known
        )
        prevails = pc.fill_null(pc.less_equal(known, max_q_value), False)
        return self._replace(rows.append_column("prevails", prevails))

    def _replace(self, rows: pa.Table) -> RowsHere:
        return RowsHere(rows.combine_chunks(), self.hold, self.max_contenders)

    def _with_q(self, q: pa.Table, name: str) -> pa.Table:
        """The rows in their order, with the q-value of their bin."""
        rows = self.rows.drop_columns(name) if name in self.rows.column_names else self.rows
        rows = _put(rows, "number", np.arange(rows.num_rows))
        joined = rows.join(q.rename_columns({"q_value": name}), list(_BIN), join_type="left outer")
        return joined.sort_by("number").drop_columns("number").combine_chunks()

    def _rank(self, side: str, other: str) -> NDArray[np.int32]:
        groups = [self.rows[name] for name in ("permutation", "lang_a", "lang_b", "is_copy", side)]
        return ranks([_codes(group) for group in groups], self.rows["strength"].to_numpy(),
                     self.rows[other].to_numpy())  # fmt: skip


def ranks(
    groups: Sequence[NDArray[np.integer]],
    strength: NDArray[np.float64],
    ids: NDArray[np.integer],
) -> NDArray[np.int32]:
    """[P] rank of each row in its group from 1, the strongest first, ties by id."""
    order = np.lexsort((ids, -strength, *groups))
    fresh = np.zeros(len(order), np.bool_)
    fresh[:1] = True
    for group in groups:
        in_order = group[order]
        fresh[1:] |= in_order[1:] != in_order[:-1]
    first = np.flatnonzero(fresh)
    found = np.empty(len(order), np.int32)
    found[order] = np.arange(len(order)) - np.repeat(first, np.diff(first, append=len(order))) + 1
    return found


def _codes(column: pa.ChunkedArray) -> NDArray[np.integer]:
    """Values as numbers of the same order."""
    values = column.combine_chunks()
    if pa.types.is_string(values.type):
        distinct = pc.unique(values).sort()
        values = pc.index_in(values, value_set=distinct)
    found: NDArray[np.integer] = values.to_numpy(zero_copy_only=False).astype(np.int64)
    return found


def _put(rows: pa.Table, name: str, values: NDArray[np.generic]) -> pa.Table:
    """The rows with a column, in place of one of that name."""
    if name in rows.column_names:
        rows = rows.drop_columns(name)
    return rows.append_column(name, pa.array(values))
