"""The gate and the grid: small models trained on the arms, by the trainer that users have."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from bench.gain.mining import ORACLE
from pivotmine.model.comparison.run import final
from pivotmine.model.comparison.tables import read_grid
from pivotmine.model.config.recipe import ModelRecipe
from pivotmine.model.config.training import BASE, GridConfig
from pivotmine.model.progress import Progress
from pivotmine.model.results import Run, read_run
from pivotmine.model.training.grid import run_grid
from pivotmine.model.training.plan import make_plan

CONF = Path("conf/arms/gain.yaml")
LARGE = Path("conf/arms/gain-135m.yaml")
LARGE_GATE = 0.02
"""Nats that the oracle must gain over random, for a model that knows much before."""
GATE_ARMS = ("random", ORACLE)
GATE_SEEDS = (100, 101)
"""No seeds of the grid, so that what is registered later was never seen."""
GATE = 0.1
"""Worth of the source, nats, that the oracle must reach."""


def read_conf(out: Path, conf: Path = CONF, **grid: Any) -> ModelRecipe:
    """The recipe of the grid for a folder, with some of its settings replaced."""
    text = conf.read_text(encoding="utf-8").replace("OUT/", f"{out.resolve()}/")
    settings = yaml.safe_load(text)
    settings["grid"] |= grid
    return ModelRecipe.model_validate(settings)


def gate(out: Path, tokens: int | None, progress: Progress) -> dict[str, float]:
    """Train oracle and random with two seeds; returns the worth of the source after each.

    `tokens` is the dose, if it is not that of the recipe.
    """
    recipe = read_conf(out)
    arms = [arm.model_dump() for arm in recipe.grid.arms if arm.name in GATE_ARMS]
    changed: dict[str, Any] = {"arms": arms, "contrasts": [], "seeds": list(GATE_SEEDS)}
    if tokens:
        changed["tokens"] = tokens
    folder = out / "gate"
    train(read_conf(out, **changed), folder, progress)
    return worths(read_run(folder, "grid"), (BASE, *GATE_ARMS))


def grid(out: Path, seeds: Sequence[int], progress: Progress, keep: bool = False) -> Path:
    """Train all arms with some seeds of the recipe (none: all); returns the folder."""
    chosen = {"seeds": list(seeds)} if seeds else {}
    recipe = read_conf(out, keep_models=keep, **chosen)
    folder = out / "grid"
    train(recipe, folder, progress)
    return folder


def large(out: Path, steps: int, progress: Progress) -> dict[str, float]:
    """Gate and grid of the model of `LARGE`; the grid only if the gate opens.

    The model knows much before, so its gate is what the oracle gains over random, with one seed.
    With `steps`, a trial: so many small steps of one seed, and the gate counts as open.
    """
    whole = read_conf(out, LARGE)
    trial: dict[str, Any] = {}
    if steps:
        small = {"sequence_tokens": 64, "batch_sequences": 2, "micro_sequences": 2}
        whole = whole.model_copy(update={"training": whole.training.model_copy(update=small)})
        trial = {"tokens": steps * whole.training.step_tokens, "n_pairs": 4, "heldout_tokens": 64}
    arms = tuple(arm for arm in whole.grid.arms if arm.name in GATE_ARMS)
    first = whole.grid.model_copy(
        update={"arms": arms, "contrasts": (), "seeds": GATE_SEEDS[:1], **trial}
    )
    folder = out / ("large-trial" if steps else "large")
    train(whole.model_copy(update={"grid": first}), folder / "gate", progress)
    found = worths(read_run(folder / "gate", "grid"), GATE_ARMS)
    progress.note(f"worth of the source: {found}")
    if not steps and found[ORACLE] - found[GATE_ARMS[0]] < LARGE_GATE:
        progress.note(f"the gate at {LARGE_GATE} is shut")
        return found
    grid = whole.grid
    if steps:  # the gate's arms are enough for a trial
        trial |= {"arms": arms, "contrasts": grid.contrasts[:1], "seeds": grid.seeds[:1]}
        grid = grid.model_copy(update=trial)
    train(whole.model_copy(update={"grid": grid}), folder / "grid", progress)
    return worths(read_run(folder / "grid", "grid"), [arm.name for arm in grid.arms])


def train(recipe: ModelRecipe, folder: Path, progress: Progress) -> None:
    """Train a grid on one thread, as its numbers depend on the threads."""
    import torch

    torch.set_num_threads(1)
    run_grid(make_plan(recipe, progress.note), folder, progress)


def worths(run: Run, arms: Sequence[str]) -> dict[str, float]:
    """Mean worth of the source at the end of each phase, over seeds, directions and pairs."""
    n_last = GridConfig.model_validate(run.summary["recipe"]["grid"]).final_evaluations
    found = {}
    for arm in arms:
        # The base phase has one evaluation, at its end.
        scores = read_grid(run.words, [arm]).arms[arm]
        found[arm] = float(np.mean(final(scores, "conditional", n_last)))
    return found


def seeds_of(text: str) -> list[int]:
    """Seeds from `0-3` or `0,2,5`; none from an empty text."""
    if not text:
        return []
    first, dash, last = text.partition("-")
    if dash:
        return list(range(int(first), int(last) + 1))
    return [int(one) for one in text.split(",")]
