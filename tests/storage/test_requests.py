"""How many requests a lake in a store costs, counted where they arrive.

Before, a commit of one table cost 46 requests, a query 67, and both grew with the rows of `runs`
(docs/results/requests.md).
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from pivotmine.ask.reader import LakeReader
from pivotmine.keep.audit_files import audit_files
from pivotmine.lake.commit import commit
from pivotmine.lake.digests import missing_or_resized, write_parquet_file
from pivotmine.lake.lake import Lake
from pivotmine.lake.lease import hold_lease
from pivotmine.lake.tables import TABLES
from pivotmine.recipe import LakeConfig
from tests.storage.s3_server import S3Server

NAMES = ("documents", "tokens", "links", "scores")


@pytest.fixture
def config(s3: S3Server, tmp_path: Path) -> LakeConfig:
    catalog = {"type": "sql", "uri": f"sqlite:///{tmp_path}/catalog.db"}
    return LakeConfig(warehouse="s3a://lake/house", catalog=catalog)


def stage(lake: Lake, number: int, *names: str) -> None:
    """Write and commit a file of each table, as the engine does."""
    run = f"run-{number}"
    staged, digests = {}, {}
    for name in names:
        path = f"{lake.staging_path(name, run)}/part-0.parquet"
        schema = TABLES[name].schema
        row = pa.Table.from_pylist([{"doc_id": "a"}], schema=schema)
        written = write_parquet_file([row], schema, path)
        lake.held.remember(path, written.digest.n_bytes, written.footer)
        staged[name], digests[path] = [path], written.digest
    now = datetime.now(UTC)
    row_of_run = {"run_id": run, "stage": "hand", "fingerprint": run, "inputs": {}, "rows": {}}
    commit(lake, {**row_of_run, "started_at": now, "finished_at": now}, staged, None, digests)


def ask(config: LakeConfig) -> list[int]:
    reader = LakeReader(Lake(config, read_only=True))
    return reader.sql("SELECT count(*) FROM links").to_arrow().column(0).to_pylist()


def test_a_commit_costs_a_third_and_no_file_of_its_run_is_opened(s3: S3Server, config: LakeConfig):
    lake = Lake(config)
    with hold_lease(lake):
        stage(lake, 0, *NAMES)
        stage(lake, 1, "links")
        s3.log.clear()
        with s3.counted() as requests:
            stage(lake, 2, "links")
    assert requests.total() <= 46 / 3 + 1, "one is the data file itself"
    data = [line for line in s3.log if ".parquet" in line and not line.startswith("PUT")]
    assert len(data) <= 1, "but for the rows of runs"


def test_a_query_reads_the_tables_that_it_names_and_a_year_of_nights_costs_no_more(
    s3: S3Server, config: LakeConfig
):
    lake = Lake(config)
    stage(lake, 0, *NAMES)
    with s3.counted() as first:
        assert ask(config) == [1]
    assert first == {"GET": 7}, "runs and links: metadata or snapshot, manifests and the file"
    for number in range(1, 30):
        stage(lake, number, "documents")
    with s3.counted() as later:
        assert ask(config) == [1]
    assert later == first


def test_a_missing_file_of_one_table_does_not_block_a_question_to_another(
    s3: S3Server, config: LakeConfig
):
    lake = Lake(config)
    stage(lake, 0, *NAMES)
    (path,) = lake.files("documents")
    lake.filesystem.rm_file(path)
    assert ask(config) == [1]


def test_looking_for_damage_costs_two_requests_a_table_and_auditing_one_a_file_more(
    s3: S3Server, config: LakeConfig
):
    stage(Lake(config), 0, *NAMES)
    lake = Lake(config, read_only=True)
    lake.runs()
    with s3.counted() as requests:
        assert not [found for name in NAMES for found in missing_or_resized(lake, name)]
    assert requests == {"GET": len(NAMES), "LIST": len(NAMES)}
    lake = Lake(config, read_only=True)
    with s3.counted() as requests:
        assert all(finding.holds for finding in audit_files(lake))
    n_tables = len(NAMES) + 1
    assert requests["LIST"] == n_tables
    assert requests.total() <= 7 * n_tables
