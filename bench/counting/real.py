"""Real text: the tokens and the vocabulary of a lake, and shares of its documents.

A share is taken by the hash that a document's id is, so a smaller share is part of every larger
one, documents are never repeated, and all sources and languages shrink alike.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
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
        There is no such folder, or one of the tables is not in it.
    """
    made_by = "make it with `pivotmine run --until vocabulary`"
    if "://" not in str(warehouse) and not Path(warehouse).exists():
        raise InputError(f"there is no lake at {warehouse}; {made_by}")
    lake = Lake(load_recipe(None, [f"lake.warehouse={warehouse}"]).lake)
    for name in ("tokens", "vocabulary"):
        if lake.snapshot(name) is None:
            raise InputError(f"the lake at {warehouse} holds no table {name}; {made_by}")
    return lake


def lake_of_documents(uri: str, folder: Path, overrides: Sequence[str]) -> Lake:
    """The lake that `pivotmine run --until vocabulary` makes of files, in a process of its own."""
    inputs = f"ingest.inputs=[{{uris: ['{uri}'], source_column: source}}]"
    settings = (*overrides, inputs, f"lake.warehouse={folder / 'lake'}")
    _run_until_vocabulary(*(part for setting in settings for part in ("--set", setting)))
    return open_lake(folder / "lake")


def lake_of_demo(progress: Callable[[str], None]) -> Lake:
    """The demo's lake, as far as the vocabulary; the corpus is downloaded where it is not there."""
    warehouse = load_recipe(DEMO_RECIPE).lake.warehouse
    try:
        return open_lake(warehouse)
    except InputError:
        assemble(DEMO_DIRECTORY, progress)
        _run_until_vocabulary("--config", DEMO_RECIPE)
        return open_lake(warehouse)


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
    """Rows of table `tokens`: this share of the documents."""
    below = f"{round(share * 16**_HEX_DIGITS):0{_HEX_DIGITS}x}"
    for uri in lake.files("tokens"):
        for batch in pq.ParquetFile(_path(uri)).iter_batches(2_000):
            rows = batch.select(TOKENS.schema.names).cast(TOKENS.schema)
            if share < 1:
                start = pc.utf8_slice_codeunits(rows.column("doc_id"), 0, _HEX_DIGITS)
                rows = rows.filter(pc.less(start, below))
            yield rows


def _run_until_vocabulary(*arguments: str) -> None:
    command = [sys.executable, "-m", "pivotmine", "run", "--until", "vocabulary", *arguments]
    if subprocess.run(command, check=False).returncode:
        raise InputError(f"no tokens to count: {' '.join(command)} failed; its message is above")


def _path(uri: str) -> str:
    return uri.removeprefix("file://")
