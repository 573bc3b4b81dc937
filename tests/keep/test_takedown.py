"""Status, takedown and rejects: how a lake is kept in order."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from pivotmine.lake.lake import Lake
from pivotmine.lake.query import connect
from pivotmine.recipe.reading import load_recipe
from pivotmine.sources import ColumnMap, ReadLimits, read_split
from pivotmine.sources.listing import list_splits
from tests.handmade import cli, make_lake
from tests.handmade import settings as lake_settings


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Two deliveries, each with a bad line, and one line in both."""
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        lines = [{"text": f"A {name} sentence, number {n}."} for n in range(3)] + [{"title": name}]
        lines += [{"text": "Both deliveries have this one."}]
        (tmp_path / name / "a.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines))
    return tmp_path


def settings(corpus: Path, *deliveries: str) -> list[str]:
    inputs = ", ".join(f"{{uris: ['{corpus / d}'], ingest_id: {d}}}" for d in deliveries)
    return ["-s", f"lake.warehouse={corpus / 'lake'}", "-s", f"ingest.inputs=[{inputs}]"]


def cells(text: str) -> dict[str, str]:
    """First word of each line to the rest."""
    return {
        line.split()[0]: " ".join(line.split()[1:]) for line in text.splitlines() if line.strip()
    }


def rows(corpus: Path, sql: str) -> list[tuple]:
    lake = Lake(load_recipe(None, settings(corpus, "old")[1::2]).lake, read_only=True)
    return connect(lake).execute(sql).fetchall()


@pytest.fixture
def filled(spark: SparkSession, corpus: Path) -> Iterator[Path]:
    assert cli("run", "--only", "ingest", *settings(corpus, "old", "new")).status == 0
    yield corpus


def test_a_keeper_sees_what_is_new_and_takes_a_delivery_down(filled: Path):
    both = settings(filled, "old", "new")
    said = cells(cli("status", *both).out)
    assert (said["old"], said["new"]) == ("1 0 0 0 0.0", "1 0 0 0 0.0")
    assert said["ingest"].startswith("up to date committed")
    assert said["train_tokenizer"] == "would run has not run yet"

    (filled / "old" / "b.jsonl").write_text('{"text": "One more file."}' + " " * 60_000)
    os.utime(filled / "new" / "a.jsonl", (1, 1))
    said = cells(cli("status", *both).out)
    assert (said["old"], said["new"]) == ("2 1 0 0 0.1", "1 0 1 0 0.0")
    assert said["ingest"] == "would run its code or its source files changed"
    said = cells(cli("status", *both, "-s", "ingest.raw_bytes=7").out)
    assert said["ingest"] == "would run settings changed: ingest.raw_bytes"
    assert cells(cli("status", *settings(filled, "old")).out)["new"] == "0 0 0 1 0.0"

    assert "no delivery 'other'" in cli("takedown", "other", *both).err
    assert "nothing to read" in cli("takedown", "old", *settings(filled, "old")).err
    assert rows(filled, "SELECT count(*) FROM withdrawals") == [(0,)], "nothing has changed"

    done = cli("takedown", "old", *both, "--reason", "asked by letter")
    assert done.status == 0, done.err
    for table in ("inputs", "documents", "near_copies", "rejects", "duplicates"):
        assert rows(filled, f"SELECT count(*) FROM {table} WHERE ingest_id = 'old'") == [(0,)]
    assert rows(filled, "SELECT ingest_id, reason FROM withdrawals") == [("old", "asked by letter")]
    assert rows(filled, "SELECT count(*), count(DISTINCT ingest_id) FROM documents") == [(4, 1)]
    sql = "SELECT ingest_id FROM documents WHERE text LIKE 'Both %'"
    assert rows(filled, sql) == [("new",)], "the other copy stands for itself now"
    folders = list((filled / "lake" / "pivotmine" / "documents" / "data").iterdir())
    assert len(folders) == 1, "the files of the past are gone"
    sql = "SELECT measures['files_read'] FROM runs WHERE stage = 'ingest' ORDER BY finished_at"
    assert rows(filled, sql) == [(2,), (1,)], "only the file with another time stamp was read"
    assert cells(cli("status", *both).out)["ingest"].startswith("up to date"), "it stays out"


def test_rejects_are_summed_up_and_their_bytes_exported(tmp_path: Path):
    reject = {"detail": "why", "ingest_id": "main", "reason": "missing_text"}
    lake = make_lake(
        tmp_path / "lake",
        rejects=[
            {**reject, "uri": "b.jsonl", "position": 9, "raw": b"second"},
            {**reject, "uri": "a.jsonl", "position": 5, "raw": b'{"text": "caf\xe9"}'},
            {**reject, "uri": "c.gz", "position": 0, "raw": None, "reason": "unreadable_file"},
            {**reject, "uri": "c.txt", "position": 0, "raw": b"hm", "reason": "min_words"},
        ],
    )
    where = lake_settings(lake)
    said = cli("rejects", *where).out
    assert "missing_text: 2 records in 2 files" in said
    assert "a.jsonl at 5" in said, "the first by file"
    assert "caf\\xe9" in said
    assert "ingest.filters" in said
    folder = tmp_path / "out"
    assert "4 records" in cli("rejects", *where, "--export", str(folder)).out
    index = [json.loads(line) for line in (folder / "_rejects.jsonl").read_text().splitlines()]
    assert [(row["uri"], row["position"]) for row in index] == [
        *(("a.jsonl", 5), ("b.jsonl", 9), ("c.gz", 0), ("c.txt", 0))
    ]
    kept = [(folder / row["file"]).read_bytes() for row in index if "file" in row]
    assert kept == [b'{"text": "caf\xe9"}', b"second", b"hm"]
    assert [row.get("cut") for row in index] == [True, True, None, True], "no run says how much"
    assert "is not empty" in cli("rejects", *where, "--export", str(folder)).err
    refused = cli("rejects", *where, "--reason", "no_such", "--export", str(tmp_path / "x")).err
    assert "the reasons are missing_text" in refused

    # Mended, the folder is an input: its records are counted, and each has a fate.
    (folder / index[0]["file"]).write_text('{"text": "café"}')
    rows = [
        row
        for split in list_splits([str(folder)], "auto", 1 << 20, 0)
        for batch in read_split(split, ColumnMap(), ReadLimits())
        for row in batch.to_pylist()
    ]
    fates = {(Path(row["uri"]).name, row["text"] or row["reason"]) for row in rows[::2]}
    names = [row["file"] for row in index if "file" in row]
    assert fates == set(zip(names, ("café", "invalid_json", "hm"), strict=True))
    assert sum(row["n_records"] for row in rows[1::2]) == len(names)


def test_a_scheduler_is_told_of_deliveries_with_too_many_rejects(tmp_path: Path):
    refused = {"uri": "b.jsonl", "reason": "invalid_json", "ingest_id": "tuesday"}
    lake = make_lake(
        tmp_path / "lake",
        inputs=[
            {"uri": "a.jsonl", "n_records": 100, "ingest_id": "monday"},
            {"uri": "b.jsonl", "n_records": 30, "ingest_id": "tuesday"},
            {"uri": "c.jsonl", "n_records": 10, "ingest_id": "tuesday"},
            {"uri": "d.jsonl", "n_records": 0, "ingest_id": "empty"},
        ],
        rejects=[refused, {**refused, "reason": "missing_text"}],
    )
    where = lake_settings(lake)
    told = cli("rejects", *where, "--max-share", "0.04")
    assert told.status == 1
    assert "FAIL tuesday: 2 of 40 records were refused (5.00%), at most 4.00% may be" in told.out
    assert "ok   monday: 0 of 100" in told.out
    assert cli("rejects", *where, "--max-share", "0.05").status == 0
    assert cli("rejects", *where, "--max-share", "0.04", "--reason", "missing_text").status == 0
