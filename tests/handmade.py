"""Lakes made by hand, and the command line in this process: whole commands without Spark."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pytest

from pivotmine.cli.app import main
from pivotmine.cli.options import CONFIG_ENV
from pivotmine.lake.commit import commit
from pivotmine.lake.lake import Lake
from pivotmine.lake.parquet_files import write_parquet
from pivotmine.lake.tables import TABLES
from pivotmine.recipe import LakeConfig

Row = dict[str, Any]

_numbers = count()


def make_lake(folder: Path, **tables: list[Row]) -> Lake:
    """A new lake under a folder, with one commit of these tables."""
    lake = Lake(LakeConfig(warehouse=str(folder)))
    put(lake, **tables)
    return lake


def put(
    lake: Lake,
    *,
    run_id: str | None = None,
    kept: Mapping[str, list[str]] | None = None,
    **tables: list[Row],
) -> None:
    """Replace the contents of tables in one commit; columns that are not given are null.

    Files in `kept` stay. Rows of `runs` are commits of their own, before that one.
    """
    for row in tables.pop("runs", []):
        number = f"run-{next(_numbers)}"
        empty = {"run_id": number, "fingerprint": number, "finished_at": datetime.now(UTC)}
        commit(lake, {**empty, **row}, {})
    run_id = run_id or f"run-{next(_numbers)}"
    staged = {}
    for name, rows in tables.items():
        folder = lake.staging_path(name, run_id)
        lake.filesystem.makedirs(folder)
        with lake.filesystem.open(f"{folder}/part-0.parquet", "wb") as stream:
            write_parquet(pa.Table.from_pylist(rows, schema=TABLES[name].schema), stream)
        staged[name] = lake.parquet_files(folder)
    now = datetime.now(UTC)
    run = {"run_id": run_id, "stage": "hand", "fingerprint": run_id, "inputs": {}, "rows": {}}
    commit(lake, {**run, "started_at": now, "finished_at": now}, staged, kept)


class Outcome(NamedTuple):
    """What a command left behind."""

    status: int
    out: str
    err: str


def cli(*arguments: str, columns: int = 200) -> Outcome:
    """Run `pivotmine` in this process, as its entry point does, on a terminal of some columns."""
    out, err = io.StringIO(), io.StringIO()
    status: Any = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["pivotmine", *arguments])
        patch.setenv("COLUMNS", str(columns))
        patch.delenv(CONFIG_ENV, raising=False)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                main()
            except SystemExit as ended:
                status = ended.code or 0
    return Outcome(int(status), out.getvalue(), err.getvalue())


def settings(lake: Lake) -> tuple[str, ...]:
    """`--set` arguments that name a lake."""
    return ("--set", f"lake.warehouse={lake.warehouse.removeprefix('file://')}")


def word(token_id: int, token: str, *langs: str, n: int = 10) -> Row:
    """A row of `vocabulary` that counts as a word of some languages."""
    return {
        "token_id": token_id,
        "token": token,
        "lang": langs[0] if len(langs) == 1 else "shared",
        "lang_share": 1.0,
        "langs": list(langs),
        "document_frequency": n,
        "token_count": n,
        "whole_share": 1.0,
    }


def link(a: int, lang_a: str, b: int, lang_b: str, npmi: float, **more: Any) -> Row:
    """A row of `links`; languages in the order of the alphabet, as the stage writes them."""
    assert lang_a < lang_b
    row = {
        **{"a": a, "b": b, "token_a": str(a), "token_b": str(b)},
        **{"lang_a": lang_a, "lang_b": lang_b, "npmi": npmi, "is_copy": False},
        **{"n_ab": 10, "n_a": 20, "n_b": 20, "n_contexts": 100, "expected": 4.0},
        **{"g2": 50.0, "q_value": 0.001, "folds": 4, "rank_ab": 1, "rank_ba": 1},
        **{"n_won": 10, "prevails": True},
    }
    row = {**row, **more}
    # Both words stand in the contexts that hold both.
    return {**row, **{name: max(row[name], row["n_ab"]) for name in ("n_a", "n_b")}}
