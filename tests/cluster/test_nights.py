"""A schedule: three nights of deliveries in an object store, with what goes wrong on the way.

The second night brings a broken delivery, and its driver is killed. The scheduler tries again, the
alert goes off, the delivery is mended. After the third night the lake is the one that a single run
over all deliveries makes.
"""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.conftest import BUCKET
from tests.cluster.postgres import Postgres
from tests.cluster.site import Site, open_lake
from tests.road import WHERE_COLUMNS, contents_of
from tests.small_corpus import write_small_corpus
from tests.storage.s3_server import S3Server

pytestmark = pytest.mark.cluster

LAST_STAGE = "vocabulary"
N_DOCUMENTS = 150
MAX_SHARE = "0.02"
BROKEN = '{"text": "cut off\n{"source": "no text"}\nnot JSON\n' * 10


class Schedule:
    """A lake in the store with a catalog in PostgreSQL, and what a scheduler does with it."""

    def __init__(self, site: Site, postgres: Postgres, name: str) -> None:
        self._site, self._name = site, name
        self._lake = {
            "warehouse": f"s3://{BUCKET}/{name}",
            "namespace": name,
            "catalog": {"type": "sql", "uri": postgres.uri},
        }
        self.deliveries: list[str] = []

    def recipe(self) -> Path:
        """The recipe with one input a delivery, as the DAG of conf/ makes it."""
        inputs = [
            {"uris": [f"s3://{BUCKET}/crawl/{name}/*.jsonl"], "ingest_id": name}
            for name in self.deliveries
        ]
        settings = {
            "languages": ["en", "fr", "ja"],
            "lake": self._lake,
            "ingest": {"inputs": inputs},
            "tokenize": {"vocab_size": 600},
            "spark": {"master": "local[2]", "driver_memory": "1g", "shuffle_partitions": 2},
        }
        return self._site.write_recipe(f"{self._name}.yaml", settings)

    def start(self, *arguments: str) -> Any:
        return self._site.command(*arguments, "--config", str(self.recipe()))

    def run(self, *arguments: str, expect: int = 0) -> str:
        """Run a command to its end; returns what it said."""
        command = self.start(*arguments)
        assert command.wait() == expect, command.said()
        return command.said()

    def contents(self) -> dict[str, list[tuple[Any, ...]]]:
        return contents_of(open_lake(self.recipe()), *WHERE_COLUMNS, "fingerprint")


def test_after_three_nights_with_a_failure_the_lake_is_that_of_one_run(
    site: Site, store: S3Server, postgres: Postgres, tmp_path: Path
):
    write_small_corpus(tmp_path, n_documents=N_DOCUMENTS)
    lines = (tmp_path / "corpus.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    third = N_DOCUMENTS // 3
    # Each delivery repeats a few documents of the one before.
    parts = ["".join(lines[max(0, n * third - 5) : (n + 1) * third]) for n in range(3)]

    def deliver(name: str, text: str) -> None:
        key = f"crawl/{name}/part-0.jsonl"
        store.client().put_object(Bucket=BUCKET, Key=key, Body=text.encode())

    nights = Schedule(site, postgres, "nights")
    deliver("night-1", parts[0])
    nights.deliveries.append("night-1")
    nights.run("run", "--until", LAST_STAGE)
    nights.run("rejects", "--max-share", MAX_SHARE)

    deliver("night-2", parts[1] + BROKEN)
    nights.deliveries.append("night-2")
    driver = nights.start("run", "--until", LAST_STAGE)
    driver.wait_for("ingest: writing documents")
    driver.end(signal.SIGKILL)
    assert "night-2" not in json.dumps(nights.run("query", "SELECT DISTINCT ingest_id FROM inputs"))
    nights.run("run", "--until", LAST_STAGE)
    told = nights.run("rejects", "--max-share", MAX_SHARE, expect=1)
    assert "FAIL night-2: 30 of 85 records were refused" in told

    deliver("night-2", parts[1])  # the mended delivery
    deliver("night-3", parts[2])
    nights.deliveries.append("night-3")
    nights.run("run", "--until", LAST_STAGE)
    assert "up to date" in nights.run("status")
    nights.run("rejects", "--max-share", MAX_SHARE)
    assert "FAIL" not in nights.run("audit")

    at_once = Schedule(site, postgres, "at_once")
    at_once.deliveries = nights.deliveries
    at_once.run("run", "--until", LAST_STAGE)
    expected, found = at_once.contents(), nights.contents()
    for table, rows in expected.items():
        assert found[table] == rows, table

    nights.run("takedown", "night-2", "--reason", "asked by letter")
    left = nights.run("query", "SELECT DISTINCT ingest_id FROM documents ORDER BY 1")
    assert ("night-1" in left, "night-2" in left, "night-3" in left) == (True, False, True)
    assert "FAIL" not in nights.run("audit")
