"""The recipe of the torch side: all sections, read from YAML and overridden by `--set`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import model_validator

from pivotmine import plugins
from pivotmine.model.config.evaluation import EvaluationConfig
from pivotmine.model.config.measuring import (
    AttributionConfig,
    LensConfig,
    ModelConfig,
    ScoringConfig,
    WordsConfig,
)
from pivotmine.model.config.training import GridConfig, TrainingConfig
from pivotmine.recipe import Section
from pivotmine.recipe.reading import read_recipe


class ModelRecipe(Section):
    """All settings of the torch side."""

    plugins: tuple[str, ...] = ()
    """Modules of your own that register evaluations (docs/plugins.md)."""

    words: WordsConfig = WordsConfig()
    scoring: ScoringConfig = ScoringConfig()
    lens: LensConfig = LensConfig()
    attribution: AttributionConfig = AttributionConfig()
    training: TrainingConfig = TrainingConfig()
    grid: GridConfig = GridConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    model: ModelConfig = ModelConfig()

    @model_validator(mode="before")
    @classmethod
    def _load_plugins(cls, values: Any) -> Any:
        """Plugins first: they decide which evaluations the recipe may name."""
        modules = values.get("plugins") if isinstance(values, dict) else None
        if isinstance(modules, list | tuple):
            plugins.load([module for module in modules if isinstance(module, str)])
        return values


def load_model_recipe(uri: str | None = None, overrides: Sequence[str] = ()) -> ModelRecipe:
    """The effective settings from a YAML file and `dotted.name=value` overrides.

    Raises
    ------
    ConfigError
        The file cannot be read or parsed, a key is unknown, a value is not allowed, or a module of
        plugins cannot be imported.
    """
    return read_recipe(ModelRecipe, "pivotmine-model config", uri, overrides)
