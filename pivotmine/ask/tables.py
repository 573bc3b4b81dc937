"""The tables of a lake: what each means, how many rows it has, when it was committed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from pivotmine.ask.rows import Rows
from pivotmine.lake.lake import Lake
from pivotmine.lake.tables import TABLES


@dataclass(frozen=True)
class TableState:
    """A table of the lake, as it is now."""

    name: str
    n_rows: int | None
    """None before the first commit, as for the next two."""
    committed_at: datetime | None
    snapshot_id: int | None
    meaning: str


def list_tables(lake: Lake) -> Rows[TableState]:
    """All tables, in the order in which the road writes them."""
    return Rows(TableState, (_state(lake, name) for name in TABLES))


def _state(lake: Lake, name: str) -> TableState:
    snapshot = lake.snapshot(name)
    if snapshot is None:
        return TableState(name, None, None, None, TABLES[name].doc)
    moment = datetime.fromtimestamp(snapshot.timestamp_ms / 1000, UTC)
    n_rows = lake.n_rows(name, snapshot)
    return TableState(name, n_rows, moment, snapshot.snapshot_id, TABLES[name].doc)
