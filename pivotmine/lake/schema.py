"""How a table of the lake is declared: an Arrow schema with a line of meaning for every column."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

STRING, INT, LONG, DOUBLE = pa.string(), pa.int32(), pa.int64(), pa.float64()
LONGS_BY_NAME = pa.map_(STRING, LONG)
DOUBLES_BY_NAME = pa.map_(STRING, DOUBLE)


@dataclass(frozen=True)
class Table:
    """A table of the lake.

    Parameters
    ----------
    name
        Table name inside the namespace.
    doc
        One line of meaning, stored as the Iceberg table comment.
    schema
        Arrow schema; field metadata `doc` becomes the Iceberg column comment.
    """

    name: str
    doc: str
    schema: pa.Schema

    def columns(self) -> list[tuple[str, str, str]]:
        """Name, type and meaning of every column."""
        return [
            (field.name, str(field.type), (field.metadata or {}).get(b"doc", b"").decode())
            for field in self.schema
        ]


def declare(name: str, doc: str, *columns: tuple[str, pa.DataType, str]) -> Table:
    """A table from columns of name, type and meaning."""
    fields = [pa.field(column, kind, metadata={"doc": text}) for column, kind, text in columns]
    return Table(name, doc, pa.schema(fields))


def conform(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """The rows in the columns of a schema; a column that a file does not have is null."""
    for field in schema:
        if field.name not in rows.column_names:
            rows = rows.append_column(field, pa.nulls(rows.num_rows, field.type))
    rows = rows.select(schema.names)
    return rows if rows.schema.equals(schema) else rows.cast(schema)
