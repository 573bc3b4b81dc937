"""What is new in the source files, and what a run would do, by the runner's own rule."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pivotmine
from pivotmine.engine.fingerprint import reuse_fingerprint, stage_fingerprint
from pivotmine.engine.runner import damaged_outputs, find_committed, last_run
from pivotmine.engine.stage import Stage
from pivotmine.errors import PivotMineError
from pivotmine.lake.digests import described
from pivotmine.lake.lake import Lake
from pivotmine.recipe import Recipe
from pivotmine.stages.ingest.files import list_sources, reading_settings
from pivotmine.stages.ingest.stage import STAGE as INGEST


@dataclass(frozen=True)
class StageStatus:
    """Whether a stage would run now, and why."""

    stage: str
    would_run: bool
    why: str


@dataclass(frozen=True)
class Delivery:
    """Source files of one delivery, compared with what the lake has read of it."""

    ingest_id: str
    n_files: int
    n_new: int
    n_changed: int
    """Files with a new time stamp or size, or that the recipe now reads in another way."""
    n_gone: int
    to_read_bytes: int
    """Size on disk of the files to read: all files where the code or settings of ingest changed."""


def deliveries(lake: Lake, recipe: Recipe) -> list[Delivery]:
    """One row a delivery, by name."""
    sources = list_sources(recipe)
    before = {row["uri"]: row for row in lake.read("inputs").to_pylist()}
    last = last_run(lake, INGEST)
    key = reuse_fingerprint(INGEST, recipe, reading_settings(recipe))
    reusable = last is not None and dict(last.get("reuse") or {}).get("inputs") == key
    here = {source.file.name for source in sources}
    names = {source.ingest_id for source in sources}
    found = []
    for name in sorted(names | {row["ingest_id"] for row in before.values()}):
        own = [source for source in sources if source.ingest_id == name]
        new = [source for source in own if source.file.name not in before]
        changed = [
            source
            for source in own
            if source.file.name in before
            and before[source.file.name].get("fingerprint") != source.fingerprint
        ]
        found.append(
            Delivery(
                name,
                n_files=len(own),
                n_new=len(new),
                n_changed=len(changed),
                n_gone=sum(
                    row["ingest_id"] == name and uri not in here for uri, row in before.items()
                ),
                to_read_bytes=sum(
                    source.file.size_bytes or 0 for source in (new + changed if reusable else own)
                ),
            )
        )
    return found


def road_status(lake: Lake, recipe: Recipe, stages: Sequence[Stage]) -> Iterator[StageStatus]:
    """What `pivotmine run` would do with each stage, in order."""
    changing: dict[str, str] = {}  # table -> stage that would write it anew
    for stage in stages:
        would_run, why = _decide(lake, recipe, stage, changing)
        if would_run:
            changing.update(dict.fromkeys(stage.writes, stage.name))
        yield StageStatus(stage.name, would_run, why)


def _decide(lake: Lake, recipe: Recipe, stage: Stage, changing: dict[str, str]) -> tuple[bool, str]:
    upstream = sorted({changing[table] for table in stage.reads if table in changing})
    last = last_run(lake, stage)
    if last is None:
        return True, "has not run yet"
    if broken := damaged_outputs(lake, stage):
        return True, described(broken)
    if upstream:
        return True, f"reads what {' and '.join(upstream)} would write"
    try:
        external = stage.external(recipe)
    except PivotMineError as error:
        return True, f"would fail: {error}"
    current = {name: lake.snapshot(name) for name in stage.reads}
    snapshots = {name: snap.snapshot_id for name, snap in current.items() if snap is not None}
    fingerprint = stage_fingerprint(stage, recipe, snapshots, external)
    if find_committed(lake, stage, fingerprint) is not None:
        return False, f"committed {last['finished_at'].astimezone():%Y-%m-%d %H:%M:%S}"
    return True, _difference(stage, recipe, snapshots, last)


def _difference(
    stage: Stage, recipe: Recipe, snapshots: dict[str, int], last: dict[str, Any]
) -> str:
    """What differs from the last run of a stage."""
    now = json.loads(json.dumps(recipe.section_json(stage.sections)))
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
