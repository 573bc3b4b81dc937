"""Rows of an answer: a tuple of dataclasses that shows itself as a table and turns into one."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar
from unicodedata import east_asian_width

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_SHOWN_ROWS, _SHOWN_WIDTH = 20, 40

Row = TypeVar("Row")


class Rows(tuple[Row, ...]):
    """Rows of one kind, best first; a tuple, so it is indexed, sliced and counted as one.

    Examples
    --------
    >>> lake = pivotmine.open_lake("corpus.yaml")
    >>> partners = lake.links("fr:chat")
    >>> partners[0].partner
    '▁cat'
    >>> list(partners.df()["partner"])[:1]
    ['▁cat']
    """

    kind: type[Row]
    """The dataclass of the rows; it names the columns where there are none."""

    def __new__(cls, kind: type[Row], rows: Iterable[Row] = ()) -> Rows[Row]:
        made = super().__new__(cls, tuple(rows))
        made.kind = kind
        return made

    @property
    def columns(self) -> list[str]:
        """Names of the fields of a row."""
        return [field.name for field in dataclasses.fields(self.kind)]  # type: ignore[arg-type]

    def dicts(self) -> list[dict[str, Any]]:
        """Each row as a dict; rows within rows are dicts too."""
        return [dataclasses.asdict(row) for row in self]  # type: ignore[call-overload]

    def to_arrow(self) -> pa.Table:
        """The rows as an Arrow table, a column a field."""
        import pyarrow as pa

        dicts = self.dicts()
        return pa.table({name: [row[name] for row in dicts] for name in self.columns})

    def df(self) -> pd.DataFrame:
        """The rows as a pandas frame, a column a field."""
        return self.to_arrow().to_pandas()

    def __repr__(self) -> str:
        if not self:
            return f"no {self.kind.__name__}"
        cells = [[_cell(getattr(row, name)) for name in self.columns] for row in self[:_SHOWN_ROWS]]
        lines = aligned([self.columns, *cells])
        if len(self) > _SHOWN_ROWS:
            lines.append(f"first {_SHOWN_ROWS} of {len(self):,} rows")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return str(self.df().to_html(max_rows=_SHOWN_ROWS, index=False))


def aligned(rows: list[list[str]]) -> list[str]:
    """Lines of cells in columns; East Asian characters are two columns wide."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        value = ", ".join(f"{name} {_cell(item)}" for name, item in value.items())
    elif isinstance(value, tuple):
        value = " | ".join(map(str, value))
    text = f"{value:.4g}" if isinstance(value, float) else " ".join(str(value).split())
    return text if len(text) <= _SHOWN_WIDTH else text[: _SHOWN_WIDTH - 3] + "..."


def _width(text: str) -> int:
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)
