"""The lake: commits are seen whole or not at all, and the past stays readable."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyiceberg.io.pyarrow import parquet_file_to_data_file

from pivotmine.errors import LakeError
from pivotmine.lake import commit as commit_module
from pivotmine.lake.commit import commit
from pivotmine.lake.lake import Lake
from pivotmine.lake.lease import Lease, break_lease, hold_lease
from pivotmine.lake.query import connect
from pivotmine.lake.recovery import recover
from pivotmine.lake.removal import forget_past
from pivotmine.lake.tables import RUNS, TABLES
from pivotmine.recipe import LakeConfig


@pytest.fixture
def config(tmp_path: Path) -> LakeConfig:
    return LakeConfig(warehouse=str(tmp_path / "lake"))


def stage_rows(lake: Lake, table: str, run_id: str, n_rows: int) -> list[str]:
    """Write `n_rows` empty rows to where the run stages a table."""
    path = lake.staging_path(table, run_id)
    lake.filesystem.makedirs(path)
    rows = pa.Table.from_pylist([{}] * n_rows, schema=TABLES[table].schema)
    with lake.filesystem.open(f"{path}/part-0.parquet", "wb") as stream:
        pq.write_table(rows, stream)
    return lake.parquet_files(path)


def run_row(run_id: str, stage: str = "link") -> dict[str, Any]:
    now = datetime.now(UTC)
    empty: dict[str, int] = {}
    return {
        "run_id": run_id,
        "stage": stage,
        "fingerprint": f"fingerprint of {run_id}",
        "started_at": now,
        "finished_at": now,
        "inputs": empty,
        "rows": empty,
    }


def commit_rows(lake: Lake, run_id: str, **n_rows: int) -> None:
    commit(lake, run_row(run_id), {t: stage_rows(lake, t, run_id, n) for t, n in n_rows.items()})


def n_seen(lake: Lake, table: str) -> int:
    """Rows that a reader sees through SQL."""
    row = connect(lake).execute(f"SELECT count(*) FROM {table}").fetchone()
    assert row is not None
    return int(row[0])


def test_a_commit_replaces_what_was_there(config: LakeConfig):
    lake = Lake(config)
    commit_rows(lake, "one", links=3)
    commit_rows(lake, "two", links=5)
    assert lake.n_rows("links") == n_seen(lake, "links") == 5


def test_a_commit_without_rows_empties_the_table(config: LakeConfig):
    lake = Lake(config)
    commit_rows(lake, "one", links=3)
    commit(lake, run_row("two"), {"links": []})
    assert n_seen(lake, "links") == 0
    assert lake.snapshot("links") is not None


def test_a_table_that_was_never_committed_is_empty_to_sql(config: LakeConfig):
    assert n_seen(Lake(config), "pivots") == 0


def test_another_process_sees_the_commit(config: LakeConfig):
    commit_rows(Lake(config), "one", links=3)
    assert n_seen(Lake(config), "links") == 3


def test_the_past_stays_readable(config: LakeConfig):
    lake = Lake(config)
    before = datetime.now(UTC)
    commit_rows(lake, "one", links=3)
    first = lake.snapshot("links")
    assert first is not None
    moment = datetime.fromtimestamp(first.timestamp_ms / 1000, UTC)
    commit_rows(lake, "two", links=5)
    assert lake.n_rows("links", lake.snapshot("links", moment)) == 3
    assert lake.snapshot("links", before) is None


def die(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
    """Let a step of a commit end in Ctrl-C instead."""

    def interrupt(*arguments: Any) -> None:
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(owner, name, interrupt)


def head_rows(lake: Lake, table: str) -> int:
    """Rows that another Iceberg reader sees."""
    iceberg = lake.catalog.load_table((lake.namespace, table))
    return int(iceberg.scan().to_arrow().num_rows)


def test_a_run_that_died_before_its_row_in_runs_is_invisible(
    config: LakeConfig, monkeypatch: pytest.MonkeyPatch
):
    commit_rows(Lake(config), "one", links=3, pivots=4)
    die(monkeypatch, Lease, "commit")
    with pytest.raises(KeyboardInterrupt):
        commit_rows(Lake(config), "dead", links=9, pivots=9)

    survivor = Lake(config)
    assert (n_seen(survivor, "links"), n_seen(survivor, "pivots")) == (3, 4)
    with hold_lease(survivor):
        assert recover(survivor) == [
            f"deleted uncommitted files {name}/data/dead" for name in ("links", "pivots", "runs")
        ]
    for table, rows in (("links", 3), ("pivots", 4)):
        assert head_rows(survivor, table) == rows, "other Iceberg readers see it too"
        assert not survivor.filesystem.exists(survivor.staging_path(table, "dead"))
        assert survivor.filesystem.exists(survivor.staging_path(table, "one"))


def test_a_run_that_died_after_its_row_in_runs_is_whole_and_is_published_by_the_next(
    config: LakeConfig, monkeypatch: pytest.MonkeyPatch
):
    commit_rows(Lake(config), "one", links=3, pivots=4)
    die(monkeypatch, commit_module, "publish_all")
    with pytest.raises(KeyboardInterrupt):
        commit_rows(Lake(config), "dead", links=8, pivots=9)

    reader = Lake(config, read_only=True)
    assert (n_seen(reader, "links"), n_seen(reader, "pivots")) == (8, 9)
    survivor = Lake(config)
    assert (head_rows(survivor, "links"), head_rows(survivor, "pivots")) == (3, 4)
    with hold_lease(survivor):
        assert len(recover(survivor)) == 2
        assert recover(survivor) == []
    assert (head_rows(survivor, "links"), head_rows(survivor, "pivots")) == (8, 9)


def test_a_first_run_that_died_leaves_an_empty_table(
    config: LakeConfig, monkeypatch: pytest.MonkeyPatch
):
    die(monkeypatch, Lease, "commit")
    with pytest.raises(KeyboardInterrupt):
        commit_rows(Lake(config), "dead", links=9)
    lake = Lake(config)
    with hold_lease(lake):
        recover(lake)
    assert head_rows(lake, "links") == n_seen(lake, "links") == 0
    commit_rows(lake, "next", links=2)
    assert n_seen(lake, "links") == 2


def test_a_head_that_another_program_has_moved_is_moved_back(config: LakeConfig):
    lake = Lake(config)
    commit_rows(lake, "one", links=3)
    table = lake.catalog.load_table((lake.namespace, "links"))
    table.append(pa.Table.from_pylist([{"n_ab": 1}], TABLES["links"].schema))
    assert head_rows(lake, "links") == 4
    assert n_seen(lake, "links") == 3, "what no run has committed is not in the lake"
    commit_rows(lake, "two", links=5)
    assert head_rows(lake, "links") == n_seen(lake, "links") == 5


def test_recovery_of_a_sound_lake_does_nothing(config: LakeConfig):
    lake = Lake(config)
    commit_rows(lake, "one", links=3)
    with hold_lease(lake):
        assert recover(lake) == []


def test_a_second_run_is_kept_out_of_a_local_lake(config: LakeConfig):
    late = pytest.raises(LakeError, match="another run is writing")
    with hold_lease(Lake(config)), late, hold_lease(Lake(config)):
        pass


def test_namespaces_of_one_warehouse_do_not_see_each_other(config: LakeConfig):
    commit_rows(Lake(config), "one", links=3)
    other = Lake(config.model_copy(update={"namespace": "other"}))
    assert n_seen(other, "links") == 0
    with hold_lease(other):
        assert recover(other) == []


def test_an_unwritable_warehouse_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(LakeError, match=r"warehouse .*file/lake cannot be written"):
        Lake(LakeConfig(warehouse=str(tmp_path / "file" / "lake")))


def test_a_reader_leaves_no_trace_and_can_commit_nothing(config: LakeConfig):
    commit_rows(Lake(config), "one", links=3)
    before = {path: path.stat().st_mtime_ns for path in Path(config.warehouse).rglob("*")}
    reader = Lake(config, read_only=True)
    assert n_seen(reader, "links") == 3
    assert {p: p.stat().st_mtime_ns for p in Path(config.warehouse).rglob("*")} == before
    with pytest.raises(LakeError, match="open for reading only"):
        commit_rows(reader, "two", links=1)
    assert n_seen(Lake(config), "links") == 3


def test_reading_a_missing_lake_creates_none(tmp_path: Path):
    config = LakeConfig(warehouse=str(tmp_path / "mistyped"))
    with pytest.raises(LakeError, match="nothing is committed in"):
        Lake(config, read_only=True)
    assert not (tmp_path / "mistyped").exists()


def test_a_remote_warehouse_needs_a_catalog():
    with pytest.raises(LakeError, match=r"lake\.catalog"):
        Lake(LakeConfig(warehouse="memory://bucket/lake"))


def test_the_configuration_can_name_another_catalog(tmp_path: Path):
    config = LakeConfig(
        warehouse=str(tmp_path / "lake"),
        catalog={"type": "sql", "uri": f"sqlite:///{tmp_path}/elsewhere.db"},
    )
    commit_rows(Lake(config), "one", links=3)
    assert (tmp_path / "elsewhere.db").exists()
    assert n_seen(Lake(config), "links") == 3


def test_tables_carry_their_documentation(config: LakeConfig):
    lake = Lake(config)
    commit_rows(lake, "one", links=1)
    iceberg = lake.catalog.load_table((config.namespace, "links"))
    assert iceberg.schema().find_field("g2").doc == "log-likelihood ratio (Dunning 1993)"
    assert iceberg.properties["comment"] == TABLES["links"].doc


def test_a_lake_can_forget_its_past(config: LakeConfig):
    lake, before = Lake(config), datetime.now(UTC)
    for number in range(3):
        commit_rows(lake, f"run-{number}", links=number + 1, pivots=2)
        before = before if number else datetime.now(UTC)
    assert forget_past(lake) > 0
    for name, n_rows in (("links", 3), ("pivots", 2)):
        table = lake.catalog.load_table((lake.namespace, name))
        assert len(table.snapshots()) == 1
        folder = lake.staging_path(name, "run-2").rpartition("/")[0]
        assert [path.rpartition("/")[2] for path in lake.filesystem.ls(folder, detail=False)] == [
            "run-2"
        ]
        assert n_seen(Lake(config), name) == n_rows
        assert lake.snapshot(name, before) is None, "what is forgotten is not there"
    assert forget_past(lake) == 0
    with hold_lease(lake):
        assert recover(lake) == []


def test_files_can_stay_and_a_table_whose_files_all_stay_keeps_its_snapshot(config: LakeConfig):
    lake = Lake(config)
    commit_rows(lake, "one", links=3)
    (first,) = lake.files("links")
    commit(lake, run_row("two"), {"links": stage_rows(lake, "links", "two", 4)}, {"links": [first]})
    assert n_seen(lake, "links") == lake.n_rows("links") == 7
    before = lake.snapshot("links")
    commit(lake, run_row("three"), {"links": []}, {"links": lake.files("links")})
    assert lake.snapshot("links") == before
    (second,) = set(lake.files("links")) - {first}
    commit(lake, run_row("four"), {"links": []}, {"links": [second]})
    assert n_seen(lake, "links") == lake.n_rows("links") == 4
    with hold_lease(lake):
        assert recover(lake) == []
        forget_past(lake)
    assert n_seen(Lake(config), "links") == 4
    assert not lake.filesystem.exists(first)


# ---- reading


def test_a_table_is_read_whole_or_in_some_columns(config: LakeConfig):
    lake = Lake(config)
    commit_rows(lake, "one", links=3)
    assert lake.read("links").schema.names == TABLES["links"].schema.names
    some = lake.read("links", ["npmi", "a"])
    assert (some.num_rows, some.column_names) == (3, ["npmi", "a"])


def test_a_table_that_was_never_committed_reads_as_empty(config: LakeConfig):
    rows = Lake(config).read("links")
    assert (rows.num_rows, rows.schema.names) == (0, TABLES["links"].schema.names)


def test_a_column_that_an_older_version_did_not_write_reads_as_null(config: LakeConfig):
    lake = Lake(config)
    path = lake.staging_path("links", "old")
    lake.filesystem.makedirs(path)
    with lake.filesystem.open(f"{path}/part-0.parquet", "wb") as stream:
        pq.write_table(pa.table({"b": pa.array([7], pa.int32())}), stream)
    commit(lake, run_row("old"), {"links": lake.parquet_files(path)})
    assert lake.read("links", ["a", "b"]).to_pylist() == [{"a": None, "b": 7}]


def test_runs_are_read_oldest_first(config: LakeConfig):
    lake = Lake(config)
    for name in ("first", "second"):
        commit_rows(lake, name, links=1)
    assert Lake(config, read_only=True).runs()["run_id"].to_pylist() == ["first", "second"]


def test_a_reader_sees_what_a_writer_sees(config: LakeConfig):
    commit_rows(Lake(config), "one", links=3, pivots=2)
    writer, reader = Lake(config), Lake(config, read_only=True)
    for name in TABLES:
        assert reader.files(name) == writer.files(name)
        assert reader.snapshot(name) == writer.snapshot(name)
        assert reader.catalog.table_exists((config.namespace, name)) == (
            name in ("links", "pivots", "runs")
        )


def test_a_catalog_that_is_no_database_is_named(tmp_path: Path):
    (tmp_path / "catalog.db").write_text("not a database, but longer than a page header" * 100)
    with pytest.raises(LakeError, match=r"catalog\.db.* cannot be read"):
        Lake(LakeConfig(warehouse=str(tmp_path)), read_only=True).runs()


# ---- failures of a catalog


def test_a_driver_whose_lease_was_taken_over_is_told_and_commits_nothing(config: LakeConfig):
    commit_rows(Lake(config), "one", links=3)
    late, other = Lake(config), Lake(config)
    with hold_lease(late):
        late.runs()
        assert "process" in (break_lease(other) or "")
        commit_rows(other, "two", links=4)
        with pytest.raises(LakeError, match="was taken over by process") as told:
            commit_rows(late, "three", links=5)
    assert "\n" not in str(told.value)
    assert n_seen(Lake(config), "links") == 4
    assert Lake(config).runs()["run_id"].to_pylist() == ["one", "two"]
    assert break_lease(Lake(config)) is None, "nobody holds it"


def test_a_locked_catalog_is_told_in_one_line(tmp_path: Path):
    path = tmp_path / "catalog.db"
    catalog = {"type": "sql", "uri": f"sqlite:///{path}?timeout=0.1"}
    config = LakeConfig(warehouse=str(tmp_path / "lake"), catalog=catalog)
    lake = Lake(config)
    commit_rows(lake, "one", links=3)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    for attempt in (lambda: Lake(config), lambda: commit_rows(lake, "two", links=4)):
        with pytest.raises(LakeError, match="database is locked") as told:
            attempt()
        assert "\n" not in str(told.value)
    connection.execute("ROLLBACK")
    connection.close()
    assert n_seen(Lake(config), "links") == 3


def test_damaged_metadata_is_told_in_one_line(config: LakeConfig):
    commit_rows(Lake(config), "one", links=3)
    for name in ("links", "runs"):
        table = Lake(config).iceberg_table(name)
        assert table is not None
        path = Path(table.metadata_location.removeprefix("file://"))
        path.write_bytes(path.read_bytes()[:100])
        with pytest.raises(LakeError, match=f"the metadata of table {name} in") as told:
            commit_rows(Lake(config), f"over {name}", links=4)
        assert "\n" not in str(told.value)
    with pytest.raises(LakeError, match="the metadata of table runs"):
        Lake(config, read_only=True).snapshot("links")


# ---- lakes of earlier versions


def commit_as_before(lake: Lake, run_id: str, name: str, n_rows: int) -> None:
    """A commit as earlier versions made it: the table's own head, then a row without it."""
    columns = [f for f in RUNS.schema if f.name not in ("snapshots", "commit_number")]
    for table, schema in ((name, TABLES[name].schema), ("runs", pa.schema(columns))):
        lake.catalog.create_table_if_not_exists((lake.namespace, table), schema)
    iceberg = lake.catalog.load_table((lake.namespace, name))
    with iceberg.transaction() as transaction:
        mapping = iceberg.schema().name_mapping.model_dump_json()
        transaction.set_properties({"schema.name-mapping.default": mapping})
        with transaction.update_snapshot({"run_id": run_id}).overwrite() as update:
            for path in stage_rows(lake, name, run_id, n_rows):
                update.append_data_file(
                    parquet_file_to_data_file(iceberg.io, transaction.table_metadata, path)
                )
    head = iceberg.refresh().current_snapshot()
    assert head is not None
    row = {**run_row(run_id), "outputs": {name: head.snapshot_id}}
    runs = lake.catalog.load_table((lake.namespace, "runs"))
    runs.append(
        pa.Table.from_pylist([row], pa.schema(columns)), snapshot_properties={"run_id": run_id}
    )
    lake.refresh()


def test_a_lake_of_an_earlier_version_is_read_and_continued(config: LakeConfig):
    lake = Lake(config)
    commit_as_before(lake, "one", "links", 3)
    commit_as_before(lake, "two", "pivots", 4)
    reader = Lake(config, read_only=True)
    assert (n_seen(reader, "links"), n_seen(reader, "pivots")) == (3, 4)

    newer = Lake(config)
    with hold_lease(newer):
        assert recover(newer) == []
        commit(
            newer,
            run_row("three"),
            {"links": stage_rows(newer, "links", "three", 5)},
            {"links": newer.files("links")},
        )
    assert (n_seen(Lake(config), "links"), head_rows(newer, "links")) == (8, 8)
    assert n_seen(Lake(config), "pivots") == 4
    assert Lake(config).runs()["run_id"].to_pylist() == ["one", "two", "three"]
    assert Lake(config).runs()["commit_number"].to_pylist() == [None, None, 3]


def test_many_commits_leave_few_files_of_runs(config: LakeConfig, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(commit_module, "RUNS_FILE_ROWS", 4)
    monkeypatch.setattr(commit_module, "PAST_OF_RUNS", 2)
    lake = Lake(config)
    for number in range(11):
        commit_rows(lake, f"run-{number}", links=1)
    rows = Lake(config, read_only=True).runs()
    assert rows["run_id"].to_pylist() == [f"run-{number}" for number in range(11)]
    assert rows["commit_number"].to_pylist() == list(range(1, 12))
    assert len(Lake(config).files("runs")) == 3
    folder = lake.staging_path("runs", "x").removesuffix("/x")
    assert len(lake.names_in(folder)) <= 2 + 2 + 1, "full ones, the past, and now"
    metadata = lake.names_in(f"{config.warehouse}/{config.namespace}/runs/metadata")
    assert len(metadata) < 20


def test_a_table_that_stays_as_it_is_keeps_its_snapshot(config: LakeConfig):
    lake = Lake(config)
    commit(lake, run_row("one"), {"links": [], "pivots": stage_rows(lake, "pivots", "one", 2)})
    empty = lake.snapshot("links")
    commit(lake, run_row("two"), {"links": [], "pivots": stage_rows(lake, "pivots", "two", 3)})
    assert lake.snapshot("links") == empty
    assert dict(lake.runs().to_pylist()[-1]["outputs"]).keys() == {"links", "pivots"}
