"""Rows of a result, for a person or for another program."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import math
import sys
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from itertools import chain, count
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.console import Console

from pivotmine.ask.query import Query
from pivotmine.ask.rows import Rows
from pivotmine.errors import ConfigError
from pivotmine.show.console import plain_console
from pivotmine.show.tables import print_line, print_records

if TYPE_CHECKING:
    import pyarrow as pa


class OutputFormat(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


def write_rows(output: OutputFormat, heads: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """All rows for another program: JSON Lines, CSV, or Parquet, which holds them all first."""
    if output is OutputFormat.PARQUET:
        import pyarrow as pa

        names = _distinct(heads)
        table = pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows])
        empty = pa.table({name: pa.nulls(0) for name in names})
        write_parquet((table if table.num_columns else empty).to_reader())
    elif output is OutputFormat.JSON:
        for row in rows:
            sys.stdout.write(_json(dict(zip(_distinct(heads), row, strict=True))) + "\n")
    else:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(heads)
        writer.writerows([_cell(value) for value in row] for row in rows)


def show_answer(output: OutputFormat, rows: Rows[Any], draw: Callable[[Console], None]) -> None:
    """An answer for a person, drawn, or for another program."""
    if output is OutputFormat.TABLE:
        draw(plain_console())
    else:
        write_rows(output, rows.columns, (tuple(row.values()) for row in rows.dicts()))


def print_result(query: Query) -> None:
    """The first hundred rows of a question, for a person.

    Rows are drawn by DuckDB as a box where it fits the terminal, and one below another where it
    does not. Floats are cut to six digits.
    """
    limit = 100
    found = query.head(limit + 1)
    console = plain_console()
    if not found.num_rows:
        print_line(console, "no rows")
        return
    shown = _rounded(found.slice(0, limit))
    box = _box(shown)
    if max(cell_len(line) for line in box) <= console.width:
        for line in box:
            print_line(console, line)
    else:
        cells = [[_cell(value) for value in row.values()] for row in shown.to_pylist()]
        print_records(console, _distinct(found.column_names), cells)
    if found.num_rows > limit:
        console.print(f"first {limit} rows; --format csv, json or parquet writes all of them")


def _box(rows: pa.Table) -> list[str]:
    """Lines of DuckDB's drawing of rows, none of which it leaves out."""
    import duckdb

    drawn = io.StringIO()
    with contextlib.redirect_stdout(drawn):
        duckdb.from_arrow(rows).show(
            max_width=100_000, max_rows=rows.num_rows, max_col_width=100_000
        )
    return drawn.getvalue().rstrip("\n").split("\n")


def _rounded(rows: pa.Table) -> pa.Table:
    """Rows under distinct names, with six digits of each float."""
    import pyarrow as pa

    columns = [
        pa.array([value and float(f"{value:.6g}") for value in column.to_pylist()], column.type)
        if pa.types.is_floating(column.type)
        else column
        for column in rows.columns
    ]
    return pa.table(dict(zip(_distinct(rows.column_names), columns, strict=True)))


def write_parquet(rows: pa.RecordBatchReader) -> None:
    """All rows as a Parquet file on standard output.

    Raises
    ------
    ConfigError
        Standard output is a terminal.
    """
    import pyarrow.parquet as pq

    if sys.stdout.isatty():
        raise ConfigError("Parquet is not for a terminal: send it to a file, as in > rows.parquet")
    names = _distinct(rows.schema.names)
    schema = rows.schema
    for index, name in enumerate(names):
        schema = schema.set(index, schema.field(index).with_name(name))
    with pq.ParquetWriter(sys.stdout.buffer, schema) as writer:
        for batch in rows:
            writer.write_batch(batch.rename_columns(names))


def _cell(value: Any) -> str:
    """A value as text of a table or of CSV."""
    if value is None:
        return ""
    return _json(value) if isinstance(value, (dict, list)) else str(_plain(value, str))


def _json(value: Any) -> str:
    def finite(number: float) -> float | None:
        return number if math.isfinite(number) else None  # JSON has no NaN

    return json.dumps(_plain(value, finite), default=str, ensure_ascii=False)


def _plain(value: Any, convert_float: Callable[[float], Any]) -> Any:
    r"""Nested values with bytes as text: what is not UTF-8 shows as `\xe7`."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, float):
        return convert_float(value)
    if isinstance(value, dict):
        return {str(key): _plain(item, convert_float) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, convert_float) for item in value]
    return value


def _distinct(heads: Sequence[str]) -> list[str]:
    """Column names as JSON keys: a second `lang` becomes `lang_1`, as in DuckDB's own tables."""
    names: list[str] = []
    for head in heads:
        candidates = chain([head], (f"{head}_{number}" for number in count(1)))
        names.append(next(name for name in candidates if name not in names))
    return names
