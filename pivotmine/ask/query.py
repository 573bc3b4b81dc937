"""SQL over a lake, run when its rows are fetched; and the list of its tables."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pivotmine.ask.rows import Rows
from pivotmine.errors import LakeError, SetupError
from pivotmine.lake.tables import TABLES, Table

if TYPE_CHECKING:
    import duckdb
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from pivotmine.lake.lake import Lake


class Query:
    """SQL over a lake. Nothing is read before its rows are fetched.

    Examples
    --------
    >>> lake = pivotmine.open_lake("corpus.yaml")
    >>> query = lake.sql("SELECT count(*) AS n FROM links WHERE lang_b = 'fr'")
    >>> query
    Query("SELECT count(*) AS n FROM links WHERE lang_b = 'fr'")
    >>> query.to_arrow().column_names
    ['n']
    """

    def __init__(self, sql: str, connect: Callable[[str], duckdb.DuckDBPyConnection]) -> None:
        self.text = sql
        self._connect = connect

    def to_arrow(self) -> pa.Table:
        """All rows as an Arrow table.

        Raises
        ------
        LakeError
            DuckDB refuses the statement, or the lake cannot be read; the message says why.
        """
        return self._result(lambda relation: relation.to_arrow_table())

    def batches(self, rows: int = 10_000) -> pa.RecordBatchReader:
        """The rows as a stream of Arrow batches, for results that do not fit in memory.

        Parameters
        ----------
        rows
            Most rows of a batch.
        """
        return self._result(lambda relation: relation.to_arrow_reader(rows))

    def head(self, rows: int) -> pa.Table:
        """The first rows as an Arrow table. Raises `LakeError` as `to_arrow` does."""
        return self._result(lambda relation: relation.limit(rows).to_arrow_table())

    def df(self) -> pd.DataFrame:
        """All rows as a pandas frame. Raises `LakeError` as `to_arrow` does."""
        return self._result(lambda relation: relation.df())

    def pl(self) -> pl.DataFrame:
        """All rows as a polars frame.

        Raises
        ------
        SetupError
            polars is not installed.
        LakeError
            As `to_arrow` raises it.
        """
        try:
            import polars as pl
        except ImportError:
            raise SetupError("polars is not installed: pip install polars") from None
        frame = pl.from_arrow(self.to_arrow())
        assert isinstance(frame, pl.DataFrame)
        return frame

    def stream(self) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
        """Names of the columns, and the rows one by one as Python values."""
        from pivotmine.lake.query import run_sql

        return run_sql(self._connect(self.text), self.text)

    def __repr__(self) -> str:
        return f"Query({self.text!r})"

    def _result(self, take: Callable[[duckdb.DuckDBPyRelation], Any]) -> Any:
        from pivotmine.lake.query import explained

        with explained():
            relation = self._connect(self.text).sql(self.text)
            if relation is None:
                raise LakeError(f"{self.text!r} gives no rows; a lake is only read")
            return take(relation)


def table_sql(name: str, columns: Sequence[str] | None = None, where: str | None = None) -> str:
    """The statement that reads a table of the lake.

    Raises
    ------
    LakeError
        The lake has no such table, or the table no such column.

    Examples
    --------
    >>> table_sql("links", ["token_a", "npmi"], "npmi > 0.5")
    'SELECT "token_a", "npmi" FROM links WHERE npmi > 0.5'
    """
    known = table_named(name).schema.names
    for column in columns or ():
        if column not in known:
            raise LakeError(
                f"table {name} has no column {column!r}; its columns are {', '.join(known)}"
            )
    chosen = "*" if columns is None else ", ".join(f'"{column}"' for column in columns)
    return f"SELECT {chosen} FROM {name}" + (f" WHERE {where}" if where else "")


def table_named(name: str) -> Table:
    """The declaration of a table of the lake.

    Raises
    ------
    LakeError
        The lake has no such table.
    """
    if name not in TABLES:
        near = difflib.get_close_matches(name, TABLES, n=1)
        hint = f"did you mean {near[0]!r}? The" if near else "the"
        raise LakeError(f"no table {name!r}; {hint} tables are {', '.join(TABLES)}")
    return TABLES[name]


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
