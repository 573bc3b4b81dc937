"""The bodies of the spark-submit entry points in `jobs/`."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator

from pivotmine import api
from pivotmine.errors import PivotMineError, was_interrupted
from pivotmine.recipe.reading import load_recipe
from pivotmine.show.console import end_interrupted


def main(stage: str | None = None) -> None:
    """Run one stage, or all of them when `stage` is None."""
    parser = _parser("stage " + stage if stage else "all stages")
    parser.add_argument("--force", action="store_true", help="run committed stages too")
    if stage is None:
        parser.add_argument("--until", help="last stage to run")
    arguments = parser.parse_args()
    with _one_message():
        api.run(
            load_recipe(arguments.config, arguments.set),
            only=stage,
            until=getattr(arguments, "until", None),
            force=arguments.force,
        )


def take_down() -> None:
    """Remove a delivery: `pivotmine takedown` for lakes that need a cluster to be made anew."""
    from pivotmine.keep.takedown import take_down as take_down_delivery

    parser = _parser("takedown of a delivery")
    parser.add_argument("delivery", help="the ingest_id to remove")
    parser.add_argument("--reason", default="", help="why, for the record")
    parser.add_argument(
        "--keep-past", action="store_true", help="keep earlier snapshots, which hold the delivery"
    )
    arguments = parser.parse_args()
    with _one_message():
        recipe = load_recipe(arguments.config, arguments.set)
        take_down_delivery(
            recipe,
            arguments.delivery,
            arguments.reason,
            lambda until: api.run(recipe, until=until),
            forget=not arguments.keep_past,
        )


def _parser(subject: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=f"PivotMine: {subject}, on the session that spark-submit provides."
    )
    parser.add_argument("--config", help="recipe: path or URI of a YAML file")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="override one setting"
    )
    return parser


@contextlib.contextmanager
def _one_message() -> Iterator[None]:
    """Say what ends a run in one message, without a traceback of ours."""
    try:
        yield
    except KeyboardInterrupt:
        end_interrupted()
    except Exception as error:
        if was_interrupted(error):
            end_interrupted()
        if not isinstance(error, PivotMineError):
            raise
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
