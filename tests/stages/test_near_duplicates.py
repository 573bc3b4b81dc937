"""Near-duplicates: which documents are found alike, and which one stays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from pyspark.sql import SparkSession

from pivotmine.recipe import load_config
from pivotmine.stages import ingest
from pivotmine.stages.components import connected_components
from tests.conftest import as_table, rows_of

WORDS = (
    "the cat sleeps on a warm red roof while two dogs run past old stone houses near water".split()
)
MENU = [f"Home menu entry number {n} of this site with many words" for n in range(12)]


def essay(seed: int, n_words: int = 160) -> list[str]:
    """Words that no other essay has in this order."""
    draw = np.random.default_rng(seed)
    return [f"{WORDS[i]}{j}" for i, j in zip(*draw.integers(0, 16, (2, n_words)), strict=True)]


def edited(words: list[str], n_edits: int) -> str:
    """The same words, a few of them replaced, evenly spread."""
    changed = list(words)
    for n in range(n_edits):
        changed[(n * len(words)) // n_edits + 2] = f"edit{n}"
    return " ".join(changed)


def corpus() -> Iterator[tuple[str, str, str]]:
    """Delivery, name and text of documents."""
    yield "first", "original", edited(essay(1), 0)
    yield "first", "long original", edited(essay(2, 600), 0)
    yield "second", "copy of original", edited(essay(1), 0)
    yield "second", "one word differs", edited(essay(1), 1)
    yield "second", "a tenth differs", edited(essay(1), 16)
    yield "second", "five words of 600 differ", edited(essay(2, 600), 5)
    yield "second", "copy of five words", edited(essay(2, 600), 5)
    yield "second", "short", "too short to tell"
    yield "second", "short too", "too short to tell them"
    for n in range(4):
        yield "second", f"menu {n}", "\n".join([*MENU, edited(essay(10 + n, 40), 0)])
    code = "\n".join(f"x{n} = {n} * y{n}" for n in range(60))
    yield "second", "English with code", f"This is how it is written in that language.\n{code}"
    yield "second", "French with code", f"Voilà comment cela s’écrit dans cette langue.\n{code}"


DROPPED = {
    "copy of original": ("original", "exact"),
    "one word differs": ("original", "near"),
    "five words of 600 differ": ("long original", "near"),
    "copy of five words": ("long original", "near"),
}


def run_ingest(table_inputs: Any, folder: Path) -> dict[str, Any]:
    inputs = []
    for delivery in ("first", "second"):
        place = folder / delivery
        place.mkdir()
        lines = [
            json.dumps({"source": name, "text": text}) + "\n"
            for owner, name, text in corpus()
            if owner == delivery
        ]
        for n in range(2):
            (place / f"{n}.jsonl").write_text("".join(lines[n::2]))
        inputs.append(f"{{uris: ['{place}'], ingest_id: {delivery}, source_column: source}}")
    config = load_config(
        None,
        [
            f"ingest.inputs=[{', '.join(inputs)}]",
            "dedup.near=true",
            "dedup.max_line_docs=3",
        ],
    )
    return ingest.run(table_inputs(), config)


def test_copies_with_few_edits_go_and_all_else_stays(table_inputs: Any, tmp_path: Path):
    tables = run_ingest(table_inputs, tmp_path)
    documents = {row[0]: row[1:] for row in rows_of(tables["documents"], "source", "doc_id")}
    duplicates = as_table(tables["duplicates"]).to_pylist()
    assert set(documents) == {name for _, name, _ in corpus()} - set(DROPPED)
    names = {doc_id: name for name, (doc_id,) in documents.items()}
    assert {
        row["source"]: (names[row["kept_doc_id"]], row["kind"]) for row in duplicates
    } == DROPPED
    for row in duplicates:
        assert (row["similarity"] == 1) == (row["kind"] == "exact")
        assert row["ingest_id"] == "second"


def test_components_are_those_of_a_plain_search(spark: SparkSession, table_inputs: Any):
    draw = np.random.default_rng(0)
    path = [(f"p{n:03}", f"p{n + 1:03}") for n in draw.permutation(30)]
    star = [("s50", f"s{n:02}") for n in range(80)]
    random = [(f"r{i:03}", f"r{j:03}") for i, j in draw.integers(0, 200, (110, 2))]
    pairs = [*path, *star, *random]
    edges = spark.createDataFrame(pairs, "u string, v string").repartition(3)
    found = connected_components(table_inputs(), edges)

    root = {node: node for pair in pairs for node in pair}
    changed = True
    while changed:
        changed = False
        for u, v in pairs:
            least = min(root[u], root[v])
            changed |= root[u] != least or root[v] != least
            root[u] = root[v] = least
    assert dict(rows_of(found)) == {node: least for node, least in root.items() if node != least}
