"""Recipes that are installed with PivotMine."""

from __future__ import annotations

import pytest

from pivotmine.errors import ConfigError
from pivotmine.recipe.bundled import bundled_recipe
from pivotmine.recipe.reading import load_recipe


@pytest.mark.parametrize("name", ["demo", "production"])
def test_an_installed_recipe_is_valid(name: str):
    assert load_recipe(bundled_recipe(name)).ingest.inputs


def test_a_recipe_that_is_not_installed_is_named_beside_those_that_are():
    with pytest.raises(ConfigError, match="no recipe 'dmeo' is installed; there are demo, product"):
        bundled_recipe("dmeo")
