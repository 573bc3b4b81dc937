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

from functools import reduce
from operator import getitem
from typing import Annotated, Any

from pydantic import Field, model_validator

from pivotmine.recipe.ingest import (
    DedupConfig,
    FiltersConfig,
    IngestConfig,
    InputConfig,
    TokenizeConfig,
)
from pivotmine.recipe.lake import LakeConfig, SparkConfig
from pivotmine.recipe.mining import (
    CountConfig,
    He2025PivotConfig,
    LinkConfig,
    LinksPivotConfig,
    PivotConfig,
    TermsConfig,
)
from pivotmine.recipe.section import LanguageCode, Name, PositiveInt, Section, Share
from pivotmine.recipe.selection import (
    ArmConfig,
    DocumentType,
    PlacementConfig,
    ScoreConfig,
    SelectConfig,
    ShardConfig,
    check_pair_shares,
)

__all__ = [
    "ArmConfig",
    "Config",
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
    "ScoreConfig",
    "Section",
    "SelectConfig",
    "ShardConfig",
    "Share",
    "SparkConfig",
    "TermsConfig",
    "TokenizeConfig",
]


class Recipe(Section):
    """A whole recipe."""

    languages: Annotated[tuple[LanguageCode, ...], Field(min_length=2, max_length=100)] = (
        "en",
        "fr",
        "zh",
        "ja",
    )
    """Languages that are mined (ISO 639-1; of languages without such a code, the label of your
    language model: kab_Latn). Documents of others are kept, but not counted."""

    lake: LakeConfig = LakeConfig()
    spark: SparkConfig = SparkConfig()
    ingest: IngestConfig = IngestConfig()
    dedup: DedupConfig = DedupConfig()
    tokenize: TokenizeConfig = TokenizeConfig()
    count: CountConfig = CountConfig()
    terms: TermsConfig = TermsConfig()
    link: LinkConfig = LinkConfig()
    pivot: PivotConfig = PivotConfig()
    score: ScoreConfig = ScoreConfig()
    select: SelectConfig = SelectConfig()
    shard: ShardConfig = ShardConfig()

    @model_validator(mode="after")
    def _sections_agree(self) -> Recipe:
        if len(set(self.languages)) < len(self.languages):
            raise ValueError(f"languages must differ, got {list(self.languages)}")
        unknown = sorted(set(self.select.language_shares) - set(self.languages))
        if unknown:
            raise ValueError(
                f"select.language_shares names {unknown}, which `languages` does not list"
            )
        pairs = {f"{a}-{b}" for a in self.languages for b in self.languages if a != b}
        directions = {pair.replace("-", ">") for pair in pairs}
        for setting, allowed in (("pair_weights", pairs), ("pair_shares", pairs | directions)):
            if unknown := sorted(set(getattr(self.select, setting)) - allowed):
                raise ValueError(
                    f"select.{setting} names {unknown}; give two of `languages`, such as "
                    f"{'-'.join(self.languages[:2])}"
                )
        check_pair_shares(self.select)
        if self.link.min_folds > self.count.folds:
            raise ValueError(
                f"link.min_folds={self.link.min_folds} is more than count.folds={self.count.folds}"
            )
        return self

    def section_json(self, names: tuple[str, ...]) -> dict[str, Any]:
        """The named parts as plain JSON values (what a stage's result depends on).

        A part is a section, or a setting of one (`ingest.language_model`).
        """
        values = self.model_dump(mode="json")
        return {name: reduce(getitem, name.split("."), values) for name in names}
