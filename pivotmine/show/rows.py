"""Rows of a result, for a person or for another program."""

from __future__ import annotations

import csv
import json
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import chain, count, islice
from typing import Any

from rich.console import Console

from pivotmine.ask.rows import Rows
from pivotmine.show.console import plain_console
from pivotmine.show.tables import print_table


class OutputFormat(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def write_rows(output: OutputFormat, heads: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """All rows for another program: JSON Lines, or CSV."""
    if output is OutputFormat.JSON:
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


def print_result(heads: Sequence[str], rows: Iterator[tuple[Any, ...]]) -> None:
    """The first hundred rows, for a person."""
    limit = 100
    shown = list(islice(rows, limit + 1))
    console = plain_console()
    cells = [
        tuple(f"{value:.6g}" if isinstance(value, float) else _cell(value) for value in row)
        for row in shown[:limit]
    ]
    print_table(console, "", heads, cells)
    if len(shown) > limit:
        console.print(f"first {limit} rows; --format csv or json prints all of them")


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
