"""Deliveries that were taken down, and the past of a lake that still holds them.

Table `withdrawals` lists these deliveries. The runner removes their inputs from every recipe, so a
later run of the same recipe does not bring them back.
"""

from __future__ import annotations

import contextlib
import posixpath
import secrets
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

import pivotmine
from pivotmine.errors import ConfigError, LakeError
from pivotmine.lake.catalog import local_path
from pivotmine.lake.lake import Lake, run_id
from pivotmine.lake.recovery import lock, recover
from pivotmine.lake.tables import RUNS, SHARDS, TABLES, WITHDRAWALS
from pivotmine.recipe import Recipe


def read_withdrawals(lake: Lake) -> pa.Table:
    """Rows of `withdrawals`, oldest first. There are few: a person makes each."""
    return lake.read(WITHDRAWALS.name).sort_by("withdrawn_at")


def without_withdrawn(config: Recipe, also: str | None = None) -> Recipe:
    """The recipe without the inputs that its lake has withdrawn, nor those of delivery `also`.

    Raises
    ------
    ConfigError
        Nothing would be left to read.
    """
    withdrawn = {also} - {None}
    with contextlib.suppress(LakeError):  # no lake yet
        lake = Lake(config.lake, read_only=True)
        withdrawn |= set(read_withdrawals(lake)["ingest_id"].to_pylist())
    default = config.ingest.ingest_id
    inputs = config.ingest.inputs
    kept = tuple(item for item in inputs if (item.ingest_id or default) not in withdrawn)
    if len(kept) == len(inputs):
        return config
    if not kept:
        raise ConfigError(
            f"without {', '.join(sorted(map(str, withdrawn)))}, which the lake has withdrawn or is "
            "about to withdraw, the recipe has nothing to read. Name other deliveries in "
            "ingest.inputs (ingest_id), or remove the lake."
        )
    ingest = config.ingest.model_copy(update={"inputs": kept})
    return config.model_copy(update={"ingest": ingest})


def withdraw(lake: Lake, ingest_id: str, known: set[str], reason: str) -> None:
    """Enter a delivery in `withdrawals`.

    Raises
    ------
    LakeError
        Neither the lake nor the recipe knows it.
    """
    if ingest_id not in known:
        raise LakeError(f"no delivery {ingest_id!r}; there are {', '.join(sorted(known))}")
    now = datetime.now(UTC)
    row = {"ingest_id": ingest_id, "withdrawn_at": now, "reason": reason}
    added = pa.Table.from_pylist([row], WITHDRAWALS.schema)
    run = f"{now:%Y%m%dT%H%M%S}-takedown-{secrets.token_hex(4)}"
    folder = lake.staging_path(WITHDRAWALS.name, run)
    with lock(lake):
        recover(lake)
        rows = pa.concat_tables([read_withdrawals(lake), added])
        lake.filesystem.makedirs(folder, exist_ok=True)
        with lake.filesystem.open(f"{folder}/part-0.parquet", "wb") as stream:
            pq.write_table(rows, stream, store_schema=False)
        lake.commit(
            _run_row(run, now, rows.num_rows), {WITHDRAWALS.name: lake.parquet_files(folder)}
        )


def forget_past(lake: Lake) -> int:
    """Delete earlier snapshots of all tables, their data files and shards; returns how many.

    `runs` keeps its rows. Must run under `pivotmine.lake.recovery.lock`.
    """
    n_snapshots = 0
    for name in TABLES:
        table, current = lake.iceberg_table(name), lake.snapshot(name)
        if table is None or current is None or name == RUNS.name:
            continue
        past = [s.snapshot_id for s in table.snapshots() if s != current]
        if past:
            table.maintenance.expire_snapshots().by_ids(past).commit()
            table.refresh()
            n_snapshots += len(past)
        _remove_others(lake, f"{name}/data", {local_path(path) for path in lake.files(name)})
        if name == SHARDS.name:
            _remove_others(lake, f"{name}/files", {str(run_id(current))})
    return n_snapshots


def _run_row(run: str, now: datetime, n_rows: int) -> dict[str, Any]:
    return {
        "run_id": run,
        "stage": "takedown",
        "fingerprint": run,
        "started_at": now,
        "finished_at": now,
        "config": "{}",
        "inputs": {},
        "rows": {WITHDRAWALS.name: n_rows},
        "rows_in": n_rows,
        "rows_out": n_rows,
        "rows_rejected": 0,
        "rows_duplicate": 0,
        "measures": {},
        "version": pivotmine.__version__,
    }


def _remove_others(lake: Lake, kind: str, kept: Collection[str]) -> None:
    """Delete everything under a folder of the lake except the files and folders in `kept`."""
    folder = posixpath.join(lake.warehouse, lake.namespace, kind)
    if not lake.filesystem.exists(folder):  # of a table that never had a row
        return
    for path in map(str, lake.filesystem.ls(folder, detail=False)):
        if posixpath.basename(path) in kept:
            continue
        below = {found: local_path(found) in kept for found in lake.filesystem.find(path)}
        if not any(below.values()):
            lake.filesystem.rm(path, recursive=True)
            continue
        for found, stays in below.items():
            if not stays:
                lake.filesystem.rm(found)
