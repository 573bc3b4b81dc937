"""The tokens of a lake as words, and rows of Python as tables of DuckDB."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa

from pivotmine.text.token_notation import whole_word


class TokenWord(NamedTuple):
    """A token in one of its languages."""

    token_id: int
    token: str
    lang: str
    word: str
    """The folded word; empty for a fragment."""

    token_count: int
    document_frequency: int


def token_words(connection: duckdb.DuckDBPyConnection) -> Iterator[TokenWord]:
    """Every token that occurs, in each of its languages, by id."""
    rows = connection.execute(
        "SELECT token_id, token, langs, token_count, document_frequency FROM vocabulary "
        "WHERE token_count > 0 ORDER BY token_id"
    ).fetchall()
    for token_id, token, langs, *counts in rows:
        for lang in langs or ():
            yield TokenWord(token_id, token, lang, whole_word(token, lang), *counts)


def put_rows(
    connection: duckdb.DuckDBPyConnection, name: str, rows: Sequence[tuple[Any, ...]], columns: str
) -> None:
    """Rows as a table; `columns` names int64 columns, and with `:s` behind the name strings."""
    names = [column.partition(":") for column in columns.split()]
    values = list(zip(*rows, strict=True)) or [()] * len(names)
    table = pa.table(
        {
            label: pa.array(column, pa.string() if kind else pa.int64())
            for (label, _, kind), column in zip(names, values, strict=True)
        }
    )
    put_table(connection, name, table)


def put_table(connection: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    """An Arrow table as a table of DuckDB."""
    connection.register("eval_rows", table)
    connection.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM eval_rows")
    connection.unregister("eval_rows")
