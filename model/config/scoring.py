"""Settings of `pivotmine-model score`, and of how a model is loaded."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pivotmine.recipe import LanguageCode, PositiveInt, Section

LANGUAGE_NAMES: dict[str, str] = {
    "en": "English",
    "fr": "French",
    "zh": "Chinese",
    "ja": "Japanese",
    "de": "German",
    "es": "Spanish",
    "ru": "Russian",
}


class ScoringConfig(Section):
    """The word task."""

    directions: tuple[str, ...] = ()
    """Directions to score, e.g. [en-fr, fr-zh]. Empty: all ordered pairs of the set's languages."""

    split: Literal["train", "dev", "test"] = "test"
    """Which concepts are asked."""

    limit: Annotated[int, Field(ge=0)] = 0
    """Ask this many concepts of the split, the first by hash; 0: all."""

    n_shots: Annotated[int, Field(ge=0)] = 5
    """Solved examples before the question."""

    n_draws: PositiveInt = 5
    """Draws of examples. A word's scores are averaged over them, intervals account for them."""

    shots: Literal["draw", "word"] = "draw"
    """draw: one set of examples a draw for all words, from the train split (its prompt is computed
    once). word: new examples for every word from its own split, as He et al. 2025 do; 2-3 times
    slower."""

    seed: int = 0
    """Decides the examples."""

    target_side: bool = True
    """Also rank the right target word among wrong target words; about doubles the work."""

    prompt: Literal["he2025", "lines"] = "he2025"
    """he2025: an instruction and solved examples. lines: lines of words, each followed by its
    translation, as parallel documents have them; for models too small to follow instructions."""

    language_names: dict[LanguageCode, str] = LANGUAGE_NAMES
    """What the prompt calls the languages."""

    bos: Literal["auto", "always", "never"] = "auto"
    """Token of the beginning of a text. auto: as the model's tokenizer does by itself. (He et al.
    use none, right for OLMo; without it Gemma's fr-en score falls from .68 to .26.)"""

    batch_tokens: PositiveInt = 8192
    """Most cached tokens of a batch: bounds memory (a token of Gemma 3 270M takes 36 kB, twice)."""

    logit_mib: PositiveInt = 256
    """Most logits held at once, MiB (256 positions of Gemma's 262,144 words)."""

    check_pairs: Annotated[int, Field(ge=0)] = 4
    """Word pairs of the first direction that are also scored by the plain loop, to prove that the
    shared cache is right for this model."""

    n_resamples: PositiveInt = 2000
    """Bootstrap resamples of words and draws."""


class ModelConfig(Section):
    """How a model is loaded."""

    device: str = "auto"
    """auto (CUDA where there is one), cpu, cuda, cuda:1, ..."""

    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    """Precision of weights and arithmetic. bfloat16 moves losses by .03-.3 nats with the shape of a
    batch, so scores are compared in float32."""
