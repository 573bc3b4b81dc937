"""Read records from files: every record becomes a document, or a reject with a reason.

`listing.list_splits` runs on the driver and cuts the inputs into splits. `read_split` runs on an
executor and reads one split, without Spark. It does not raise for anything in the data or on the
way to it: a split always ends with its `split` row, whose `n_records` equals the number of
documents and rejects before it.

A format is a generator `(split, columns, limits, count) -> Iterator[Row]`, registered with
`pivotmine.plugins.source`; docs/sources.md shows one in 40 lines.
"""

from collections.abc import Callable, Iterator

import pyarrow as pa

from pivotmine import plugins
from pivotmine.errors import StoreUnavailable
from pivotmine.sources.parse import EXPLANATIONS, Reason
from pivotmine.sources.records import (
    RECORD_SCHEMA,
    ColumnMap,
    ReadLimits,
    RecordCount,
    Row,
    Split,
    reject_row,
    split_row,
    to_batches,
)

__all__ = [
    "EXPLANATIONS",
    "RECORD_SCHEMA",
    "ColumnMap",
    "ReadLimits",
    "Reason",
    "Split",
    "read_split",
]

Reader = Callable[[Split, ColumnMap, ReadLimits, RecordCount], Iterator[Row]]


def read_split(split: Split, columns: ColumnMap, limits: ReadLimits) -> Iterator[pa.RecordBatch]:
    """Read one split as batches of `RECORD_SCHEMA`, about 8 MiB of text or 2,048 rows each.

    An error while reading (no permission, a file that is gone, a lost connection) becomes one
    `unreadable_file` reject after the rows read before it. Raises `ConfigError` only for a format
    that is not registered.
    """
    reader: Reader = plugins.SOURCES[split.format].value
    return to_batches(_rows(reader, split, columns, limits))


def _rows(reader: Reader, split: Split, columns: ColumnMap, limits: ReadLimits) -> Iterator[Row]:
    count = RecordCount()
    try:
        for row in reader(split, columns, limits, count):
            # A format of a plugin may name the file as it was asked to read it.
            yield row._replace(uri=split.name) if row.uri == split.uri else row
    except StoreUnavailable:
        raise
    except Exception as error:
        count.n_records += 1
        detail = f"{type(error).__name__}: {error}"
        yield reject_row(split, columns, split.start, Reason.UNREADABLE_FILE, detail)
    yield split_row(split, columns, count)
