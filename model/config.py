"""Settings of the torch side: typed, frozen, documented, unknown keys refused.

The same manners as `pivotmine/config.py`, in a recipe of its own: what a model is asked has nothing
to do with how a corpus is mined. `--set scoring.draws=2` overrides single values.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import fsspec
import yaml
from pydantic import Field, ValidationError, model_validator

from pivotmine.config import LanguageCode, PositiveInt, Section, Share
from pivotmine.errors import ConfigError

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
    """Concepts wanted: the surest ones. Fewer are kept when dictionaries agree on fewer."""

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

    prompt: Literal["he2025"] = "he2025"
    """Wording of the prompt."""

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


class LensConfig(Section):
    """What the layers show, and what the pivot does. The prompt is that of `scoring`."""

    directions: tuple[str, ...] = ("fr-zh", "fr-ja", "zh-fr", "ja-fr", "en-zh")
    """Directions to read. The pivot is English, or another third language where English is an
    end."""

    split: Literal["dev", "test"] = "test"
    """Which concepts are reported. Choices are made on dev."""

    limit: Annotated[int, Field(ge=0)] = 80
    """Read this many concepts of the split, the first by hash; 0: all."""

    dev_limit: Annotated[int, Field(ge=0)] = 40
    """Concepts of the dev split for choosing the lens, the layers and the thresholds; 0: all."""

    fit_limit: PositiveInt = 80
    """Concepts of the train split for what states have in common."""

    draw: Annotated[int, Field(ge=0)] = 0
    """Which draw of examples the prompt shows."""

    n_controls: PositiveInt = 8
    """Control words a concept and language: other concepts' words, nearest in frequency."""

    n_near: PositiveInt = 4
    """Words near in meaning a concept and language (the word set's distractors)."""

    mined: str = ""
    """Mined pivots to watch as well: a Parquet or JSON Lines file with a column `token`, exported
    from the lake's table `pivots`. Empty: none."""

    n_top: PositiveInt = 5
    """Likeliest tokens kept of every layer."""

    quantile: Annotated[float, Field(gt=0.5, lt=1.0)] = 0.99
    """A pivot shows at a layer where its mass exceeds this share of the controls'."""

    min_mass: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.01
    """Least probability of a pivot that shows."""

    min_run: PositiveInt = 2
    """Consecutive layers at which a pivot must show."""

    n_ablated: Annotated[int, Field(ge=0)] = 3
    """Control words of each kind in the causal check; 0: leave the check out."""

    n_resamples: PositiveInt = 2000
    """Bootstrap resamples of words."""

    seed: int = 0
    """Decides the resamples."""


class AttributionConfig(Section):
    """What the corpus holds against what the model does."""

    score: Literal["contrast", "he2025", "mrr_source", "mrr_target"] = "contrast"
    """The score that is correlated and fitted (see model/scoring/metrics.py)."""

    accuracy: Literal["accuracy_source", "accuracy_target"] = "accuracy_source"
    """What makes a word correct: right in at least half of the draws."""

    rules: tuple[Literal["sound", "sound_corrected", "he2025"], ...] = ("sound", "he2025")
    """Behaviours that co-occurrence is held against. Contrasts are declared for the first."""

    in_lang: bool = True
    """Count words in text of their own language only; false: the strings anywhere."""

    context: Literal["windows", "docs"] = "windows"
    """Where words must meet, for contrasts and words. Tables give both."""

    forms: tuple[Literal["copy", "cognate", "other"], ...] = ("cognate", "other")
    """Pairs that are analysed. Copies (the same string) meet wherever either is, and stay out."""

    min_group: PositiveInt = 10
    """Fewest words on either side of an AUC; with fewer it is not given."""

    n_folds: Annotated[int, Field(ge=2)] = 10
    """Folds of concepts in cross-validation."""

    n_resamples: Annotated[int, Field(ge=100)] = 10_000
    """Bootstrap resamples of concepts; the smallest p-value is two in so many."""

    is_training_corpus: bool = False
    """Whether the corpus that was counted is what the model was trained on. Only changes words."""

    seed: int = 0
    """Decides the resamples."""


class ModelConfig(Section):
    """How a model is loaded."""

    device: str = "auto"
    """auto (CUDA where there is one), cpu, cuda, cuda:1, ..."""

    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    """Precision of weights and arithmetic. bfloat16 moves losses by .03-.3 nats with the shape of a
    batch, so scores are compared in float32."""


class Recipe(Section):
    """All settings of the torch side."""

    words: WordsConfig = WordsConfig()
    scoring: ScoringConfig = ScoringConfig()
    lens: LensConfig = LensConfig()
    attribution: AttributionConfig = AttributionConfig()
    model: ModelConfig = ModelConfig()


def load_recipe(uri: str | None = None, overrides: Sequence[str] = ()) -> Recipe:
    """The effective settings from a YAML file and `dotted.name=value` overrides.

    Raises
    ------
    ConfigError
        The file cannot be read or parsed, a key is unknown, or a value is not allowed.
    """
    values = _read(uri) if uri else {}
    for override in overrides:
        name, equals, text = override.partition("=")
        section, _, key = name.strip().partition(".")
        if not equals or not key or "." in key:
            raise ConfigError(f"--set {override!r}: write it as section.name=value")
        if not isinstance(values.setdefault(section, {}), dict):
            raise ConfigError(f"--set {override!r}: {section} holds no settings")
        try:
            values[section][key] = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ConfigError(f"--set {override!r}: not valid YAML: {error}") from None
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        raise ConfigError(_explain(error)) from None


def _read(uri: str) -> dict[str, Any]:
    try:
        with fsspec.open(uri, "rt", encoding="utf-8") as stream:
            values = yaml.safe_load(stream)
    except (OSError, ValueError, ImportError) as error:
        raise ConfigError(f"recipe {uri} cannot be read: {error}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"recipe {uri} is not valid YAML: {error}") from None
    if not isinstance(values, dict | None):
        raise ConfigError(f"recipe {uri} must hold `section:` entries")
    return values or {}


def _explain(error: ValidationError) -> str:
    lines = ["the settings are not valid:"]
    for item in error.errors():
        location = item["loc"]
        dotted = ".".join(str(part) for part in location)
        if item["type"] == "extra_forbidden":
            section = (
                Recipe.model_fields[str(location[0])].annotation if len(location) > 1 else Recipe
            )
            known = list(getattr(section, "model_fields", {}))
            near = difflib.get_close_matches(str(location[-1]), known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"allowed: {', '.join(known)}"
            lines.append(f"  {dotted}: unknown setting; {hint}")
        else:
            lines.append(f"  {dotted}: {item['msg']} (got {item['input']!r})")
    return "\n".join(lines)
