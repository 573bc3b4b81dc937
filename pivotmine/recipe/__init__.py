"""The recipe: every setting of a run, typed, frozen, nested and documented.

One pydantic model per stage; the text under a field is its documentation and names its unit, so
`pivotmine config` can print the same words that a reader of these files sees. Unknown keys are
errors (a setting that is silently ignored is the complaint that users of every peer share), and
an error gives the dotted name, the value and what is allowed.

A recipe is YAML from any fsspec URI; `--set count.min_count=5` overrides single values, parsed
as YAML. Paths stay as they are written: they are resolved where they are used, so that the same
recipe has the same meaning, and the same fingerprint, on every machine.
"""

from __future__ import annotations

from pivotmine.recipe.arms import ArmConfig
from pivotmine.recipe.counting import CountConfig, TermsConfig
from pivotmine.recipe.ingest import DedupConfig, FiltersConfig, IngestConfig, InputConfig
from pivotmine.recipe.lake import LakeConfig, SparkConfig
from pivotmine.recipe.linking import He2025PivotConfig, LinkConfig, LinksPivotConfig, PivotConfig
from pivotmine.recipe.recipe import Recipe
from pivotmine.recipe.score import ScoreConfig
from pivotmine.recipe.section import LanguageCode, Name, PositiveInt, Section, Share
from pivotmine.recipe.select import DocumentType, PlacementConfig, SelectConfig
from pivotmine.recipe.shard import ShardConfig
from pivotmine.recipe.tokenize import TokenizeConfig

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
    "LinkConfig",
    "LinksPivotConfig",
    "Name",
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
