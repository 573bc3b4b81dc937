"""Deliveries that were taken down.

Table `withdrawals` lists these deliveries. The runner removes their inputs from every recipe, so a
later run of the same recipe does not bring them back.
"""

from __future__ import annotations

import contextlib
import secrets
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

import pivotmine
from pivotmine.errors import ConfigError, LakeError
from pivotmine.lake.commit import commit
from pivotmine.lake.lake import Lake
from pivotmine.lake.lease import hold_lease
from pivotmine.lake.parquet_files import write_parquet
from pivotmine.lake.recovery import recover
from pivotmine.lake.tables import WITHDRAWALS
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
    with hold_lease(lake):
        recover(lake)
        rows = pa.concat_tables([read_withdrawals(lake), added])
        lake.filesystem.makedirs(folder, exist_ok=True)
        with lake.filesystem.open(f"{folder}/part-0.parquet", "wb") as stream:
            write_parquet(rows, stream)
        staged = {WITHDRAWALS.name: lake.parquet_files(folder)}
        commit(lake, _run_row(run, now, rows.num_rows), staged)


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
