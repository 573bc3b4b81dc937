"""Which readers a recipe may need: part of the code that ingest depends on."""

from __future__ import annotations

from pivotmine import plugins
from pivotmine.recipe import Recipe


def modules(recipe: Recipe) -> list[str]:
    """Modules of the formats that inputs name; of all formats where one goes by its suffixes."""
    named = {item.format for item in recipe.ingest.inputs}
    if "auto" in named:
        named = set(plugins.SOURCES.names())
    return [plugins.SOURCES.module(name) for name in sorted(named)]
