"""A grid, opened and checked before anything is trained.

Shards, tokenizers and token budgets are checked here, so a mistake is found before the first step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from pivotmine.errors import ConfigError
from pivotmine.model.config.recipe import ModelRecipe
from pivotmine.model.config.training import BASE, StreamConfig
from pivotmine.model.losses.pairs import Pair, read_pairs
from pivotmine.model.results import versions
from pivotmine.model.scoring.cells import dependencies
from pivotmine.model.shards.stream import Stream, open_stream
from pivotmine.model.training.budget import Diet, check_languages, diet
from pivotmine.model.training.mixture import Placement, slots
from pivotmine.model.words.dataset import WordSet, load


class Phase(NamedTuple):
    """An arm or the base phase, checked and ready."""

    name: str
    placements: tuple[Placement, ...]
    streams: tuple[Stream, ...]
    n_steps: int
    replay: float
    number: int
    """0: base, 1: arms. Part of the seed of the order of documents."""
    diet: Diet

    @property
    def content(self) -> dict[str, Any]:
        """What the phase trains on, independent of where the shards lie."""
        return {
            "streams": [stream.checksum for stream in self.streams],
            "placements": [placement[1:] for placement in self.placements],
            "replay": self.replay,
            "steps": self.n_steps,
        }


class Plan(NamedTuple):
    """A grid, checked and ready."""

    recipe: ModelRecipe
    base: Phase | None
    arms: Mapping[int, tuple[Phase, ...]]
    """Seed -> arms. They differ between seeds if addresses of streams name the seed."""
    heldout: Mapping[str, Stream]
    words: WordSet | None
    pairs: Mapping[str, Sequence[Pair]]
    """Direction -> aligned segments."""

    @property
    def phases(self) -> list[Phase]:
        """The base phase, if there is one, and the arms of the first seed."""
        return [*([self.base] if self.base else []), *self.arms[self.recipe.grid.seeds[0]]]

    @property
    def streams(self) -> list[Stream]:
        """Every stream that is read."""
        arms = (arm for arms in self.arms.values() for arm in arms)
        phases = [*([self.base] if self.base else []), *arms]
        trained = [stream for phase in phases for stream in phase.streams]
        return [*trained, *self.heldout.values()]

    @property
    def _scoring(self) -> dict[str, Any]:
        """The settings of the word task that its results depend on."""
        config = self.recipe.scoring
        asked = {"directions": list(config.directions), "n_draws": config.n_draws}
        return dependencies(config) | asked

    def identity(self, model: str, seeds: Sequence[int], arms: bool = True) -> dict[str, Any]:
        """Everything that the results of these seeds depend on, as plain values.

        `model` is the version of the model that training starts from. Without `arms`, these are the
        values that the base phase depends on.
        """
        training, grid = self.recipe.training, self.recipe.grid
        without_effect = {
            *("micro_sequences", "checkpoint_steps", "gradient_checkpointing", "compile"),
            *("attention", "sharding", "tracking", "shard_cache", "look_ahead_steps"),
        }
        found: dict[str, Any] = {
            "versions": versions(),
            "model": model,
            "training": training.model_dump(mode="json", exclude=without_effect),
            "scoring": self._scoring if self.words else None,
            "words": self.words.version if self.words else None,
            "heldout": {name: stream.checksum for name, stream in self.heldout.items()},
            "heldout_tokens": grid.heldout_tokens,
            "evaluations": grid.evaluations,
            "base": self.base.content if self.base else None,
            "arms": None,
            "seeds": list(seeds),
        }
        if arms:
            found["arms"] = {
                f"{arm.name} {seed}": arm.content for seed in seeds for arm in self.arms[seed]
            }
        if grid.evaluate_from:
            found["evaluate_from"] = grid.evaluate_from
        if self.pairs:
            found["pairs"] = {way: [list(pair) for pair in of] for way, of in self.pairs.items()}
        return found


def make_plan(
    recipe: ModelRecipe, say: Callable[[str], None] = lambda _: None, again: bool = False
) -> Plan:
    """Open and check everything that the grid reads.

    With `again` all checksums are compared, also those that were right before.

    Raises
    ------
    ConfigError, InputError
        The grid has no arms, or something does not fit.
    """
    grid = recipe.grid
    if not grid.arms:
        raise ConfigError("grid.arms is empty: see conf/arms/planted-arms.yaml for an example")

    @cache
    def opened(folder: str) -> Stream:
        say(f"checking {folder}")
        cache = recipe.training.shard_cache
        return open_stream(folder, Path(cache).expanduser() if cache else None, again)

    arms: dict[int, tuple[Phase, ...]] = {}
    for seed in grid.seeds:
        arms[seed] = tuple(
            _phase(
                recipe, opened, arm.name, _of_seed(arm.streams, seed), grid.tokens, 1, arm.replay
            )
            for arm in grid.arms
        )
        check_languages({arm.name: arm.diet for arm in arms[seed]}, grid)
    base = None
    if grid.base:
        base = _phase(recipe, opened, BASE, grid.base.streams, grid.base.tokens, 0)
    heldout = {name: opened(folder) for name, folder in sorted(grid.heldout.items())}
    words = load(Path(grid.words)) if grid.words else None
    asked = read_pairs(Path(grid.pairs), grid.pair_directions, grid.n_pairs) if grid.pairs else {}
    return Plan(recipe, base, arms, heldout, words, asked)


def _phase(
    recipe: ModelRecipe,
    opened: Callable[[str], Stream],
    name: str,
    listed: Sequence[StreamConfig],
    n_tokens: int,
    number: int,
    replay: float = 0.0,
) -> Phase:
    training = recipe.training
    n_steps = -(-n_tokens // training.step_tokens)
    streams = tuple(opened(stream.shards) for stream in listed)
    placements = tuple(
        Placement(stream.shards, stream.ratio, stream.placement, stream.window) for stream in listed
    )
    slots(placements, n_steps * training.batch_sequences, replay)  # raises if they do not fit
    shares = list(zip(streams, (stream.ratio for stream in listed), strict=True))
    eaten = diet(name, shares, n_steps * training.step_tokens, recipe.grid.max_epochs)
    return Phase(name, placements, streams, n_steps, replay, number, eaten)


def _of_seed(streams: Sequence[StreamConfig], seed: int) -> list[StreamConfig]:
    return [
        stream.model_copy(update={"shards": stream.shards.replace("{seed}", str(seed))})
        for stream in streams
    ]
