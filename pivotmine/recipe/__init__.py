"""The recipe: every setting of a run, typed, frozen, nested and documented.

Each stage has a pydantic model. The text under a field is its documentation and names its unit;
`pivotmine config` prints it. Unknown keys are errors, since a setting that is silently ignored does
harm. An error gives the dotted name, the value and what is allowed. Names that plugins may add
(formats, scores, methods, measures) are checked against the registries (`pivotmine.plugins`).

A recipe is YAML from any fsspec URI; `--set count.min_count=5` overrides single values, parsed as
YAML. Paths stay as they are written and are resolved where they are used, so a recipe has the same
meaning, and the same fingerprint, on every machine.
"""

from __future__ import annotations

from pivotmine.recipe.arms import ArmConfig
from pivotmine.recipe.counting import CountConfig, TermsConfig, TokenizeConfig
from pivotmine.recipe.ingest import DedupConfig, FiltersConfig, IngestConfig, InputConfig
from pivotmine.recipe.lexicon import LexiconConfig
from pivotmine.recipe.linking import He2025PivotConfig, LinkConfig, LinksPivotConfig, PivotConfig
from pivotmine.recipe.pair import PairConfig
from pivotmine.recipe.recipe import LakeConfig, Recipe, SparkConfig
from pivotmine.recipe.score import ScoreConfig
from pivotmine.recipe.section import LanguageCode, Name, PositiveInt, Section, Share
from pivotmine.recipe.select import DocumentType, PlacementConfig, SelectConfig, ShardConfig

__all__ = [
    "ArmConfig",
    "CountConfig",
    "DedupConfig",
    "DocumentType",
    "FiltersConfig",
    "He2025PivotConfig",
    "IngestConfig",
    "InputConfig",
    "LakeConfig",
    "LanguageCode",
    "LexiconConfig",
    "LinkConfig",
    "LinksPivotConfig",
    "Name",
    "PairConfig",
    "PivotConfig",
    "PlacementConfig",
    "PositiveInt",
    "Recipe",
    "ScoreConfig",
    "Section",
    "SelectConfig",
    "ShardConfig",
    "Share",
    "SparkConfig",
    "TermsConfig",
    "TokenizeConfig",
]
