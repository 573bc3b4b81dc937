"""Commands that train the arms of a grid and compare them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from pivotmine.model.commands.options import GRID, SetOption
from pivotmine.model.progress import progress_bar
from pivotmine.show.console import plain_console


def train(
    config: Annotated[
        str, typer.Option("--config", "-c", help="Recipe with sections training and grid.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the grid.")] = GRID,
    set_: SetOption = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Check all bytes of shards, tokenizers and budgets; train nothing."
        ),
    ] = False,
) -> None:
    """Train every arm of a grid with every seed on PivotMine's shards; runs can be resumed.

    Shards, tokenizers and language budgets are checked before the first step. For many GPUs:
    torchrun --no-python pivotmine-model train --config conf/arms/planted-arms.yaml
    """
    from pivotmine.model.commands.tables import diet_table
    from pivotmine.model.config.recipe import load_model_recipe
    from pivotmine.model.training.grid import plan_start, run_grid
    from pivotmine.model.training.plan import make_plan

    console = plain_console()
    console.quiet = os.environ.get("RANK", "0") != "0"  # with torchrun, only one worker prints
    recipe = load_model_recipe(config, set_ or ())
    plan = make_plan(recipe, console.print, again=check)
    console.print(diet_table(plan))
    if check:
        plan_start(plan, recipe.grid.seeds[0], console.print)
        return
    with progress_bar(console) as progress:
        run_grid(plan, out, progress)
    console.print(f"now: pivotmine-model compare {out}", soft_wrap=True)


def compare(
    grid: Annotated[
        Path, typer.Argument(help="A trained grid: grid-….json, or the folder that holds one.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The page. Default: beside the grid.")
    ] = None,
) -> None:
    """Test the declared contrasts of a grid, and compare its arms on one HTML page.

    Reads the tables that `train` wrote; no model and no shards are needed.
    """
    from pivotmine.show.look.drawing import require_drawing

    require_drawing()
    from pivotmine.model.commands.tables import contrast_table
    from pivotmine.model.comparison.run import compare as run
    from pivotmine.model.report.arms import arms_page
    from pivotmine.model.results import read_run, write_json, write_page

    console = plain_console()
    found = run(read_run(grid, "grid"))
    page = out or (grid if grid.is_dir() else grid.parent) / "comparison.html"
    write_page(page, arms_page(found))
    write_json(page.with_suffix(".json"), found)
    console.print(contrast_table(found))
    for line in found["verdict"]:
        console.print(f"* {line}", soft_wrap=True)
    console.print(f"report: {page}, its numbers: {page.with_suffix('.json')}", soft_wrap=True)
