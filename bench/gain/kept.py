"""The models that a grid kept, by arm and seed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.gain.results import Results
from pivotmine.model.config.measuring import ModelConfig
from pivotmine.model.config.training import BASE
from pivotmine.model.load import LoadedModel, load_model


class Kept:
    """Models of the base phase and of the arms that were kept for some seeds.

    `seeds` are those of which all `arms` and the base phase are there; both may be empty.
    """

    def __init__(self, out: Path, results: Results) -> None:
        folders = (out / "grid" / "runs").glob("*/model")
        self._folders = {of.parent.name.rpartition("-")[0]: of for of in sorted(folders)}
        grid = results.grid
        first = grid.seeds[0]
        self.arms = [one.name for one in grid.arms if f"{one.name}-s{first}" in self._folders]
        self.seeds = [seed for seed in grid.seeds if self._has([BASE, *self.arms], seed)]
        if not self.seeds:
            self.arms = []

    def _has(self, arms: Sequence[str], seed: int) -> bool:
        return all(f"{arm}-s{seed}" in self._folders for arm in arms)

    def load(self, arm: str, seed: int) -> LoadedModel:
        """A model, on the CPU."""
        return load_model(str(self._folders[f"{arm}-s{seed}"]), ModelConfig(device="cpu"))
