"""Files that come, change and go: the tables are those that the files make, whatever was before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from pivotmine.query import connect
from tests.handmade import cli
from tests.road import open_lake
from tests.stages.test_near_duplicates import essay
from udfs.read_records import document_id

LONG, OTHER = essay(1, 600), essay(2, 600)


def edited(words: list[str], first: int) -> str:
    """The words with ten of 600 replaced: alike, where two such texts are not."""
    return " ".join("edit" if at % 60 == first else word for at, word in enumerate(words))


ONE, TWO, BRIDGE = edited(LONG, 10), edited(LONG, 40), " ".join(LONG)
"""The last is like the others, which are not alike."""
OTHERS = [edited(OTHER, 0), edited(OTHER, 1)]
GROUPS = ({ONE, TWO, BRIDGE}, set(OTHERS))

Files = dict[tuple[str, str], list[str]]
"""Delivery and file -> lines; a bracket is a broken one."""

BEFORE: Files = {
    ("first", "a"): [OTHERS[0], "{", ONE],
    ("first", "b"): ["Monday.", "Every day."],
    ("second", "a"): [*OTHERS, "Every day."],
    ("second", "b"): [TWO],
}
AFTER: Files = BEFORE | {
    ("first", "a"): ["Something else.", "Tuesday.", ONE],
    ("third", "a"): [BRIDGE, "Every day.", "Monday.", "]"],
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
        present = [text for text in first if text in group]
        if group - set(present) <= {ONE, TWO}:  # without the bridge there is no group of three
            best = min(present, key=lambda t: (first[t][0], document_id(t)))
            stands |= dict.fromkeys(present, best)
    documents = {document_id(t): deliveries[first[t][0]] for t in first if stands[t] == t}
    copies = [
        (
            *(document_id(text), document_id(stands[text])),
            *("exact" if stands[text] == text else "near", deliveries[record[0]]),
        )
        for record in records
        for text in record[3:]
        if record != first[text] or stands[text] != text
    ]
    return documents, sorted(copies)


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
    options = (part for text in (*settings, "dedup.near=true") for part in ("-s", text))
    done = cli("run", "--only", "ingest", *options)
    assert done.status == 0, done.err
    return dict(open_lake(folder / "lake").runs().to_pylist()[-1]["measures"])


def found(folder: Path) -> tuple[dict[str, str], list[Any]]:
    connection = connect(open_lake(folder / "lake"))
    documents = connection.execute("SELECT doc_id, ingest_id FROM documents").fetchall()
    sql = "SELECT doc_id, kept_doc_id, kind, ingest_id FROM duplicates ORDER BY ALL"
    return dict(documents), connection.execute(sql).fetchall()


def test_tables_are_those_of_the_files_that_there_are_and_only_new_ones_are_read(
    spark: SparkSession, tmp_path: Path
):
    assert ingest(tmp_path, BEFORE)["files_read"] == 4
    assert found(tmp_path) == expected(BEFORE)

    # A file changes: what it held stood for others. A delivery comes, and joins what was apart.
    run = ingest(tmp_path, AFTER)
    assert (run["files_read"], run["files_known"]) == (2, 3)
    assert found(tmp_path) == expected(AFTER)
    sql = "SELECT doc_id FROM near_copies ORDER BY doc_id"
    aside = connect(open_lake(tmp_path / "lake")).execute(sql).fetchall()
    near = {doc_id for doc_id, _, kind, _ in expected(AFTER)[1] if kind == "near"}
    assert aside == [(doc_id,) for doc_id in sorted(near)], "their texts are there, each once"
