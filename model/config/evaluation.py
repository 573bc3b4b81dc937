"""Settings of `pivotmine-model evaluate`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, field_validator

from pivotmine import plugins
from pivotmine.errors import ConfigError
from pivotmine.recipe import PositiveInt, Section, Share
from pivotmine.recipe.section import complete_options


class PairsOptions(Section):
    """Aligned segments."""

    pairs: str = ""
    """Aligned segments (Parquet or JSON Lines with lang_a, text_a, lang_b, text_b), such as FLORES:
    the loss of a segment given its translation, and chrF."""

    pair_directions: tuple[str, ...] = ()
    """Directions of the segments, e.g. [en-ja, ja-en]."""

    n_pairs: PositiveInt = 100
    """Pairs of each direction, from the beginning of the file."""


class TranslationOptions(Section):
    """How aligned segments are translated."""

    chrf: bool = True
    """Also translate the segments and score them by chrF: slow, one token at a time."""

    n_shots: PositiveInt = 4
    """Pairs of each direction that serve as examples; the others are translated."""


class RetrievalOptions(Section):
    """Retrieval of translations in the layers."""

    layer: Share = 0.5
    """The block whose states are compared, as a share of the depth."""


class HeldoutOptions(Section):
    """Held-out text."""

    heldout: dict[str, str] = Field(default={})
    """Name -> folder of shards: their loss and perplexity."""

    heldout_tokens: PositiveInt = 20_000
    """Tokens that are read of each text."""

    sequence_tokens: Annotated[int, Field(ge=2)] = 1024
    """Tokens of a sequence."""


class BenchmarkOptions(Section):
    """Benchmarks of lm-eval."""

    tasks: tuple[str, ...] = ()
    """Benchmarks by their names in lm-eval, e.g. [xnli_zh, xcopa_zh, belebele_fra_Latn]."""

    task_folder: str = ""
    """Folder with the tasks' data (xcopa_zh.jsonl or .parquet) and definitions of further tasks.
    If set, nothing is fetched."""

    task_limit: Annotated[int, Field(ge=0)] = 0
    """Items of each benchmark; 0: all."""


class EvaluationConfig(
    BenchmarkOptions, HeldoutOptions, RetrievalOptions, TranslationOptions, PairsOptions
):
    """Evaluations beside the word task (`evaluate`). Those whose inputs are set here are run."""

    plugins: dict[str, dict[str, Any]] = Field(default={})
    """Evaluations that the modules in `plugins` add, by name, with the options of each."""

    @field_validator("plugins")
    @classmethod
    def _options_are_complete(cls, given: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """The options of every evaluation, defaults included."""
        try:
            return {name: {} for name in given} | complete_options(
                plugins.EVALUATIONS, given, given
            )
        except ConfigError as error:
            raise ValueError(str(error)) from None
