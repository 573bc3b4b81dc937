"""The doctor uses a warehouse in a store, and says the fix where it cannot; it never hangs."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from pivotmine.errors import LakeError
from pivotmine.keep import doctor_lake
from pivotmine.keep.doctor_lake import examine_lake, within
from pivotmine.keep.symptom import Symptom
from pivotmine.recipe import Recipe
from pivotmine.recipe.reading import load_recipe
from tests.storage.s3_server import S3Server


@pytest.fixture
def recipe(s3: S3Server, tmp_path: Path) -> Recipe:
    catalog = {"type": "sql", "uri": f"sqlite:///{tmp_path}/catalog.db"}
    settings = ["lake.warehouse=s3a://lake/house", f"lake.catalog={json.dumps(catalog)}"]
    return load_recipe(None, settings)


def symptoms(recipe: Recipe) -> dict[str, Symptom]:
    return {one.subject: one for one in examine_lake(recipe, start_spark=False)}


def test_a_store_that_works_is_well_and_nothing_is_left_in_it(s3: S3Server, recipe: Recipe):
    found = symptoms(recipe)
    assert {one.well for one in found.values()} == {True}
    assert "written, listed, read and deleted" in found["warehouse"].state
    assert found["catalog"].state == "sql, 0 tables in namespace pivotmine"
    assert s3.names("lake") == []


def test_wrong_keys_are_a_symptom_with_a_fix(s3: S3Server, recipe: Recipe):
    s3.fault = lambda number, method, path: "403 InvalidAccessKeyId"
    found = symptoms(recipe)["warehouse"]
    assert not found.well
    assert "Set AWS_ACCESS_KEY_ID" in found.fix


def test_a_missing_bucket_is_a_symptom_with_a_fix(s3: S3Server, recipe: Recipe):
    s3.client().delete_bucket(Bucket="lake")
    found = symptoms(recipe)["warehouse"]
    assert not found.well
    assert "there is no such bucket" in found.fix


def test_a_look_that_does_not_end_is_told():
    never = threading.Event()
    with pytest.raises(LakeError, match=r"no answer within 0\.05 s"):
        within(never.wait, 0.05)


def test_clocks_that_differ_are_a_symptom():
    assert doctor_lake._clock("clock", 2.0, "the store's").well
    assert not doctor_lake._clock("clock", 3600.0, "the store's").well
