"""The road over an object store that fails now and then, without a jar: the tables of a disk.

Sources, tokenizer, tables, checkpoints and shards are objects of one S3 server. The JVM has no
connector for it, so whatever it opened itself would end the run.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pivotmine.lake.lake import Lake
from pivotmine.lake.query import connect
from pivotmine.recipe.reading import load_recipe
from tests.road import contents, contents_of, run_cli
from tests.small_corpus import write_small_corpus
from tests.storage.s3_server import KEYS, S3Server


def test_the_road_over_a_failing_store_gives_the_tables_of_a_disk(
    s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    here = Path(write_small_corpus(tmp_path))
    monkeypatch.chdir(tmp_path)
    run_cli("run", "--config", str(here))
    for name in ("corpus.jsonl", "lexicon.tsv", "corpus.yaml"):
        s3.client().upload_file(str(tmp_path / name), "lake", f"sources/{name}")
    catalog = {"type": "sql", "uri": f"sqlite:///{tmp_path}/catalog.db"}
    there = [
        "lake.warehouse=s3a://lake/house",
        f"lake.catalog={json.dumps(catalog)}",
        "ingest.inputs=[{uris: ['s3a://lake/sources/corpus.jsonl'], source_column: source}]",
        "terms.lexicons=['s3://lake/sources/lexicon.tsv']",
        "storage.retry_minutes=2",
    ]
    options = ["--config", "s3://lake/sources/corpus.yaml"]
    options += [part for setting in there for part in ("--set", setting)]
    s3.fault = lambda number, method, path: {0: "503", 7: "reset"}.get(number % 23, "")
    done = run_cli("run", *options)
    s3.fault = lambda number, method, path: ""
    lake = Lake(load_recipe(str(here), there).lake, read_only=True)
    apart = ("uri", "path", "stamp", "fingerprint")
    assert contents_of(lake, *apart) == contents(tmp_path / "lake", *apart)

    findings = run_cli("audit", *options).stdout
    assert "FAIL" not in findings
    written = b"".join(s3.content("lake", name) for name in s3.names("lake"))
    rows = connect(lake, tables=["runs"]).execute("SELECT * FROM runs").fetchall()
    for secret in KEYS.values():
        assert secret.encode() not in written
        assert secret not in f"{rows}{done.stdout}{done.stderr}{findings}"
    assert run_cli("status", *options).stdout.count("committed") >= 11
