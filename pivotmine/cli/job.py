"""The body of the spark-submit entry points in `jobs/`."""

from __future__ import annotations

import argparse
import sys

from pivotmine import api
from pivotmine.errors import PivotMineError
from pivotmine.recipe.reading import load_recipe


def main(stage: str | None = None) -> None:
    """Run one stage, or the whole road when `stage` is None."""
    parser = argparse.ArgumentParser(
        description=f"PivotMine: {'stage ' + stage if stage else 'the whole road'}, on the session "
        "that spark-submit provides."
    )
    parser.add_argument("--config", help="recipe: path or URI of a YAML file")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="override one setting"
    )
    parser.add_argument("--force", action="store_true", help="run committed stages too")
    if stage is None:
        parser.add_argument("--until", help="last stage to run")
    arguments = parser.parse_args()
    try:
        api.run(
            load_recipe(arguments.config, arguments.set),
            only=stage,
            until=getattr(arguments, "until", None),
            force=arguments.force,
        )
    except PivotMineError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
