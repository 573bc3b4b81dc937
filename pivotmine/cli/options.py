"""What most commands take, and the lake that they ask."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pivotmine.lake.lake import Lake

CONFIG_ENV = "PIVOTMINE_CONFIG"
DEMO_DIRECTORY = Path(".pivotmine/demo")

ConfigOption = Annotated[
    str | None,
    typer.Option(
        "--config",
        "-c",
        envvar=CONFIG_ENV,
        help="Recipe: path or URI of a YAML file. Without one, every setting has its default.",
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", "-s", help="Override one setting, e.g. --set count.min_count=5. Repeatable."
    ),
]


class OutputFormat(StrEnum):
    """How query results are printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def open_lake(config: str | None, overrides: list[str] | None) -> Lake:
    """The recipe's lake, for a reader: a mistyped name must not look like an empty corpus."""
    from pivotmine.errors import LakeError
    from pivotmine.lake.lake import Lake
    from pivotmine.recipe.reading import load_recipe

    lake = Lake(load_recipe(config, overrides or ()).lake, read_only=True)
    if not lake.runs().num_rows:
        raise LakeError(
            f"nothing is committed in {lake.warehouse} (namespace {lake.namespace}) yet. Name the "
            "recipe with --config, or fill this lake with `pivotmine run`."
        )
    return lake
