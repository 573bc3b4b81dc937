"""What tests of the whole road share: a real corpus, runs in processes of their own, comparison."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from pivotmine.lake.lake import Lake
from pivotmine.lake.query import connect
from pivotmine.lake.tables import TABLES
from pivotmine.numeric.folded_contexts import PackedContexts, unpack
from pivotmine.recipe.reading import load_recipe

WHERE_COLUMNS = ("uri", "position", "start", "n_bytes", "path", "stamp")
"""What names files and places in them, and so may differ between two layouts of one corpus."""

SETTINGS = (
    "ingest.split_bytes=200000",
    "tokenize.vocab_size=4000",
    "tokenize.sample_bytes=1000000",
    "count.min_count=3",
    "count.chunk_tokens=20000",
    "link.min_folds=2",
    "link.strata=[]",  # within sources and sizes, a megabyte holds no significant link
    "select.budget_tokens=40000",
    "select.arms=[{name: random, method: random}, {name: links, method: links},"
    " {name: distinct-links, method: distinct_links}]",
    "shard.max_shard_tokens=15000",
    "shard.formats=[npy, jsonl, parquet]",
    "spark.shuffle_partitions=4",
    "spark.driver_memory=1g",
)
"""A recipe for a corpus of a megabyte: several splits, chunks and shards of everything."""


LEXICON = """lang_a\tword_a\tlang_b\tword_b
en\twater\tfr\teau
en\tpage\tzh\t页面
ja\tページ\ten\tPage
fr\tchat\tja\t猫
en\thome assistant\t\t
en\tunpaired\tfr\t
"""
"""Words to count; the last row is of no use."""


def write_jsonl(folder: Path, documents: Iterable[dict[str, Any]], n_files: int) -> Path:
    """Deal the documents over files, with a lexicon beside their folder."""
    folder.mkdir(parents=True)
    (folder.parent / "lexicon.tsv").write_text(LEXICON, encoding="utf-8")
    lines = [json.dumps(document, ensure_ascii=False) + "\n" for document in documents]
    for number in range(n_files):
        text = "".join(lines[number::n_files])
        (folder / f"part-{number}.jsonl").write_text(text, encoding="utf-8")
    return folder


def settings_for(corpus: Path, warehouse: Path, *more: str) -> list[str]:
    """`--set` arguments for a run."""
    inputs = f"ingest.inputs=[{{uris: ['{corpus}'], source_column: source}}]"
    lexicon = f"terms.lexicons=['{corpus.parent / 'lexicon.tsv'}']"
    overrides = (f"lake.warehouse={warehouse}", inputs, lexicon, *SETTINGS, *more)
    return [part for override in overrides for part in ("--set", override)]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pivotmine", *arguments]


def run_cli(*arguments: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    done = subprocess.run(
        command(*arguments), capture_output=True, text=True, timeout=600, env=environment()
    )
    assert done.returncode == expect, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def environment() -> dict[str, str]:
    """The tests' environment without what their own Spark session put there."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("PYSPARK_", "SPARK_"))}


def open_lake(warehouse: Path) -> Lake:
    return Lake(load_recipe(None, [f"lake.warehouse={warehouse}"]).lake)


def contents(warehouse: Path, *leave_out: str) -> dict[str, list[tuple[Any, ...]]]:
    """`contents_of` a local lake."""
    return contents_of(open_lake(warehouse), *leave_out)


def contents_of(lake: Lake, *leave_out: str) -> dict[str, list[tuple[Any, ...]]]:
    """Sorted rows of every table but `runs`, without the columns in `leave_out`."""
    connection = connect(lake)
    result = {}
    for name, table in TABLES.items():
        if name != "runs":
            columns = [f'"{column}"' for column in table.schema.names if column not in leave_out]
            rows = connection.execute(f"SELECT {', '.join(columns)} FROM {name}").fetchall()
            result[name] = sorted(rows, key=repr)
    return result


def contexts_of(row: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """Fold, source and nodes of each context in a row of `contexts`."""
    contexts = unpack([PackedContexts(*row)])
    nodes = np.split(contexts.token_ids, contexts.offsets[1:-1])
    of_document = (contexts.folds.tolist(), contexts.sources.tolist())
    return list(zip(*of_document, (tuple(one.tolist()) for one in nodes), strict=True))


def snapshots(warehouse: Path) -> dict[str, int | None]:
    """Committed snapshot of every table but `runs`."""
    lake = open_lake(warehouse)
    found = {name: lake.snapshot(name) for name in TABLES if name != "runs"}
    return {name: snapshot and snapshot.snapshot_id for name, snapshot in found.items()}
