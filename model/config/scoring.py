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
    """Split of the concepts that are asked."""

    limit: Annotated[int, Field(ge=0)] = 0
    """Concepts of the split that are asked, the first by hash; 0: all."""

    n_shots: Annotated[int, Field(ge=0)] = 5
    """Solved examples before the question."""

    n_draws: PositiveInt = 5
    """Draws of examples. Scores of words are means over draws, and intervals account for them."""

    shots: Literal["draw", "word"] = "draw"
    """draw: each draw has one set of examples for all words, from the train split (the prompt is
    computed once). word: every word has examples of its own from its own split, as in He et al.
    2025; 2-3 times slower."""

    seed: int = 0
    """Seed of the examples."""

    target_side: bool = True
    """Also rank the right target word among wrong target words; this doubles the work."""

    prompt: Literal["he2025", "lines"] = "he2025"
    """he2025: an instruction and solved examples. lines: lines of words, each followed by its
    translation, as parallel documents have them; for models too small to follow instructions."""

    language_names: dict[LanguageCode, str] = LANGUAGE_NAMES
    """Names of the languages in the prompt."""

    bos: Literal["auto", "always", "never"] = "auto"
    """Whether the prompt begins with the BOS token. auto: as the model's tokenizer does. (He et al.
    2025 use none, which suits OLMo; without it Gemma's fr-en score falls from .68 to .26.)"""

    batch_tokens: PositiveInt = 8192
    """Cached tokens of a batch at most; bounds memory (Gemma 3 270M: 36 kB a token, twice)."""

    logit_mib: PositiveInt = 256
    """Logits held at once at most, MiB (256 positions of Gemma's 262,144 tokens)."""

    check_pairs: Annotated[int, Field(ge=0)] = 4
    """Word pairs of the first direction that are also scored by the plain loop, to check that the
    shared cache is right for this model."""

    n_resamples: PositiveInt = 2000
    """Bootstrap resamples of words and draws."""


class ModelConfig(Section):
    """How a model is loaded."""

    device: str = "auto"
    """auto (CUDA where there is one), cpu, cuda, cuda:1, ..."""

    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    """Precision of weights and arithmetic. With bfloat16 losses vary by .03-.3 nats with the shape
    of a batch, so compare scores in float32."""
