"""A recipe: all sections, read from YAML and overridden by `--set`."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

import fsspec
import yaml
from pydantic import ValidationError

from model.config.attribution import AttributionConfig
from model.config.evaluation import EvaluationConfig
from model.config.grid import GridConfig
from model.config.lens import LensConfig
from model.config.scoring import ModelConfig, ScoringConfig
from model.config.training import TrainingConfig
from model.config.words import WordsConfig
from pivotmine.config import Section
from pivotmine.errors import ConfigError


class Recipe(Section):
    """All settings of the torch side."""

    words: WordsConfig = WordsConfig()
    scoring: ScoringConfig = ScoringConfig()
    lens: LensConfig = LensConfig()
    attribution: AttributionConfig = AttributionConfig()
    training: TrainingConfig = TrainingConfig()
    grid: GridConfig = GridConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    model: ModelConfig = ModelConfig()


def load_recipe(uri: str | None = None, overrides: Sequence[str] = ()) -> Recipe:
    """The effective settings from a YAML file and `dotted.name=value` overrides.

    Raises
    ------
    ConfigError
        The file cannot be read or parsed, a key is unknown, or a value is not allowed.
    """
    values = _read(uri) if uri else {}
    for override in overrides:
        name, equals, text = override.partition("=")
        section, _, key = name.strip().partition(".")
        if not equals or not key or "." in key:
            raise ConfigError(f"--set {override!r}: write it as section.name=value")
        if not isinstance(values.setdefault(section, {}), dict):
            raise ConfigError(f"--set {override!r}: {section} holds no settings")
        try:
            values[section][key] = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ConfigError(f"--set {override!r}: not valid YAML: {error}") from None
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        raise ConfigError(_explain(error)) from None


def _read(uri: str) -> dict[str, Any]:
    try:
        with fsspec.open(uri, "rt", encoding="utf-8") as stream:
            values = yaml.safe_load(stream)
    except (OSError, ValueError, ImportError) as error:
        raise ConfigError(f"recipe {uri} cannot be read: {error}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"recipe {uri} is not valid YAML: {error}") from None
    if not isinstance(values, dict | None):
        raise ConfigError(f"recipe {uri} must hold `section:` entries")
    return values or {}


def _explain(error: ValidationError) -> str:
    lines = ["the settings are not valid:"]
    for item in error.errors():
        location = item["loc"]
        dotted = ".".join(str(part) for part in location)
        if item["type"] == "extra_forbidden":
            section = (
                Recipe.model_fields[str(location[0])].annotation if len(location) > 1 else Recipe
            )
            known = list(getattr(section, "model_fields", {}))
            near = difflib.get_close_matches(str(location[-1]), known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"allowed: {', '.join(known)}"
            lines.append(f"  {dotted}: unknown setting; {hint}")
        else:
            lines.append(f"  {dotted}: {item['msg']} (got {item['input']!r})")
    return "\n".join(lines)
