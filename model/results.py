"""Results as files: Parquet for tables, JSON for summaries, written whole or not at all.

A cell of work (one direction, one draw) is a file whose name carries the hash of everything that
its numbers depend on: model, words, prompt, direction, draw. Finding the file is finding the
result, so a run that was interrupted goes on where it stopped, and a run with other settings never
takes up old numbers.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from pivotmine.errors import InputError


def key(parts: Mapping[str, Any]) -> str:
    """Hash of plain values (16 hexadecimal digits); the order of keys does not matter."""
    content = orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(content).hexdigest()[:16]


def write_table(path: Path, table: pa.Table) -> None:
    """Write Parquet (zstd), in place at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    pq.write_table(table, partial, compression="zstd")
    partial.replace(path)


def read_table(path: Path) -> pa.Table | None:
    """The table of a cell, or None if it is not there.

    Raises
    ------
    InputError
        The file is there and is no Parquet.
    """
    if not path.exists():
        return None
    try:
        return pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise InputError(f"{path} cannot be read ({error}): delete it and run again") from None


def write_json(path: Path, value: Any) -> None:
    """Write indented JSON (NaN becomes null), in place at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    partial.write_bytes(orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n")
    partial.replace(path)
