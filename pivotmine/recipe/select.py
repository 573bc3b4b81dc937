"""How documents are selected under a token budget, and written for training."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pivotmine import plugins
from pivotmine.recipe.arms import ArmConfig
from pivotmine.recipe.score import ScoreName
from pivotmine.recipe.section import LanguageCode, LanguagePair, PositiveInt, Section, Share

DocumentType = Literal[
    "parallel", "glossed", "dictionary", "code_switched", "boilerplate", "monolingual"
]


class PlacementConfig(Section):
    """Documents that an early or late arm has at one end, mixed with others (replay)."""

    score: ScoreName = "translation"
    """Documents with the highest score are placed; the others are spread over the arm."""

    share: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.2
    """Share of the arm's tokens that is placed, of each language."""

    window: Annotated[float, Field(gt=0.0, le=1.0)] = 0.4
    """Share of the arm's other tokens among which they are spread."""


class SelectConfig(Section):
    """Documents under a token budget."""

    budget_tokens: PositiveInt = 10_000_000
    """Tokens per arm."""

    language_shares: dict[LanguageCode, Share] = {}
    """Share of the budget per document language. Empty: equal shares of `languages`, or, with
    pair_shares, no shares of languages."""

    language_tokens: Literal["document", "segments"] = "document"
    """What counts against a language's share: all tokens of its documents, or those of its segments
    in any document (segments without a language count for the document's)."""

    pair_shares: dict[LanguagePair, Share] = {}
    """Share of the budget per language pair of a document's best block, such as {en-fr: .3}, or per
    direction, {en>fr: .2} with the English first. The rest is for documents of other pairs, or of
    none. Empty: pairs do not matter."""

    type_shares: dict[DocumentType, Share] = {}
    """Most of the budget that may go to documents of a type, such as {boilerplate: 0}."""

    max_source_share: Annotated[float, Field(gt=0.0, le=1.0)] = 1.0
    """Most of a language's budget that may go to documents of one source. An arm takes the best of
    each source in its own order (distinct_links: by score translation)."""

    max_template_share: Annotated[float, Field(gt=0.0, le=1.0)] = 1.0
    """Most of a language's budget that may go to documents of one template: those of which a fifth
    or more is boilerplate (`score.min_repeats`), with the same longest segment of it. The best are
    taken, as for sources."""

    max_epochs: PositiveInt = 1
    """How often an arm may hold a document whose language has too few."""

    link_repeats: PositiveInt = 100
    """distinct_links: documents with a link after which another one adds nothing. Up to there, c
    documents are worth log(1 + c)."""

    pair_weights: dict[LanguagePair, Annotated[float, Field(ge=0.0)]] = {}
    """distinct_links: worth of a link by its language pair, such as {en-fr: 2}; 1 by default."""

    max_round_links: PositiveInt = 100_000_000
    """distinct_links: links of documents that a task holds, about 10 bytes each. A corpus with more
    takes several rounds, with the same result."""

    placement: PlacementConfig = PlacementConfig()

    seed: int = 0
    """Order of `random`, and the order of documents inside every arm."""

    arms: tuple[ArmConfig, ...] = (
        ArmConfig(name="random", method="random"),
        *(ArmConfig(name=score, method=score) for score in plugins.SCORES.built_in),
        ArmConfig(name="distinct_links", method="distinct_links"),
    )
    """The arms to build."""

    def arms_in_order(self) -> list[ArmConfig]:
        """Arms, each after those that it is made from; arms in a circle are left out."""
        done: list[ArmConfig] = []
        waiting = list(self.arms)
        while ready := [arm for arm in waiting if arm.needs <= {one.name for one in done}]:
            done += ready
            waiting = [arm for arm in waiting if arm not in done]
        return done

    @model_validator(mode="after")
    def _arms_and_shares_make_sense(self) -> SelectConfig:
        names = [arm.name for arm in self.arms]
        if len(set(names)) < len(names):
            raise ValueError(f"arms must have different names, got {names}")
        total = sum(self.language_shares.values())
        if self.language_shares and abs(total - 1.0) > 1e-6:
            raise ValueError(f"language_shares must sum to 1, these sum to {total:g}")
        if (total := sum(self.pair_shares.values())) > 1.0 + 1e-6:
            raise ValueError(f"pair_shares must sum to 1 or less, these sum to {total:g}")
        if self.max_epochs > 1 and (self.pair_shares or self.type_shares):
            raise ValueError("max_epochs above 1 allows no pair_shares and no type_shares")
        stuck = set(names) - {arm.name for arm in self.arms_in_order()}
        for arm in self.arms:
            if arm.name in stuck:
                raise ValueError(
                    f"arm {arm.name} refers to {' and '.join(sorted(arm.needs))}, which must be an "
                    f"arm that does not depend on it; arms are {names}"
                )
        return self


class ShardConfig(Section):
    """Training files."""

    formats: Annotated[
        tuple[Literal["npy", "megatron", "jsonl", "parquet"], ...], Field(min_length=1)
    ] = (
        "npy",
        "jsonl",
    )
    """npy: raw token memmap with a .csv.gz of document boundaries, as OLMo reads it; megatron:
    .bin and .idx of Megatron's indexed dataset, document names beside them; jsonl: text as
    JSON Lines with zstd; parquet: text as Parquet."""

    max_shard_tokens: PositiveInt = 50_000_000
    """Approximate limit on the tokens of a shard file."""


def check_pair_shares(settings: SelectConfig) -> None:
    """Raise `ValueError` where pairs, directions and languages cannot all have their shares."""
    pairs = settings.pair_shares
    seen: dict[frozenset[str], str] = {}
    for name in pairs:
        sides = frozenset(name.replace(">", "-").split("-"))
        other = seen.setdefault(sides, name)
        if other != name and not (">" in name and ">" in other):
            raise ValueError(
                f"pair_shares names {other} and {name}, which are the same documents; give one, or "
                "both directions with >"
            )
    spare = 1.0 - sum(pairs.values())
    for lang, share in settings.language_shares.items() if pairs else ():
        held = sum(s for name, s in pairs.items() if lang in name.replace(">", "-").split("-"))
        if share > held + spare + 1e-6:
            raise ValueError(
                f"language_shares gives {lang} {share:g} of the budget, but the pairs that it is "
                f"part of have {held:g} in pair_shares, and other documents {spare:g}"
            )
    for name, share in pairs.items() if settings.language_shares else ():
        sides = frozenset(name.replace(">", "-").split("-"))
        room = sum(settings.language_shares.get(lang, 0.0) for lang in sides)
        if share > room + 1e-6:
            raise ValueError(
                f"pair_shares gives {name} {share:g} of the budget, but its languages have "
                f"{room:g} together in language_shares"
            )
