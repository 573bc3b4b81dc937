"""Lakes of real text, and lakes whose tables are files that exist already."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pivotmine.cli.options import DEMO_DIRECTORY
from pivotmine.demo import assemble
from pivotmine.errors import InputError
from pivotmine.lake.lake import Lake
from pivotmine.lake.tables import TOKENS, VOCABULARY
from pivotmine.recipe.reading import load_recipe

DEMO_RECIPE = "conf/demo.yaml"

_HEX_DIGITS = 13


def open_lake(warehouse: str | Path) -> Lake:
    """A lake whose tables `tokens` and `vocabulary` are committed.

    Raises
    ------
    InputError
        There is no such folder, or it lacks one of the tables.
    """
    advice = "make it with `pivotmine run --until vocabulary`"
    if "://" not in str(warehouse) and not Path(warehouse).exists():
        raise InputError(f"there is no lake at {warehouse}; {advice}")
    lake = Lake(load_recipe(None, [f"lake.warehouse={warehouse}"]).lake)
    for name in ("tokens", "vocabulary"):
        if lake.snapshot(name) is None:
            raise InputError(f"the lake at {warehouse} holds no table {name}; {advice}")
    return lake


def lake_of_demo(progress: Callable[[str], None]) -> Lake:
    """The demo's lake; its corpus is downloaded and mined up to the vocabulary where it is not."""
    warehouse = load_recipe(DEMO_RECIPE).lake.warehouse
    try:
        return open_lake(warehouse)
    except InputError:
        assemble(DEMO_DIRECTORY, progress)
        run = [sys.executable, "-m", "pivotmine", "run", "--config", DEMO_RECIPE]
        if subprocess.run([*run, "--until", "vocabulary"], check=False).returncode:
            raise InputError("the demo could not be mined; the message is above") from None
        return open_lake(warehouse)


def commit_files(lake: Lake, tables: Mapping[str, Sequence[str]]) -> None:
    """Make files the tables of a lake; they stay where they lie."""
    now = datetime.now(UTC)
    run = {"run_id": "files", "stage": "files", "fingerprint": "files", "inputs": {}, "rows": {}}
    lake.commit({**run, "started_at": now, "finished_at": now}, dict(tables))


def languages_of(lake: Lake) -> list[str]:
    """Languages of the recipe that made the vocabulary."""
    snapshot = lake.snapshot("vocabulary")
    assert snapshot is not None and snapshot.summary is not None
    run_id = snapshot.summary.additional_properties["run_id"]
    runs = lake.runs()
    (row,) = runs.filter(pc.equal(runs["run_id"], run_id)).to_pylist()
    return list(json.loads(row["config"])["languages"])


def vocabulary(lake: Lake) -> pa.Table:
    """Table `vocabulary`, by id."""
    parts = [pq.read_table(_path(uri)) for uri in lake.files("vocabulary")]
    rows = pa.concat_tables(parts).select(VOCABULARY.schema.names)
    return rows.cast(VOCABULARY.schema).sort_by("token_id")


def batches(lake: Lake, share: float) -> Iterator[pa.RecordBatch]:
    """Rows of table `tokens` for a share of the documents.

    A document's id is a hash, and decides: a smaller share is part of every larger one, and all
    sources and languages shrink alike.
    """
    below = f"{round(share * 16**_HEX_DIGITS):0{_HEX_DIGITS}x}"
    for uri in lake.files("tokens"):
        for batch in pq.ParquetFile(_path(uri)).iter_batches(2_000):
            rows = batch.select(TOKENS.schema.names).cast(TOKENS.schema)
            if share < 1:
                start = pc.utf8_slice_codeunits(rows.column("doc_id"), 0, _HEX_DIGITS)
                rows = rows.filter(pc.less(start, below))
            yield rows


def _path(uri: str) -> str:
    return uri.removeprefix("file://")
