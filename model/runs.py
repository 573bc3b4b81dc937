"""What runs wrote, found again: a summary (JSON) and its table of words.

The two share the key in their names, so that a summary is never read with another run's words.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pyarrow as pa

from pivotmine.errors import InputError
from pivotmine.model.results import read_table

TABLE_OF = {
    "scores": "words",
    "lens": "traces",
    "attribution": "attributed",
    "grid": "evaluations",
}
"""Beginning of a summary's name -> beginning of its table's."""


class Run(NamedTuple):
    """One finished run."""

    summary: dict[str, Any]
    words: pa.Table
    """A row per direction and concept."""
    path: Path
    """The summary's file."""


def read_run(path: Path, kind: str) -> Run:
    """Read a run: its summary's file, or a folder that holds one summary of this kind.

    Parameters
    ----------
    kind
        `scores`, `lens`, `attribution` or `grid`.

    Raises
    ------
    InputError
        There is no such run, several of them, or its table is missing.
    """
    file = _only(path, kind) if path.is_dir() else path
    try:
        summary = orjson.loads(file.read_bytes())
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}") from None
    except orjson.JSONDecodeError as error:
        raise InputError(f"{file} is no JSON: {error}") from None
    begins, dash, key = file.stem.partition("-")
    if begins != kind or not dash or not isinstance(summary, dict):
        raise InputError(f"{file} is no summary of this kind: its name begins with `{kind}-`")
    beside = file.with_name(f"{TABLE_OF[kind]}-{key}.parquet")
    table = read_table(beside)
    if table is None:
        raise InputError(f"{beside.name} is missing beside {file}: run the command again")
    return Run(summary, table, file)


def _only(folder: Path, kind: str) -> Path:
    found = sorted(folder.glob(f"{kind}-*.json"))
    if len(found) != 1:
        names = ", ".join(path.name for path in found)
        what = f"holds several: {names}; name one" if found else f"holds no {kind}-*.json"
        raise InputError(f"{folder} {what}")
    return found[0]
