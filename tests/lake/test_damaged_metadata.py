"""A lake whose metadata is damaged says so in one line, and what it says mends it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pivotmine.errors import LakeError
from pivotmine.keep.doctor import examine
from pivotmine.lake.lake import Lake
from pivotmine.lake.lease import hold_lease
from pivotmine.recipe import LakeConfig
from pivotmine.recipe.reading import load_recipe
from tests.handmade import cli, make_lake, put, settings

COMMANDS = (("query", "SELECT count(*) FROM links"), ("audit",), ("status",))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    made = make_lake(tmp_path / "lake", links=[{"a": 1}, {"a": 2}])
    put(made, links=[{"a": 1}], pivots=[{"token_id": 1}])
    return made


def metadata(lake: Lake, table: str) -> Path:
    """The metadata file that the catalog names."""
    found = lake.catalog.load_table((lake.namespace, table)).metadata_location
    return Path(found.removeprefix("file://"))


def folder(lake: Lake, table: str) -> Path:
    snapshot = Lake(LakeConfig(warehouse=lake.warehouse)).snapshot(table)
    assert snapshot is not None
    return Path(snapshot.manifest_list.removeprefix("file://")).parent


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:300])


def flip(path: Path) -> None:
    """Change a bit at the end of the dictionary of the largest column."""
    group = pq.read_metadata(path).row_group(0)
    columns = [group.column(at) for at in range(group.num_columns)]
    largest = max(columns, key=lambda column: int(column.total_compressed_size))
    content = bytearray(path.read_bytes())
    content[largest.data_page_offset - 8] ^= 1
    path.write_bytes(content)


DAMAGE: dict[str, tuple[Callable[[Lake], None], str]] = {
    "metadata of runs cut short": (
        lambda lake: cut(metadata(lake, "runs")),
        "the metadata of table runs in .* Restore the last",
    ),
    "metadata of runs gone": (
        lambda lake: metadata(lake, "runs").unlink(),
        "the metadata of table runs in .* Restore the last",
    ),
    "rows of runs gone": (
        lambda lake: (folder(lake, "runs") / "runs.parquet").unlink(),
        r"table runs, which says what is committed, .*runs\.parquet is gone. Restore that file",
    ),
    "a flipped bit in the rows of runs": (
        lambda lake: flip(folder(lake, "runs") / "runs.parquet"),
        r"table runs, which says what is committed, .* is damaged .* Restore that file",
    ),
    "catalog cut short": (
        lambda lake: cut(Path(lake.warehouse.removeprefix("file://")) / "catalog.db"),
        "the catalog .*catalog.db.* Restore",
    ),
    "catalog empty": (
        lambda lake: (Path(lake.warehouse.removeprefix("file://")) / "catalog.db").write_bytes(b""),
        "the catalog .*catalog.db.* Restore",
    ),
}


def begin_run(config: LakeConfig) -> None:
    lake = Lake(config)
    with hold_lease(lake):
        lake.runs()


@pytest.mark.parametrize(("damage", "message"), DAMAGE.values(), ids=DAMAGE.keys())
def test_every_command_says_what_is_damaged(lake: Lake, damage, message: str):
    damage(lake)
    for name, *arguments in COMMANDS:
        status, _, err = cli(name, *arguments, *settings(lake))
        assert status == 2
        assert len(err.splitlines()) == 1
        assert re.search(message, err), err
    recipe = load_recipe(None, [f"lake.warehouse={lake.warehouse.removeprefix('file://')}"])
    (symptom,) = (one for one in examine(recipe, start_spark=False) if one.subject == "lake")
    assert not symptom.well
    assert symptom.fix
    with pytest.raises(LakeError):  # what a run begins with
        begin_run(LakeConfig(warehouse=lake.warehouse))


def test_the_metadata_before_it_mends_what_is_damaged(lake: Lake):
    path = metadata(lake, "runs")
    before = sorted(path.parent.glob("*.metadata.json"))[-2]
    cut(path)
    path.write_bytes(before.read_bytes())
    again = Lake(LakeConfig(warehouse=lake.warehouse))
    assert again.n_rows("links") == 1
    put(again, links=[{"a": 1}, {"a": 2}, {"a": 3}])
    assert Lake(LakeConfig(warehouse=lake.warehouse)).n_rows("links") == 3


def test_readers_need_no_metadata_of_other_tables(lake: Lake):
    """Table `runs` holds the snapshots that count."""
    cut(metadata(lake, "links"))
    status, out, err = cli("query", "SELECT count(*) AS n FROM links", *settings(lake))
    assert (status, err) == (0, "")
    assert "1" in out


@pytest.mark.parametrize("damage", [cut, Path.unlink])
def test_a_table_whose_list_of_files_is_damaged_can_be_made_anew(lake: Lake, damage):
    (listed,) = folder(lake, "links").glob("snap-*.avro")
    damage(listed)
    status, _, err = cli("query", "FROM links", *settings(lake))
    assert status == 2
    assert f"{listed.name} is gone or damaged" in err
    assert "`pivotmine run` then makes its table anew" in err
    assert cli("query", "FROM pivots", *settings(lake)).status == 0
    status, out, _ = cli("audit", *settings(lake))
    assert (status, "links: " in out) == (1, True)
    put(Lake(LakeConfig(warehouse=lake.warehouse)), links=[{"a": 5}])
    assert cli("audit", *settings(lake)).status == 0


def test_a_lake_that_cannot_be_read_is_not_an_empty_one(lake: Lake):
    cut(metadata(lake, "runs"))
    with pytest.raises(LakeError, match="metadata of table runs"):
        Lake(LakeConfig(warehouse=lake.warehouse), read_only=True).committed_run_ids()
