"""Settings of the torch side: typed, frozen and documented; unknown keys are refused.

They follow the rules of `pivotmine/recipe/`, in a recipe of their own, because how a model is
measured does not depend on how a corpus is mined. `--set scoring.n_draws=2` overrides a value.
"""

from pivotmine.model.config.attribution import AttributionConfig
from pivotmine.model.config.evaluation import EvaluationConfig
from pivotmine.model.config.grid import ArmPlan, BasePhase, ContrastConfig, GridConfig, StreamConfig
from pivotmine.model.config.lens import LensConfig
from pivotmine.model.config.recipe import ModelRecipe, load_model_recipe
from pivotmine.model.config.scoring import LANGUAGE_NAMES, ModelConfig, ScoringConfig
from pivotmine.model.config.training import ShapeConfig, TrainingConfig
from pivotmine.model.config.words import WordsConfig

__all__ = [
    "LANGUAGE_NAMES",
    "ArmPlan",
    "AttributionConfig",
    "BasePhase",
    "ContrastConfig",
    "EvaluationConfig",
    "GridConfig",
    "LensConfig",
    "ModelConfig",
    "ModelRecipe",
    "ScoringConfig",
    "ShapeConfig",
    "StreamConfig",
    "TrainingConfig",
    "WordsConfig",
    "load_model_recipe",
]
