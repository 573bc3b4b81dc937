"""Settings of the torch side: typed, frozen, documented, unknown keys refused.

The same manners as `pivotmine/config/`, in a recipe of its own: what a model is asked has nothing
to do with how a corpus is mined. `--set scoring.draws=2` overrides single values.
"""

from model.config.attribution import AttributionConfig
from model.config.evaluation import EvaluationConfig
from model.config.grid import ArmPlan, BasePhase, ContrastConfig, GridConfig, StreamConfig
from model.config.lens import LensConfig
from model.config.recipe import Recipe, load_recipe
from model.config.scoring import LANGUAGE_NAMES, ModelConfig, ScoringConfig
from model.config.training import ShapeConfig, TrainingConfig
from model.config.words import WordsConfig

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
    "Recipe",
    "ScoringConfig",
    "ShapeConfig",
    "StreamConfig",
    "TrainingConfig",
    "WordsConfig",
    "load_recipe",
]
