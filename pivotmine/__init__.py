"""PivotMine: mine the tokens that bridge languages, and rebuild pretraining corpora from them.

The whole public interface of the engine is named here. Importing `pivotmine` imports nothing else:
each name is loaded when it is first used, so a script that only asks a lake never loads Spark.

Examples
--------
>>> import pivotmine as pm
>>> recipe = pm.load_recipe("corpus.yaml", {"count.min_count": 3})
>>> lake = pm.open_lake(recipe)
>>> lake.links("fr:chat")[0].partner
'▁cat'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pivotmine import plugins
    from pivotmine.api import LakeReader, load_recipe, open_lake, run
    from pivotmine.errors import (
        ConfigError,
        ConservationError,
        InputError,
        LakeError,
        PivotMineError,
        SetupError,
    )
    from pivotmine.recipe import Recipe

__version__ = "0.1.0"

__all__ = [
    "ConfigError",
    "ConservationError",
    "InputError",
    "LakeError",
    "LakeReader",
    "PivotMineError",
    "Recipe",
    "SetupError",
    "__version__",
    "load_recipe",
    "open_lake",
    "plugins",
    "run",
]

_HOMES = {
    **dict.fromkeys(("LakeReader", "load_recipe", "open_lake", "run"), "pivotmine.api"),
    "Recipe": "pivotmine.recipe",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "plugins":
        return import_module("pivotmine.plugins")
    value = getattr(import_module(_HOMES.get(name, "pivotmine.errors")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
