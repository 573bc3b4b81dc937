"""The SQL behind a view: a connection that keeps what it was asked, as statements to paste.

Questions of `pivotmine.ask` make temporary tables and views before they ask. A reader of the page
has none, so each question is shown as one statement, with those that it uses as common table
expressions and with its parameters as literals. It runs in `pivotmine query`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from textwrap import dedent
from typing import Any

import duckdb

from pivotmine.lake.query import quoted

_MADE = re.compile(
    r"\s*CREATE OR REPLACE TEMP (?:TABLE|VIEW) (?P<name>\w+) AS\s+(?P<body>.*)", re.S | re.I
)
_WITH = re.compile(r"\s*WITH\b", re.I)
_NAMED = re.compile(r"\$(\w+)")

Parameters = Mapping[str, Any] | Sequence[Any] | None


class Recorded:
    """A connection of DuckDB that keeps the questions which it was asked.

    It stands in for a connection in the functions of `pivotmine.ask`, which call `execute`, `sql`,
    `register` and `unregister`.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._made: dict[str, str] = {}
        self.statements: list[str] = []
        """Each question once, in the order in which they were asked."""

    def execute(self, sql: str, parameters: Parameters = None) -> duckdb.DuckDBPyConnection:
        """`DuckDBPyConnection.execute`."""
        self._keep(sql, parameters)
        return self._connection.execute(sql, parameters)

    def sql(self, sql: str, *, params: Parameters = None) -> duckdb.DuckDBPyRelation:
        """`DuckDBPyConnection.sql`."""
        self._keep(sql, params)
        return self._connection.sql(sql, params=params)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def _keep(self, sql: str, parameters: Parameters) -> None:
        for statement in duckdb.extract_statements(sql):
            text = dedent(with_literals(statement.query, parameters)).strip().rstrip(";")
            if made := _MADE.fullmatch(text):
                self._made[made["name"]] = dedent(made["body"]).strip()
            elif (asked := self._alone(text)) not in self.statements:
                self.statements.append(asked)

    def _alone(self, text: str) -> str:
        """A question with the temporary tables that it reads, in the order they were made."""
        used = self._used(text)
        parts = [f"{name} AS (\n{body}\n)" for name, body in self._made.items() if name in used]
        if not parts:
            return text
        rest = f",\n{_WITH.sub('', text, count=1).lstrip()}" if _WITH.match(text) else f"\n{text}"
        return "WITH " + ",\n".join(parts) + rest

    def _used(self, text: str) -> set[str]:
        words = set(re.findall(r"\w+", text))
        used = {name for name in self._made if name in words}
        for name in list(used):
            # What a temporary table reads was made before it, so this ends.
            used |= self._used(self._made[name]) - {name}
        return used


def with_literals(sql: str, parameters: Parameters) -> str:
    """The statement with its parameters written out. It is shown, never executed.

    Examples
    --------
    >>> with_literals("SELECT * FROM t WHERE a = $a AND $b::BIGINT[] = b", {"a": "it's", "b": [1]})
    "SELECT * FROM t WHERE a = 'it''s' AND [1]::BIGINT[] = b"
    """
    if isinstance(parameters, Mapping):
        return _NAMED.sub(
            lambda found: literal(parameters[found[1]]) if found[1] in parameters else found[0], sql
        )
    values = iter(parameters or ())
    return "".join(
        literal(next(values)) if part == "?" and parameters else part
        for part in re.split(r"(\?)", sql)
    )


def literal(value: Any) -> str:
    """A value of Python as a literal of SQL."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return quoted(value)
    return "[" + ", ".join(map(literal, value)) + "]"
