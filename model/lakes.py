"""A mined lake, given by its folder or by its recipe, and read without Spark."""

from __future__ import annotations

from pathlib import Path

from pivotmine.lake.catalog import local_lake
from pivotmine.lake.lake import Lake
from pivotmine.recipe.reading import load_recipe


def open_lake(path: Path) -> Lake:
    """The lake of a PivotMine recipe (.yaml), or in a warehouse's folder.

    Raises
    ------
    InputError
        The path is neither a recipe nor a lake.
    LakeError, ConfigError
        The lake or the recipe cannot be read.
    """
    if path.suffix in (".yaml", ".yml"):
        return Lake(load_recipe(str(path)).lake, read_only=True)
    return Lake(local_lake(path), read_only=True)
