"""Recipes: typed, documented, and refused with a name and a remedy when wrong."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from pivotmine.errors import ConfigError
from pivotmine.recipe import Recipe
from pivotmine.recipe.reading import bundled_recipe, load_recipe, to_yaml

RECIPES = sorted(Path(__file__).parents[2].joinpath("conf").glob("*.yaml"))


def test_defaults_alone_make_a_valid_recipe():
    assert load_recipe().count.context == "window"


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.name)
def test_every_shipped_recipe_is_valid(path: Path):
    assert load_recipe(str(path)).ingest.inputs


def test_an_override_reaches_a_nested_setting_and_a_list_item():
    config = load_recipe(
        None,
        ["count.min_count=9", "ingest.inputs=[{uris: [a.jsonl]}]", "ingest.inputs.0.format=jsonl"],
    )
    assert config.count.min_count == 9
    assert config.ingest.inputs[0].format == "jsonl"


def test_an_override_wins_over_the_file(tmp_path: Path):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("count: {min_count: 3, folds: 5}")
    config = load_recipe(str(recipe), ["count.min_count=4"])
    assert (config.count.min_count, config.count.folds) == (4, 5)


@pytest.mark.parametrize(
    ("override", "parts"),
    [
        ("count.min_cuont=5", ["count.min_cuont", "did you mean 'min_count'"]),
        ("cuont.min_count=5", ["cuont", "did you mean 'count'"]),
        ("count.zzz=1", ["count.zzz", "allowed: context, window_tokens"]),
        ("count.folds=99", ["count.folds", "less than or equal to 16", "99"]),
        ("count.min_count=many", ["count.min_count", "integer", "'many'"]),
        (
            "select.arms=[{name: x, method: best}]",
            ["select.arms.0.method", "give one of random, ", "'best'"],
        ),
        ("select.arms=[{name: x, method: density}]", ["'density' is called 'he2025' now"]),
        ("select.arms=[{name: x, method: coverage}]", ["'coverage' is called 'links' now"]),
        (
            "select.arms=[{name: x, method: links_coverage}]",
            ["'links_coverage' is called 'distinct_links' now"],
        ),
        ("select.arms=[{name: x, method: oracle}]", ["`truth` belongs to method oracle"]),
        ("select.arms=[{name: x, method: random, reference: y}]", ["length_matched and links_b"]),
        ("select.placement.score=best", ["select.placement.score", "he2025, entropy", "'best'"]),
        ("link.permute=false", ["`permute` is called `permutations` now"]),
        ("link.measure=z", ["link.measure", "g2, npmi", "'z'"]),
        ("ingest.inputs=[{uris: [a], format: doc}]", ["ingest.inputs.0.format", "auto, gettext"]),
        ("ingest.filters.families=[moby]", ["ingest.filters.families.0", "gopher, "]),
        ("score.methods=[entropy]", ["arm he2025 needs score he2025", "score.methods"]),
        ("score.options={entropy: {base: 2}}", ["entropy is built in"]),
        ("score.options={length: {most: 2}}", ["length is not in score.methods"]),
        ("plugins=[no.such.module]", ["no module 'no.such.module'"]),
        ("ingest.inputs=[{format: jsonl}]", ["ingest.inputs.0.uris", "required"]),
        ("languages=[en]", ["languages", "at least 2"]),
        ("languages=[en, en]", ["must differ"]),
        ("select.language_shares={en: 0.5, fr: 0.2}", ["sum to 1", "0.7"]),
        ("select.language_shares={de: 1.0}", ["'de'", "languages"]),
        ("link.min_folds=9", ["link.min_folds=9", "count.folds=4"]),
        ("count", ["dotted.name=value"]),
        ("count.min_count.x=3", ["count.min_count"]),
        ("ingest.inputs.3.format=jsonl", ["ingest.inputs"]),
    ],
)
def test_a_wrong_setting_is_refused_by_name_with_what_is_allowed(override: str, parts: list[str]):
    with pytest.raises(ConfigError) as refused:
        load_recipe(None, [override])
    for part in parts:
        assert part in str(refused.value)


@pytest.mark.parametrize("text", ["- a\n- b\n", "count: [", "just words"])
def test_a_file_that_is_no_recipe_is_refused_with_its_name(tmp_path: Path, text: str):
    recipe = tmp_path / "odd.yaml"
    recipe.write_text(text)
    with pytest.raises(ConfigError, match=r"odd\.yaml"):
        load_recipe(str(recipe))


def test_a_missing_recipe_is_named():
    with pytest.raises(ConfigError, match=r"recipe not found: nowhere\.yaml"):
        load_recipe("nowhere.yaml")


def test_a_configuration_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        load_recipe().count.min_count = 1


def sections(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        for part in (field.annotation, *get_args(field.annotation)):
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from sections(part)


def test_every_setting_is_documented():
    undocumented = [
        f"{section.__name__}.{name}"
        for section in sections(Recipe)
        for name, field in section.model_fields.items()
        if not field.description and not isinstance(field.default, BaseModel)
    ]
    assert undocumented == []


def test_the_documented_form_holds_every_setting_and_its_meaning():
    text = to_yaml(load_recipe(), documented=True)
    words = " ".join(text.replace("#", " ").split())
    for section in sections(Recipe):
        for name, field in section.model_fields.items():
            assert f"{name}:" in text
            assert " ".join((field.description or "").split()) in words


@given(
    min_count=st.integers(1, 1000),
    folds=st.integers(4, 16),
    share=st.floats(0.51, 1.0),
    languages=st.lists(
        st.sampled_from(["en", "fr", "zh", "no", "kab_Latn", "ceb"]), min_size=2, unique=True
    ),
)
def test_what_config_prints_reads_back_as_the_same_configuration(
    tmp_path_factory: pytest.TempPathFactory,
    min_count: int,
    folds: int,
    share: float,
    languages: list[str],
):
    config = Recipe.model_validate(
        {
            "languages": languages,
            "count": {"min_count": min_count, "folds": folds},
            "tokenize": {"min_language_share": share},
        }
    )
    path = tmp_path_factory.mktemp("recipe") / "recipe.yaml"
    for documented in (False, True):
        path.write_text(to_yaml(config, documented))
        assert load_recipe(str(path)) == config


def test_importing_recipes_imports_nothing_heavy():
    heavy = {"numpy", "numba", "pyspark", "pyarrow", "duckdb", "torch", "scipy"}
    code = (
        "import sys; from pivotmine.recipe.reading import load_recipe; load_recipe();"
        "print(*{name.split('.')[0] for name in sys.modules})"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not heavy & set(loaded.stdout.split())


@pytest.mark.parametrize("name", ["demo", "production"])
def test_an_installed_recipe_is_valid(name: str):
    assert load_recipe(bundled_recipe(name)).ingest.inputs


def test_a_recipe_that_is_not_installed_is_named_beside_those_that_are():
    with pytest.raises(ConfigError, match="no recipe 'dmeo' is installed; there are demo, product"):
        bundled_recipe("dmeo")
