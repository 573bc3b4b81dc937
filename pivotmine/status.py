"""What is new, and what would run: the runner's rule, asked without running anything."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

import pivotmine
from pivotmine.config import Config
from pivotmine.errors import PivotMineError
from pivotmine.fingerprint import stage_fingerprint
from pivotmine.lake import Lake
from pivotmine.runner import find_committed, last_run
from pivotmine.stage import Stage


@dataclass(frozen=True)
class StageStatus:
    """Whether a stage would run now, and why."""

    stage: str
    would_run: bool
    why: str


@dataclass(frozen=True)
class Delivery:
    """Source files of one delivery, beside what the lake has read of it."""

    ingest_id: str
    n_files: int
    n_new: int
    n_changed: int
    n_gone: int


def deliveries(lake: Lake, listed: Sequence[tuple[str, Any]]) -> list[Delivery]:
    """One row a delivery, by name.

    Parameters
    ----------
    listed
        Delivery and files (`InputFile`) of each input of the recipe.
    """
    now = {file.uri: (name, file.stamp) for name, files in listed for file in files}
    before = {row["uri"]: (row["ingest_id"], row.get("stamp")) for row in _read_inputs(lake)}
    names = sorted({name for name, _ in listed} | {name for name, _ in before.values()})
    return [
        Delivery(
            name,
            n_files=sum(owner == name for owner, _ in now.values()),
            n_new=sum(owner == name and uri not in before for uri, (owner, _) in now.items()),
            n_changed=sum(
                owner == name and uri in before and before[uri][1] not in (None, stamp)
                for uri, (owner, stamp) in now.items()
            ),
            n_gone=sum(owner == name and uri not in now for uri, (owner, _) in before.items()),
        )
        for name in names
    ]


def _read_inputs(lake: Lake) -> list[dict[str, Any]]:
    """Rows of `inputs`, a row a piece of a file; lakes of older versions have no stamps."""
    tables = []
    for path in lake.files("inputs"):
        with lake.filesystem.open(path, "rb") as stream:
            tables.append(pq.read_table(stream))
    return pa.concat_tables(tables, promote_options="default").to_pylist() if tables else []


def road_status(lake: Lake, config: Config, stages: Sequence[Stage]) -> Iterator[StageStatus]:
    """What `pivotmine run` would do with each stage, in order."""
    changing: dict[str, str] = {}  # table -> stage that would write it anew
    for stage in stages:
        would_run, why = _decide(lake, config, stage, changing)
        if would_run:
            changing.update(dict.fromkeys(stage.writes, stage.name))
        yield StageStatus(stage.name, would_run, why)


def _decide(lake: Lake, config: Config, stage: Stage, changing: dict[str, str]) -> tuple[bool, str]:
    upstream = sorted({changing[table] for table in stage.reads if table in changing})
    last = last_run(lake, stage)
    if last is None:
        return True, "has not run yet"
    if upstream:
        return True, f"reads what {' and '.join(upstream)} would write"
    try:
        external = stage.external(config)
    except PivotMineError as error:
        return True, f"would fail: {error}"
    current = {name: lake.snapshot(name) for name in stage.reads}
    snapshots = {name: snap.snapshot_id for name, snap in current.items() if snap is not None}
    fingerprint = stage_fingerprint(stage, config, snapshots, external)
    if find_committed(lake, stage, fingerprint) is not None:
        return False, f"committed {last['finished_at'].astimezone():%Y-%m-%d %H:%M:%S}"
    return True, _difference(stage, config, snapshots, last)


def _difference(
    stage: Stage, config: Config, snapshots: dict[str, int], last: dict[str, Any]
) -> str:
    """What differs from the last run of a stage."""
    now = json.loads(json.dumps(config.section_json(stage.sections)))
    settings = list(_differing(json.loads(last["config"]), now, ""))
    tables = sorted(name for name, snap in snapshots.items() if dict(last["inputs"])[name] != snap)
    reasons = []
    if settings:
        reasons.append(f"settings changed: {', '.join(settings)}")
    if tables:
        reasons.append(f"tables changed: {', '.join(tables)}")
    if last["version"] != pivotmine.__version__:
        reasons.append(f"version {pivotmine.__version__}, was {last['version']}")
    return "; ".join(reasons) or "its code or its source files changed"


def _differing(before: Any, now: Any, name: str) -> Iterator[str]:
    """Dotted names of settings that differ."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in sorted(before.keys() | now.keys()):
            yield from _differing(before.get(key), now.get(key), f"{name}.{key}".lstrip("."))
    elif before != now:
        yield name
