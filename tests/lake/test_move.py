"""A lake that was moved or copied is whole at its new place, and knows nothing of the old one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pivotmine.errors import LakeError
from pivotmine.keep.audit import audit
from pivotmine.lake import commit as commit_module
from pivotmine.lake.lake import Lake
from pivotmine.lake.move import move_lake
from pivotmine.lake.query import connect
from pivotmine.recipe import Recipe
from tests.handmade import cli, put
from tests.lake.small_runs import run


def recipe_of(folder: Path) -> Recipe:
    return Recipe.model_validate({"lake": {"warehouse": str(folder)}})


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A lake with a past, an empty table and a training file."""
    folder = tmp_path / "the old place" / "lake"
    recipe = recipe_of(folder)
    run(recipe, 2)
    run(recipe, 5)
    lake = Lake(recipe.lake)
    shards = lake.artifact_path("shards", "run-shards")
    lake.filesystem.makedirs(f"{shards}/arm")
    with lake.filesystem.open(f"{shards}/arm/a.npy", "wb") as stream:
        stream.write(b"tokens")
    path = f"{lake.path_of(shards)}/arm/a.npy"
    put(lake, run_id="run-shards", shards=[{"path": path, "checksum": "", "arm": "arm"}], counts=[])
    return folder


def addresses(folder: Path, word: bytes) -> list[Path]:
    """Files that name a place."""
    return [path for path in folder.rglob("*") if path.is_file() and word in path.read_bytes()]


def check_moved(new: Path) -> None:
    recipe = recipe_of(new)
    lake = Lake(recipe.lake, read_only=True)
    assert lake.read("links", ["a"]).num_rows == lake.read("pivots", ["token"]).num_rows == 5
    assert all(finding.holds for finding in audit(lake, connect(lake)))
    ((path,),) = connect(lake).execute("SELECT path FROM shards").fetchall()
    with lake.open(path) as stream:
        assert stream.read() == b"tokens"
    assert path.startswith(lake.warehouse)
    table = Lake(recipe.lake).iceberg_table("links")
    assert table is not None
    (first, *_) = table.snapshots()
    assert table.scan(snapshot_id=first.snapshot_id).to_arrow().num_rows == 2, "the past, too"
    assert run(recipe, 5).skipped, "everything is up to date"
    assert table.refresh().scan().to_arrow().num_rows == 5
    assert not run(recipe, 6).skipped
    assert Lake(recipe.lake).n_rows("links") == 6


@pytest.mark.parametrize("is_copied", [True, False], ids=["copied", "moved"])
def test_a_lake_that_was_moved_or_copied_is_whole(old: Path, tmp_path: Path, is_copied: bool):
    new = tmp_path / "new"
    if is_copied:
        shutil.copytree(old, new)
    else:
        old.rename(new)
    said = cli("move", str(old), str(new))
    assert (said.status, said.err) == (0, "")
    assert "tables are at" in said.out
    shutil.rmtree(old, ignore_errors=True)
    assert addresses(new, b"the old place") == []
    check_moved(new)


def test_a_move_can_be_repeated_and_a_lake_can_move_again(old: Path, tmp_path: Path):
    for place in (tmp_path / "second", tmp_path / "third"):
        shutil.copytree(old, place)
        assert move_lake(str(old), str(place)) == move_lake(str(old), str(place))
        shutil.rmtree(old)
        old = place
    check_moved(old)


def test_what_was_committed_and_not_published_moves_too(
    old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    run(recipe_of(old), 3)
    with monkeypatch.context() as patch:
        patch.setattr(commit_module, "publish_all", lambda lake, made: ["not now"])
        run(recipe_of(old), 5)
    new = tmp_path / "new"
    old.rename(new)
    move_lake(str(old), str(new))
    assert addresses(new, b"the old place") == []
    check_moved(new)


def test_what_cannot_be_moved_is_said(old: Path, tmp_path: Path):
    with pytest.raises(LakeError, match="only lakes in local folders"):
        move_lake(str(old), "s3://bucket/lake")
    with pytest.raises(LakeError, match=r"holds no catalog\.db"):
        move_lake(str(old), str(tmp_path / "nowhere"))
    new = tmp_path / "new"
    shutil.copytree(old, new)
    shutil.rmtree(new / "pivotmine" / "links" / "metadata")
    with pytest.raises(LakeError, match="not a whole copy"):
        move_lake(str(old), str(new))
