"""The JSON schema of recipes, with which editors complete and check them."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from pivotmine.recipe.schema import json_schema
from tests.handmade import cli

CONF = Path(__file__).parents[2] / "conf"


@pytest.fixture(scope="module")
def schema() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json_schema())


@pytest.mark.parametrize("name", ["demo.yaml", "production.yaml"])
def test_our_recipes_are_valid(schema: jsonschema.Draft202012Validator, name: str):
    recipe = yaml.safe_load((CONF / name).read_text(encoding="utf-8"))
    assert [error.message for error in schema.iter_errors(recipe)] == []


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        ({"count": {"min_cuont": 3}}, "'min_cuont' was unexpected"),
        ({"count": {"min_count": 0}}, "0 is less than or equal to the minimum of 0"),
        ({"languages": "en"}, "'en' is not of type 'array'"),
        ({"ingest": {"inputs": [{"format": "jsonl"}]}}, "'uris' is a required property"),
    ],
)
def test_what_a_run_would_refuse_is_marked(
    schema: jsonschema.Draft202012Validator, recipe: dict[str, object], said: str
):
    (error,) = schema.iter_errors(recipe)
    assert said in error.message


def test_names_of_plugins_are_offered_and_others_allowed(schema: jsonschema.Draft202012Validator):
    assert schema.is_valid({"link": {"measure": "npmi"}})
    assert schema.is_valid({"link": {"measure": "measure_of_mine"}})
    assert '"translation"' in json.dumps(schema.schema)


def test_the_command_prints_it():
    status, out, err = cli("config", "--schema")
    assert (status, err) == (0, "")
    assert json.loads(out) == json_schema()
