"""Options of most commands, and the lake that they query."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pivotmine.show.rows import OutputFormat

if TYPE_CHECKING:
    from pivotmine.ask.reader import LakeReader

CONFIG_ENV = "PIVOTMINE_CONFIG"
DEMO_DIRECTORY = Path(".pivotmine/demo")

ConfigOption = Annotated[
    str | None,
    typer.Option(
        "--config",
        "-c",
        envvar=CONFIG_ENV,
        help="Recipe: path or URI of a YAML file. Without it, every setting has its default.",
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", "-s", help="Override one setting, e.g. --set count.min_count=5. Repeatable."
    ),
]
FormatOption = Annotated[
    OutputFormat,
    typer.Option(
        "--format", "-f", help="table: to read; json (lines), csv, parquet: every figure."
    ),
]
LimitOption = Annotated[int, typer.Option(min=1, help="Most answers to show.")]


def open_lake(config: str | None, overrides: list[str] | None) -> LakeReader:
    """The lake of a recipe, for queries."""
    from pivotmine import api
    from pivotmine.recipe.reading import load_recipe

    return api.open_lake(load_recipe(config, overrides or ()))
