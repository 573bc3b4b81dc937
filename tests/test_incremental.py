"""Deliveries that come one after another, files that change, files that go: the same tables."""

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


DUMPS = {
    "first": {"a": [edited(OTHER, 0), "{", edited(LONG, 10)], "b": ["Monday.", "Every day."]},
    "second": {"a": [edited(OTHER, 0), edited(OTHER, 1), "Every day."], "b": [edited(LONG, 40)]},
    "third": {"a": [" ".join(LONG), "Every day.", "Monday.", "]"]},
}
"""Texts of each file of each delivery; a bracket is a broken line.

The third brings a text that is like two that the lake has kept until then, as they are not alike.
"""


def write(folder: Path, file: str, texts: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    lines = [text if text in "{]" else json.dumps({"text": text}) for text in texts]
    (folder / f"{file}.jsonl").write_text("".join(line + "\n" for line in lines))


def ingest(folder: Path, lake: str, *deliveries: str) -> dict[str, float]:
    """Run ingest over some deliveries; returns the measures of the run."""
    inputs = ", ".join(f"{{uris: ['{folder / name}'], ingest_id: {name}}}" for name in deliveries)
    settings = (f"lake.warehouse={folder / lake}", f"ingest.inputs=[{inputs}]", "dedup.near=true")
    done = cli("run", "--only", "ingest", *(part for text in settings for part in ("-s", text)))
    assert done.status == 0, done.err
    return dict(open_lake(folder / lake).runs().to_pylist()[-1]["measures"])


def contents(folder: Path, lake: str) -> dict[str, list[tuple[Any, ...]]]:
    connection = connect(open_lake(folder / lake))
    names = ("inputs", "documents", "near_copies", "rejects", "duplicates")
    return {
        name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=repr)
        for name in names
    }


def kept(folder: Path, lake: str) -> dict[str, str]:
    """Document -> delivery."""
    sql = "SELECT doc_id, ingest_id FROM documents"
    return dict(connect(open_lake(folder / lake)).execute(sql).fetchall())


def test_deliveries_one_after_another_are_as_one_and_only_new_files_are_read(
    spark: SparkSession, tmp_path: Path
):
    for delivery, files in DUMPS.items():
        for file, texts in files.items():
            write(tmp_path / delivery, file, texts)
    first, second, third = DUMPS
    assert ingest(tmp_path, "chain", first)["files_read"] == 2
    two = ingest(tmp_path, "chain", first, second)
    assert (two["files_read"], two["files_known"]) == (2, 2)
    left, right = document_id(edited(LONG, 10)), document_id(edited(LONG, 40))
    assert kept(tmp_path, "chain").items() >= {left: first, right: second}.items()

    three = ingest(tmp_path, "chain", first, second, third)
    assert (three["files_read"], three["files_known"]) == (1, 4)
    assert right not in kept(tmp_path, "chain"), "what joins them makes copies of both"
    ingest(tmp_path, "once", first, second, third)
    assert contents(tmp_path, "chain") == contents(tmp_path, "once")

    # What stood for others goes, with one file that changes; those take its place.
    before = open_lake(tmp_path / "chain").files("documents")
    write(tmp_path / first, "a", ["Something else."])
    assert ingest(tmp_path, "chain", first, second, third)["files_read"] == 1
    now = kept(tmp_path, "chain")
    one, other = sorted(map(document_id, (edited(OTHER, 0), edited(OTHER, 1))))
    assert now[one] == now[right] == second
    assert not {other, left} & set(now)
    assert now[document_id("Something else.")] == now[document_id("Monday.")] == first
    after = open_lake(tmp_path / "chain").files("documents")
    assert set(before) & set(after), "files without a row that goes stay"
    ingest(tmp_path, "fresh", first, second, third)
    assert contents(tmp_path, "chain") == contents(tmp_path, "fresh")
