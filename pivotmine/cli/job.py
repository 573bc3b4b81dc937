"""From a recipe to a run: what the command line and the spark-submit entry points share."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence

from rich.console import Console

from pivotmine.engine.display import open_display
from pivotmine.engine.runner import Report, run_stages
from pivotmine.engine.session import build_session
from pivotmine.errors import PivotMineError
from pivotmine.recipe.reading import load_recipe
from pivotmine.stages.road import choose_stages


def run_road(
    config_uri: str | None,
    overrides: Sequence[str],
    only: str | None = None,
    until: str | None = None,
    force: bool = False,
) -> list[Report]:
    """Load the recipe, run the stages, show progress on standard error.

    Raises
    ------
    PivotMineError
        As `load_config` and `run_stages` raise it, or a task on an executor.
    """
    config = load_recipe(config_uri, overrides)
    stages = choose_stages(only, until)
    try:
        with open_display(Console(stderr=True, emoji=False)) as display:
            return run_stages(
                config, stages, lambda: build_session(config.spark), display, force=force
            )
    except PivotMineError:
        raise
    except Exception as error:
        # What a task raised arrives as the text of its traceback, inside one of Java's.
        if said := re.search(r"^pivotmine\.errors\.\w+: (.+)", str(error), re.MULTILINE):
            raise PivotMineError(said[1]) from error
        raise


def main(stage: str | None = None) -> None:
    """Body of every entry point in `jobs/`: one stage, or the whole road when `stage` is None."""
    parser = argparse.ArgumentParser(
        description=f"PivotMine: {'stage ' + stage if stage else 'the whole road'}, on the session "
        "that spark-submit provides."
    )
    parser.add_argument("--config", help="recipe: path or URI of a YAML file")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="override one setting"
    )
    parser.add_argument("--force", action="store_true", help="run also what is committed already")
    if stage is None:
        parser.add_argument("--until", help="last stage to run")
    arguments = parser.parse_args()
    try:
        run_road(
            arguments.config,
            arguments.set,
            only=stage,
            until=getattr(arguments, "until", None),
            force=arguments.force,
        )
    except PivotMineError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
