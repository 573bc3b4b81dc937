"""Results as files: Parquet for tables, JSON for summaries, each put in place whole.

A cell of work (one direction, one draw) is a file whose name carries the hash of everything that
its numbers depend on: model, words, prompt, direction, draw. If the file is there, the cell is
done. So an interrupted run continues where it stopped, and a run with other settings never reads
old numbers.

A finished run is a summary (JSON) and a table. Both carry the same key in their names, so a summary
is never read with the table of another run.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from pivotmine import __version__
from pivotmine.errors import InputError

TABLE_OF = {"scores": "words", "lens": "traces", "attribution": "attributed", "grid": "evaluations"}
"""Kind of run: the first part of its summary's name -> the first part of its table's name."""


class Run(NamedTuple):
    """One finished run."""

    summary: dict[str, Any]
    words: pa.Table
    """A row per direction and concept."""
    path: Path
    """The summary's file."""


def key(parts: Mapping[str, Any]) -> str:
    """Hash of plain values (16 hexadecimal digits); the order of keys does not matter."""
    content = orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(content).hexdigest()[:16]


def versions() -> dict[str, str]:
    """Versions of the packages that numbers of a model depend on; a part of keys."""
    return {name: version(name) for name in ("torch", "transformers")} | {"pivotmine": __version__}


def write_table(path: Path, table: pa.Table) -> None:
    """Write Parquet (zstd), in place at once."""
    with _whole(path) as partial:
        pq.write_table(table, partial, compression="zstd")


def read_table(path: Path) -> pa.Table | None:
    """The table of a cell, or None if there is no file.

    Raises
    ------
    InputError
        The file exists but is not Parquet.
    """
    if not path.exists():
        return None
    try:
        return pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise InputError(f"{path} cannot be read ({error}): delete it and run again") from None


def write_json(path: Path, value: Any) -> None:
    """Write indented JSON (NaN becomes null), in place at once."""
    with _whole(path) as partial:
        partial.write_bytes(orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n")


def write_page(path: Path, html: str) -> None:
    """Write an HTML page, in place at once."""
    with _whole(path) as partial:
        partial.write_text(html, encoding="utf-8")


def read_run(path: Path, kind: str) -> Run:
    """Read a run from its summary's file, or the newest run of this kind in a folder.

    `kind` is a key of `TABLE_OF`.

    Raises
    ------
    InputError
        There is no such run, or its table is missing.
    """
    file = _newest(path, kind) if path.is_dir() else path
    try:
        summary = orjson.loads(file.read_bytes())
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}") from None
    except orjson.JSONDecodeError as error:
        raise InputError(f"{file} is not JSON: {error}") from None
    begins, dash, key = file.stem.partition("-")
    if begins != kind or not dash or not isinstance(summary, dict):
        raise InputError(f"{file} is not a summary of this kind, whose name begins with `{kind}-`")
    beside = file.with_name(f"{TABLE_OF[kind]}-{key}.parquet")
    table = read_table(beside)
    if table is None:
        raise InputError(f"{beside.name} is missing beside {file}: run the command again")
    return Run(summary, table, file)


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A file to write to, which is put in the place of `path` at the end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    yield partial
    partial.replace(path)


def _newest(folder: Path, kind: str) -> Path:
    found = sorted(folder.glob(f"{kind}-*.json"), key=lambda path: (path.stat().st_mtime, path))
    if not found:
        raise InputError(f"{folder} holds no {kind}-*.json")
    return found[-1]
