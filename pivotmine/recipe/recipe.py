"""A whole recipe, and what its sections have to agree on."""

from __future__ import annotations

from functools import reduce
from operator import getitem
from typing import Annotated, Any

from pydantic import Field, model_validator

from pivotmine import plugins
from pivotmine.recipe.counting import CountConfig, TermsConfig
from pivotmine.recipe.ingest import DedupConfig, IngestConfig
from pivotmine.recipe.lake import LakeConfig, SparkConfig
from pivotmine.recipe.linking import LinkConfig, PivotConfig
from pivotmine.recipe.score import ScoreConfig
from pivotmine.recipe.section import LanguageCode, Section
from pivotmine.recipe.select import SelectConfig, check_pair_shares
from pivotmine.recipe.shard import ShardConfig
from pivotmine.recipe.tokenize import TokenizeConfig


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

    plugins: tuple[str, ...] = ()
    """Modules of your own that register formats, scores, selection methods or measures
    (docs/plugins.md). Looked for where Python looks, and in the working directory."""

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

    @model_validator(mode="before")
    @classmethod
    def _load_plugins(cls, values: Any) -> Any:
        """Plugins first: they decide which names the sections allow."""
        modules = values.get("plugins") if isinstance(values, dict) else None
        if not isinstance(modules, (list, tuple)):
            modules = []
        plugins.load([module for module in modules if isinstance(module, str)])
        return values

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
        self._check_scores()
        if self.link.min_folds > self.count.folds:
            raise ValueError(
                f"link.min_folds={self.link.min_folds} is more than count.folds={self.count.folds}"
            )
        return self

    def _check_scores(self) -> None:
        """Every score that selecting looks at is computed."""
        settings = self.select
        asked: dict[str, str] = {}
        for arm in settings.arms:
            asked |= dict.fromkeys(plugins.selection_scores(arm.method), f"arm {arm.name}")
            if arm.placement != "shuffled":
                asked[settings.placement.score] = "select.placement.score"
        if settings.pair_shares or settings.type_shares or settings.max_template_share < 1:
            asked["translation"] = "select (pairs, types and templates)"
        for score, by in asked.items():
            if score not in self.score.methods:
                raise ValueError(f"{by} needs score {score}, which score.methods does not list")

    def section_json(self, names: tuple[str, ...]) -> dict[str, Any]:
        """The named parts as plain JSON values (what a stage's result depends on), without secrets.

        A part is a section, or a setting of one (`ingest.language_model`).
        """
        values = self.public_json()
        return {name: reduce(getitem, name.split("."), values) for name in names}
