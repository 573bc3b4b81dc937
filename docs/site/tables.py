"""Reference of the lake's tables, from their declarations."""

from __future__ import annotations

from docs.site.markdown import table_of
from pivotmine.lake.tables import TABLES, Table

HEAD = """# Tables and columns

`pivotmine query` and the Python API read these tables, and so does every other reader of Iceberg.
`pivotmine tables NAME` prints the same text, and Iceberg keeps it as comments. Columns are
nullable.
"""


def tables_page() -> str:
    """Markdown of all tables, in the order in which a run makes them."""
    return HEAD + "".join(map(_section, TABLES.values()))


def _section(table: Table) -> str:
    rows = [(f"`{name}`", f"`{kind}`", meaning) for name, kind, meaning in table.columns()]
    return f"\n## {table.name}\n\n{table.doc}\n\n" + table_of(("column", "type", "meaning"), rows)
