"""Recipes that are installed with PivotMine: the files of `conf/`."""

from __future__ import annotations

from importlib.resources import files

from pivotmine.errors import ConfigError


def bundled_recipe(name: str) -> str:
    """Path of an installed recipe, such as `demo`.

    Raises
    ------
    ConfigError
        None of this name is installed.
    """
    folder = files("pivotmine") / "conf"
    path = folder / f"{name}.yaml"
    if not path.is_file():
        names = (file.name.partition(".") for file in folder.iterdir())
        recipes = sorted(stem for stem, _, suffix in names if suffix == "yaml")
        raise ConfigError(f"no recipe {name!r} is installed; there are {', '.join(recipes)}")
    return str(path)
