"""Parquet with a checksum a page: how every file of a lake is opened and written.

zstd frames have no checksum of their own as Parquet writers make them, so a flipped bit becomes
another value: of 60 flipped bits in a file 58 were read without an error. With a CRC-32 a page, all
60 are refused (`docs/failures.md`). It costs 4 bytes a page. Spark writes the same checksums, and
`pivotmine.engine.session` lets it verify them. DuckDB 2.0 ignores them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from pivotmine.errors import DamagedError

MEND = "delete what is left of the file; `pivotmine run` then makes its table anew."
"""What mends a damaged file of a table that a stage makes."""

REMEDY = f"`pivotmine audit` lists all that is damaged. To mend it, {MEND}"


@contextlib.contextmanager
def reading(path: str) -> Iterator[None]:
    """What is raised while a file of a lake is read, as an error that names the file.

    Raises
    ------
    DamagedError
        The file is gone, or its bytes are not those that were written.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise DamagedError(f"{path} is gone. `pivotmine run` makes its table anew.") from error
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno:
            raise  # the system's: the disk or the network, not the bytes
        raise DamagedError(f"{path} is damaged ({_first_line(error)}). {REMEDY}") from error


def parquet_reader(source: IO[bytes]) -> pq.ParquetFile:
    """A Parquet file whose pages are verified as they are read."""
    return pq.ParquetFile(source, page_checksum_verification=True)


def parquet_writer(
    sink: Any, schema: pa.Schema, metadata_collector: list[pq.FileMetaData] | None = None
) -> pq.ParquetWriter:
    """A writer of a file of a lake.

    The Arrow schema is left out: readers use the table's own.
    """
    return pq.ParquetWriter(
        sink,
        schema,
        compression="zstd",
        store_schema=False,
        write_page_checksum=True,
        metadata_collector=metadata_collector,
    )


def write_parquet(rows: pa.Table, sink: IO[bytes]) -> None:
    """Write rows that are held in memory as one file."""
    with parquet_writer(sink, rows.schema) as writer:
        writer.write_table(rows)


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]
