"""What a view is: figures for its page, tables to download, the SQL behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pyarrow as pa

from pivotmine.errors import InputError
from pivotmine.explore.live import Opened


class Unasked(InputError):
    """A view was opened before anything was asked: no fault, and the page says what to ask."""


MAX_ROWS_OF_A_DOWNLOAD = 10_000
_MAX_LETTERS = 400


@dataclass
class Asked:
    """A question to a view: the lake, and the values of the address."""

    opened: Opened
    connection: Any
    """A `Recorded` connection; the functions of `pivotmine.ask` take it for DuckDB's."""
    values: Mapping[str, str]
    languages: list[str]
    """Of the lake, in the order of the recipe."""
    results: Path | None = None
    """Folder with runs of `pivotmine-model lens`."""
    is_download: bool = False

    def text(self, name: str) -> str:
        """A value of the address without spaces around it; empty where it lacks.

        Raises
        ------
        InputError
            It is longer than any word.
        """
        value = self.values.get(name, "").strip()
        if len(value) > _MAX_LETTERS:
            raise InputError(f"{name} has {len(value)} characters; give {_MAX_LETTERS} at most")
        return value

    def number(self, name: str, default: int, most: int) -> int:
        """A whole number of the address, from 1.

        Raises
        ------
        InputError
            It is no number, or out of these bounds.
        """
        value = self.text(name) or str(default)
        if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= most:
            raise InputError(f"{name}={value!r} is no whole number from 1 to {most}")
        return int(value)

    def flag(self, name: str) -> bool:
        """Whether a switch of the address is on."""
        return self.text(name) in ("1", "on", "yes")

    def limit(self, shown: int) -> int:
        """Most rows: what a page shows, or what a download holds."""
        return MAX_ROWS_OF_A_DOWNLOAD if self.is_download else shown


@dataclass
class View:
    """An answer, before it is written as HTML, CSV or Parquet."""

    name: str
    """Of the view and of its template."""
    title: str
    """What is asked, for the head of the page and the browser's history."""
    figures: dict[str, Any] = field(default_factory=dict)
    """What its template shows."""
    tables: dict[str, pa.Table] = field(default_factory=dict)
    """What can be downloaded, by name."""
    uses: tuple[str, ...] = ()
    """Libraries that its page needs: `vega`, `cytoscape`."""


def address(view: str, **values: Any) -> str:
    """The address of a view, with a switch or value left out where it is empty.

    Examples
    --------
    >>> address("word", q="fr:chat", lang=None)
    '/word?q=fr%3Achat'
    """
    asked = {name: str(value) for name, value in values.items() if value not in (None, "", False)}
    return f"/{view}" + (f"?{urlencode(asked)}" if asked else "")
