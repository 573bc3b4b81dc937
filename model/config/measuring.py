"""Settings of `pivotmine-model words`, `score`, `lens` and `attribute`, and of loading a model."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pivotmine.recipe import LanguageCode, PositiveInt, Section, Share

LANGUAGE_NAMES: dict[str, str] = {
    "en": "English",
    "fr": "French",
    "zh": "Chinese",
    "ja": "Japanese",
    "de": "German",
    "es": "Spanish",
    "ru": "Russian",
}


class WordsConfig(Section):
    """The word set."""

    languages: Annotated[tuple[LanguageCode, ...], Field(min_length=2)] = ("en", "fr", "zh", "ja")
    """Languages of every concept. The first is the hub that dictionaries of the others share."""

    bridges: tuple[LanguageCode, ...] = ("de",)
    """Further languages whose dictionaries only confirm: `leaf` and `feuille` are both `Blatt`."""

    n_concepts: PositiveInt = 2000
    """Largest number of concepts; the surest are kept. Dictionaries may agree on fewer."""

    min_zipf: float = 2.5
    """Least frequency of every word, log10 of occurrences per billion words (2.5: one in three
    million)."""

    min_confirmations: PositiveInt = 2
    """Independent confirmations that every word needs (see model/words/align.py)."""

    n_distractors: PositiveInt = 9
    """Wrong words per concept and language."""

    train_share: Share = 0.2
    """Part of the concepts for few-shot examples and fitting."""

    dev_share: Share = 0.2
    """Part of the concepts for choices (layers, prompts). The rest is the test split."""

    seed: int = 0
    """Decides which split a concept falls into, and ties between distractors."""

    @model_validator(mode="after")
    def _shares_leave_a_test_split(self) -> WordsConfig:
        if self.train_share + self.dev_share >= 1.0:
            raise ValueError("train_share + dev_share must leave something for the test split")
        return self


class ScoringConfig(Section):
    """The word task."""

    directions: tuple[str, ...] = ()
    """Directions to score, e.g. [en-fr, fr-zh]. Empty: all ordered pairs of the set's languages."""

    split: Literal["train", "dev", "test"] = "test"
    """Split of the concepts in question."""

    limit: Annotated[int, Field(ge=0)] = 0
    """Concepts of the split that are used, the first by hash; 0: all."""

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


class LensConfig(Section):
    """Reading of layers, and the causal check. The prompt is that of `scoring`."""

    directions: tuple[str, ...] = ("fr-zh", "fr-ja", "zh-fr", "ja-fr", "en-zh")
    """Directions to read. The pivot language is English, or another one if English is source or
    target."""

    split: Literal["dev", "test"] = "test"
    """Split of the reported concepts. Choices are made on dev."""

    limit: Annotated[int, Field(ge=0)] = 80
    """Concepts of the split that are read, the first by hash; 0: all."""

    dev_limit: Annotated[int, Field(ge=0)] = 40
    """Concepts of the dev split for choosing the lens, the layers and the thresholds; 0: all."""

    fit_limit: PositiveInt = 80
    """Concepts of the train split for the statistics of states."""

    draw: Annotated[int, Field(ge=0)] = 0
    """Number of the draw of examples in the prompt."""

    n_controls: PositiveInt = 8
    """Control words of each concept and language: words of other concepts, nearest in frequency."""

    n_near: PositiveInt = 4
    """Words near in meaning of each concept and language (the word set's distractors)."""

    mined: str = ""
    """Mined pivots to watch as well: a Parquet or JSON Lines file with a column `token`, and with
    `direction` and `concept` if pairs have pivots of their own (`pivotmine-model pivots` writes one
    from a lake; then only pairs with pivots are read). Empty: none."""

    n_top: PositiveInt = 5
    """Likeliest tokens that are kept of every layer."""

    quantile: Annotated[float, Field(gt=0.5, lt=1.0)] = 0.99
    """A pivot shows at a layer if its mass exceeds that of this share of controls."""

    min_mass: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.01
    """Least probability of a pivot that shows."""

    min_run: PositiveInt = 2
    """Consecutive layers at which a pivot must show."""

    n_ablated: Annotated[int, Field(ge=0)] = 3
    """Control words of each kind in the causal check; 0: no check."""

    n_resamples: PositiveInt = 2000
    """Bootstrap resamples of words."""

    seed: int = 0
    """Seed of the resamples."""


class AttributionConfig(Section):
    """Scores and behaviours of a model, related to counts of a corpus."""

    score: Literal["contrast", "he2025", "mrr_source", "mrr_target"] = "contrast"
    """The score that is correlated and fitted (see model/scoring/metrics.py)."""

    accuracy: Literal["accuracy_source", "accuracy_target"] = "accuracy_source"
    """The score by which a word is correct: at least .5, the mean over draws."""

    rules: tuple[Literal["sound", "sound_corrected", "he2025"], ...] = ("sound", "he2025")
    """Rules whose behaviours co-occurrence is compared with. Contrasts use the first."""

    in_lang: bool = True
    """Count words in text of their own language only; false: strings in any text."""

    context: Literal["windows", "docs"] = "windows"
    """Where words must occur together, for contrasts and single words. Other tables give both."""

    forms: tuple[Literal["copy", "cognate", "other"], ...] = ("cognate", "other")
    """Forms that are analysed. Copies (the same string) always co-occur, so they are left out."""

    min_group: PositiveInt = 10
    """Fewest words in each of the two groups of an AUC; with fewer it is not computed."""

    n_folds: Annotated[int, Field(ge=2)] = 10
    """Folds of concepts in cross-validation."""

    n_resamples: Annotated[int, Field(ge=100)] = 10_000
    """Bootstrap resamples of concepts. The smallest p-value is 2 / n_resamples."""

    is_training_corpus: bool = False
    """Whether the model was trained on the counted corpus. Changes only the text of the verdict."""

    seed: int = 0
    """Seed of the resamples."""


class ModelConfig(Section):
    """How a model is loaded."""

    device: str = "auto"
    """auto (CUDA where there is one), cpu, cuda, cuda:1, ..."""

    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    """Precision of weights and arithmetic. With bfloat16 losses vary by .03-.3 nats with the shape
    of a batch, so compare scores in float32."""

    trust_remote_code: bool = False
    """Whether a model may run Python code that its folder brings."""
