"""What ingest makes of copies, and of files that come, change and go: always the same tables."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from pivotmine.lake import compaction
from pivotmine.lake.query import connect
from pivotmine.recipe import DedupConfig
from pivotmine.stages.ingest.documents import document_id
from pivotmine.stages.ingest.shingles import find_words, hash_lines
from pivotmine.udfs.ingest import bind_sign
from tests.handmade import cli
from tests.road import open_lake

WORDS = (
    "the cat sleeps on a warm red roof while two dogs run past old stone houses near water".split()
)
MENU = [f"Home menu entry number {n} of this site with many words" for n in range(12)]
NUMBERS = "\n".join(f"{n} {7 * n} {n * n}" for n in range(100, 160))
"""A table that is the most of a page and has no language of its own, as code has."""


def essay(seed: int, n_words: int = 600) -> list[str]:
    """Words that no other essay has in this order."""
    draw = np.random.default_rng(seed)
    return [f"{WORDS[i]}{j}" for i, j in zip(*draw.integers(0, 16, (2, n_words)), strict=True)]


def edited(words: list[str], n_edits: int, first: int = 2) -> str:
    """The same words, a few of them replaced, evenly spread."""
    changed = list(words)
    for n in range(n_edits):
        changed[(n * len(words)) // n_edits + first] = f"edit{n}"
    return " ".join(changed)


LONG, OTHER, SHORT = essay(25), essay(26), essay(1, 160)
BRIDGE, ONE, TWO = edited(LONG, 0), edited(LONG, 10), edited(LONG, 10, 40)
OTHERS = [edited(OTHER, 0), edited(OTHER, 5)]
SHORTS = [edited(SHORT, 0), edited(SHORT, 1)]
GROUPS = ({BRIDGE, ONE, TWO}, set(OTHERS), set(SHORTS))
"""Texts that are alike; of the first group only the bridge is like both of the others."""
UNLIKE = [
    edited(SHORT, 16),
    "too short to tell",
    "too short to tell them",
    *("\n".join([*MENU, edited(essay(10 + n, 40), 0)]) for n in range(4)),
    f"This is how it is written in that language.\n{NUMBERS}",
    f"Voilà comment cela s’écrit dans cette langue.\n{NUMBERS}",
]

HEADED, FOOTED = (
    [f"{line}\n{edited(essay(first + n, 40), 0)}" for n in range(4)]
    for line, first in (("The head of a page", 30), ("Its foot", 40))
)
"""Pages with a line that is common where all four are there, and not where one is missing."""

Files = dict[tuple[str, str], list[str]]
"""Delivery and file -> lines; a bracket is a broken one."""

BEFORE: Files = {
    ("first", "a"): [OTHERS[0], "{", ONE, HEADED[0]],
    ("first", "b"): ["Monday.", SHORTS[0], "Every day."],
    ("second", "a"): [*OTHERS, "Every day.", OTHERS[1]],
    ("second", "b"): [TWO, *SHORTS, *UNLIKE, *HEADED[1:], *FOOTED[1:]],
}
AFTER: Files = BEFORE | {
    ("first", "a"): ["Something else.", "Tuesday.", ONE],
    ("third", "a"): [BRIDGE, "Every day.", "Monday.", "]", FOOTED[0]],
}


def expected(files: Files) -> tuple[dict[str, str], list[tuple[str, str, str, str]]]:
    """Documents with their deliveries, and copies: id, kept id, kind, delivery. No engine in it."""
    deliveries = list(dict.fromkeys(delivery for delivery, _ in files))
    records = [
        (deliveries.index(delivery), file, at, text)
        for (delivery, file), texts in files.items()
        for at, text in enumerate(texts)
        if text not in "{]"
    ]
    first = {text: min(r for r in records if r[3] == text) for *_, text in records}
    stands = {text: text for text in first}
    for group in GROUPS:
        present = group & set(first)
        if BRIDGE in present or BRIDGE not in group:
            best = min(present, key=lambda text: (first[text][0], document_id(text)))
            stands |= dict.fromkeys(present, best)
    documents = {document_id(t): deliveries[first[t][0]] for t in first if stands[t] == t}
    copies = []
    for record in records:
        text, kept = record[3], stands[record[3]]
        if record != first[text] or kept != text:
            kind = "exact" if kept == text else "near"
            copies.append((document_id(text), document_id(kept), kind, deliveries[record[0]]))
    return documents, sorted(copies)


MAX_LINE_DOCS = 3


def left_out(files: Files) -> dict[str, frozenset[str]]:
    """Every text, and those of its lines that are boilerplate."""
    lines = {text: frozenset(text.split("\n")) for texts in files.values() for text in texts}
    lines = {text: held for text, held in lines.items() if text not in "{]"}
    n_docs = Counter(line for held in lines.values() for line in held)
    common = {line for line, n in n_docs.items() if n > MAX_LINE_DOCS}
    return {text: held & common for text, held in lines.items()}


def expected_signatures(files: Files) -> list[dict[str, Any]]:
    """All texts signed at once."""
    texts = sorted(left_out(files), key=document_id)
    common = sorted(set().union(*left_out(files).values()))
    batch = {"doc_id": [document_id(text) for text in texts], "text": texts}
    settings = DedupConfig()
    sign = bind_sign(np.unique(hash_lines(find_words(common))), settings)
    return pa.Table.from_batches(sign(iter([pa.record_batch(batch)]))).to_pylist()


def ingest(folder: Path, files: Files) -> dict[str, float]:
    """Write the files that differ, and run ingest; returns the measures of the run."""
    for (delivery, file), texts in files.items():
        path = folder / delivery / f"{file}.jsonl"
        path.parent.mkdir(exist_ok=True)
        lines = [text if text in "{]" else json.dumps({"text": text}) for text in texts]
        content = "".join(line + "\n" for line in lines)
        if not path.exists() or path.read_text() != content:
            path.write_text(content)
    names = dict.fromkeys(delivery for delivery, _ in files)
    inputs = ", ".join(f"{{uris: ['{folder / name}'], ingest_id: {name}}}" for name in names)
    settings = (f"lake.warehouse={folder / 'lake'}", f"ingest.inputs=[{inputs}]")
    near = ("dedup.near=true", f"dedup.max_line_docs={MAX_LINE_DOCS}")
    options = (part for text in (*settings, *near) for part in ("-s", text))
    done = cli("run", "--only", "ingest", *options)
    assert done.status == 0, done.err
    return dict(open_lake(folder / "lake").runs().to_pylist()[-1]["measures"])


def found(folder: Path) -> tuple[dict[str, str], list[Any]]:
    connection = connect(open_lake(folder / "lake"))
    documents = connection.execute("SELECT doc_id, ingest_id FROM documents").fetchall()
    sql = "SELECT doc_id, kept_doc_id, kind, ingest_id FROM duplicates ORDER BY ALL"
    return dict(documents), connection.execute(sql).fetchall()


def test_tables_are_those_of_the_files_that_there_are_and_only_new_ones_are_read(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    run = ingest(tmp_path, BEFORE)
    assert (run["files_read"], run["documents_signed"]) == (4, len(left_out(BEFORE)))
    assert found(tmp_path) == expected(BEFORE)

    monkeypatch.setattr(compaction, "MAX_SMALL_FILES", 1)
    # A file changes: what it held stood for others. A delivery comes, and joins what was apart.
    run = ingest(tmp_path, AFTER)
    assert (run["files_read"], run["files_known"]) == (2, 3)
    assert found(tmp_path) == expected(AFTER)
    n_files = [len(open_lake(tmp_path / "lake").files(n)) for n in ("documents", "signatures")]
    assert n_files == [1, 1], "small files, old and new, are merged"
    connection = connect(open_lake(tmp_path / "lake"))
    signatures = connection.sql("SELECT * FROM signatures ORDER BY doc_id").to_arrow_table()
    assert signatures.to_pylist() == expected_signatures(AFTER)
    new = left_out(AFTER).keys() - left_out(BEFORE).keys()
    assert run["documents_signed"] == len({*new, *HEADED[1:], *FOOTED}), "and no other"
    aside = connection.execute("SELECT doc_id FROM near_copies ORDER BY doc_id").fetchall()
    near = {doc_id for doc_id, _, kind, _ in expected(AFTER)[1] if kind == "near"}
    assert aside == [(doc_id,) for doc_id in sorted(near)], "their texts are there, each once"
    sql = "SELECT count(*) FROM duplicates WHERE (similarity = 1) != (kind = 'exact')"
    ((n_exact_of_near,),) = connection.execute(sql).fetchall()
    assert n_exact_of_near == 0
