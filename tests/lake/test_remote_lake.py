"""A lake in an object store whose listings have no scheme: nothing current is ever deleted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pivotmine.ask.reader import LakeReader
from pivotmine.errors import LakeError
from pivotmine.keep.takedown import take_down
from pivotmine.lake.commit import commit
from pivotmine.lake.lake import Lake
from pivotmine.lake.lease import hold_lease
from pivotmine.lake.recovery import recover
from pivotmine.lake.removal import forget_past
from pivotmine.lake.tables import TABLES
from pivotmine.recipe import Recipe
from tests.handmade import put
from tests.lake.bucket_store import BucketStore, store


@pytest.fixture(params=["bucket://mine/lake", "bucketa://mine/lake/", "bucketa://mine//lake"])
def recipe(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Recipe]:
    catalog = {
        **{"type": "sql", "uri": f"sqlite:///{tmp_path}/catalog.db"},
        "py-io-impl": "tests.lake.bucket_store.BucketFileIO",
    }
    inputs = [{"uris": ["a.jsonl"], "ingest_id": name} for name in ("old", "new")]
    yield Recipe.model_validate(
        {"lake": {"warehouse": request.param, "catalog": catalog}, "ingest": {"inputs": inputs}}
    )
    BucketStore.store.clear()
    BucketStore.pseudo_dirs[:] = [""]


def deliver(lake: Lake, *names: str) -> None:
    put(
        lake,
        inputs=[{"uri": name, "ingest_id": name} for name in names],
        documents=[{"doc_id": name, "ingest_id": name} for name in names],
        shards=[{"path": name} for name in names],
    )
    last = lake.runs().to_pylist()[-1]["run_id"]
    with store().open(f"{lake.artifact_path('shards', last)}/arm/a.npy", "wb") as stream:
        stream.write(b"tokens")


def check_whole(recipe: Recipe) -> None:
    lake = Lake(recipe.lake)
    n_files = 0
    for name in TABLES:
        for path in lake.files(name):
            assert store().exists(path), f"{path} of {name} is gone"
            n_files += 1
        lake.read(name)
    assert n_files > 3


def test_a_store_lists_names_without_a_scheme(recipe: Recipe):
    deliver(Lake(recipe.lake), "old")
    assert all(name.startswith("mine/") for name in store().find("bucket://mine"))


def test_a_takedown_deletes_the_past_and_no_file_of_a_current_snapshot(recipe: Recipe):
    lake = Lake(recipe.lake)
    deliver(lake, "old", "new")
    past = [path for name in ("documents", "inputs") for path in lake.files(name)]
    take_down(recipe, "old", "asked", lambda until: None, forget=False)
    deliver(Lake(recipe.lake), "new")
    assert forget_past(Lake(recipe.lake)) > 0
    check_whole(recipe)
    assert not any(store().exists(path) for path in past), "what was withdrawn is gone"
    shards = store().find(f"{lake.warehouse}/{lake.namespace}/shards/files")
    assert len(shards) == 1, "shards of the past are gone, too"
    found = LakeReader(Lake(recipe.lake)).sql("SELECT ingest_id FROM documents").to_arrow()
    assert found.to_pylist() == [{"ingest_id": "new"}]


def test_forgetting_stops_where_addresses_do_not_compare(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch
):
    lake = Lake(recipe.lake)
    deliver(lake, "old", "new")
    deliver(lake, "new")
    before = sorted(store().find("bucket://mine"))
    files = Lake.files
    monkeypatch.setattr(Lake, "files", lambda *given: [path + "?" for path in files(*given)])
    with pytest.raises(LakeError, match="was not deleted"):
        forget_past(lake)
    assert sorted(store().find("bucket://mine")) == before, "nothing was deleted"


def test_recovery_deletes_no_committed_file_of_a_remote_lake(recipe: Recipe):
    lake = Lake(recipe.lake)
    deliver(lake, "old")
    before = sorted(store().find("bucket://mine"))
    dead = f"{lake.staging_path('documents', 'dead')}/part-0.parquet"
    with store().open(dead, "wb") as stream:
        stream.write(b"of a run that died")
    with hold_lease(lake):
        assert recover(lake) == ["deleted uncommitted files documents/data/dead"]
    after = [name for name in store().find("bucket://mine") if "metadata" not in name]
    assert after == [name for name in before if "metadata" not in name]
    check_whole(recipe)


def test_files_stay_in_a_table_in_any_spelling_of_their_address(recipe: Recipe):
    lake = Lake(recipe.lake)
    deliver(lake, "old")
    (kept,) = lake.files("documents")
    other_spelling = kept.replace("bucketa://", "bucket://").replace("//lake", "/lake")
    staged = lake.staging_path("documents", "more")
    run = {"run_id": "more", "stage": "hand", "fingerprint": "", "inputs": {}, "rows": {}}
    commit(lake, run, {"documents": lake.parquet_files(staged)}, {"documents": [other_spelling]})
    assert lake.files("documents") == [kept]
