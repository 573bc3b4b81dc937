"""Plain tables and lines on the terminal, which show the text of a corpus as it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

NARROW_COLUMNS = 100
"""On a terminal with fewer columns, a table that does not fit is printed row by row."""


def print_table(
    console: Console,
    title: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    numeric: Iterable[int] = (),
    *,
    without_rows: str = "no rows",
) -> None:
    """A plain table, or a sentence where there are no rows.

    Cells are shown as they are (`Text`, since rich reads markup and emoji codes in strings), except
    for control characters: text of a corpus must not command the terminal.

    Parameters
    ----------
    numeric
        Indices of right-aligned columns, which are never wrapped.
    without_rows
        The sentence.
    """
    cells = [[visible(cell) for cell in row] for row in rows]
    if not cells:
        print_line(console, f"\n{title}: {without_rows}" if title else without_rows)
        return
    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
    right = set(numeric)
    for index, head in enumerate(heads):
        justify: JustifyMethod = "right" if index in right else "left"
        table.add_column(Text(head), justify=justify, overflow="fold", no_wrap=index in right)
    for row in cells:
        table.add_row(*map(Text, row))
    console.print()
    if console.width < NARROW_COLUMNS and console.measure(table).maximum >= console.width:
        if title:
            print_line(console, title)
        print_records(console, heads, cells)
    else:
        console.print(table)


def print_records(console: Console, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """One row below another, a line a column: for tables that are wider than the terminal."""
    indent = max(map(cell_len, heads)) + 2
    for number, row in enumerate(rows, 1):
        print_line(console, f"-- {number} --")
        for head, cell in zip(heads, row, strict=True):
            lines = Text(visible(cell)).wrap(console, max(console.width - indent, 20))
            for at, line in enumerate(lines or [Text("")]):
                name = "" if at else head
                print_line(console, f"{name}{' ' * (indent - cell_len(name))}{line.plain}".rstrip())


def print_line(console: Console, line: str) -> None:
    """One line that is not wrapped, without markup or control characters."""
    console.print(visible(line), markup=False, highlight=False, soft_wrap=True)


def visible(text: str) -> str:
    """The text with its control characters replaced, character by character."""
    return text.translate(_VISIBLE)


_VISIBLE = {
    **{code: 0x2400 + code for code in range(0x20) if chr(code) not in "\t\n"},
    **dict.fromkeys(range(0x7F, 0xA0), 0xFFFD),
}
"""Control characters to pictures of themselves (U+2400 and up), or to the replacement character."""
