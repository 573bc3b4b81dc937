"""Settings of `pivotmine-model train`: which arms are trained and compared."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pivotmine.recipe import LanguageCode, PositiveInt, Section, Share


class StreamConfig(Section):
    """One arm's shards, in a mixture."""

    shards: str
    """Folder of the arm's shards (it holds manifest.json), at any address that fsspec opens. In
    arms, {seed} stands for the seed: each then has a draw of documents of its own."""

    ratio: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of the run's tokens."""

    placement: Literal["uniform", "early", "late"] = "uniform"
    """uniform: spread over the run; early, late: over a window at its beginning or end."""

    window: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of the run that an early or late stream is spread over."""

    @model_validator(mode="after")
    def _uniform_has_no_window(self) -> StreamConfig:
        if self.placement == "uniform" and self.window < 1.0:
            raise ValueError(f"window ({self.window:g}) is for early and late streams only")
        return self


class ArmPlan(Section):
    """What one arm is trained on."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]*$")]
    """Small letters, digits and underscores."""

    streams: Annotated[tuple[StreamConfig, ...], Field(min_length=1)]
    """What is mixed; ratios sum to 1."""

    replay: Share = 0.0
    """Least share of the uniform streams in the window of an early or late one."""


class ContrastConfig(Section):
    """A comparison that was decided on before training."""

    arm: str
    """The arm that is thought to be better."""

    against: str
    """The one that it is compared with."""

    why: str = ""
    """What it would show; printed in the report."""


class BasePhase(Section):
    """What every seed's arms go on from, trained once a seed."""

    tokens: PositiveInt
    """Rounded up to whole steps."""

    streams: Annotated[tuple[StreamConfig, ...], Field(min_length=1)]
    """Shards and their ratios."""


class GridConfig(Section):
    """Arms and seeds; contrasts are written down here before anything is trained."""

    arms: tuple[ArmPlan, ...] = ()
    """What is compared."""

    seeds: Annotated[tuple[int, ...], Field(min_length=1)] = (0, 1, 2, 3, 4, 5)
    """Each seed is a start, a base phase and an order of documents that all arms share. With fewer
    than six no difference can be called significant (see model/statistics/verdict.py)."""

    tokens: PositiveInt = 10_000_000
    """Tokens that every arm is trained on, rounded up to whole steps."""

    languages: dict[LanguageCode, Share] = Field(default={})
    """Share of each language in every arm. Empty: that of the first arm."""

    language_tolerance: Share = 0.01
    """Largest difference of an arm's share of a language from that."""

    max_epochs: Annotated[float, Field(gt=0)] = 4.0
    """Most times that a document may be seen."""

    base: BasePhase | None = None
    """A phase before the arms, common to them."""

    words: str = ".pivotmine/words"
    """Word set that models are asked, as `scoring` says; empty: none."""

    pairs: str = ""
    """Aligned segments that models are asked after each other and after others' (Parquet or JSON
    Lines with lang_a, text_a, lang_b, text_b); empty: none."""

    pair_directions: tuple[str, ...] = ()
    """Directions of them, e.g. [en-ja, ja-en]."""

    n_pairs: PositiveInt = 50
    """Pairs of each direction, the first of the file."""

    heldout: dict[str, str] = Field(default={})
    """Name -> folder of shards that no arm is trained on: their loss is reported."""

    heldout_tokens: PositiveInt = 20_000
    """Tokens of each that are read."""

    evaluations: PositiveInt = 8
    """How often a run is evaluated, at equal distances; the last one is at its end."""

    metric: Literal["contrast", "accuracy_source", "mrr_source", "conditional"] = "contrast"
    """What contrasts are about: words (model/scoring/metrics.py), or what a segment's source is
    worth beyond another source (conditional: model/evaluation/conditional.py)."""

    contrasts: tuple[ContrastConfig, ...] = ()
    """The comparisons that are judged; all others are description."""

    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    """Chance of a false claim over all contrasts together."""

    n_resamples: Annotated[int, Field(ge=100)] = 10_000
    """Bootstrap resamples of words and seeds."""

    keep_models: bool = False
    """Keep every trained model, in Hugging Face's layout."""

    @model_validator(mode="after")
    def _names_agree(self) -> GridConfig:
        names = [arm.name for arm in self.arms]
        for what, values in (("arms", names), ("seeds", list(self.seeds))):
            if len(set(values)) < len(values):
                raise ValueError(f"{what} must differ, got {values}")
        for contrast in self.contrasts:
            for name in (contrast.arm, contrast.against):
                if name not in names:
                    raise ValueError(
                        f"a contrast names arm {name!r}; arms are {', '.join(names) or 'none'}"
                    )
            if contrast.arm == contrast.against:
                raise ValueError(f"a contrast compares {contrast.arm!r} with itself")
        total = sum(self.languages.values())
        if self.languages and abs(total - 1.0) > 1e-6:
            raise ValueError(f"languages must sum to 1, these sum to {total:g}")
        return self
