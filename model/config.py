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


class EvaluationConfig(Section):
    """What a model is asked beside the word task (`evaluate`); what is not named is left out."""

    pairs: str = ""
    """Aligned segments (Parquet or JSON Lines with lang_a, text_a, lang_b, text_b), such as FLORES:
    the loss of a segment given its translation, and chrF."""

    pair_directions: tuple[str, ...] = ()
    """Directions of them, e.g. [en-ja, ja-en]."""

    n_pairs: PositiveInt = 100
    """Pairs of each direction, the first of the file."""

    chrf: bool = True
    """Translate them, too: slow, a token at a time."""

    n_shots: PositiveInt = 4
    """Of the pairs, so many are examples before those that are translated."""

    layer: Share = 0.5
    """Which block's states words are looked up in, as a share of the depth."""

    heldout: dict[str, str] = Field(default={})
    """Name -> folder of shards: their loss and perplexity."""

    heldout_tokens: PositiveInt = 20_000
    """Tokens of each that are read."""

    sequence_tokens: Annotated[int, Field(ge=2)] = 1024
    """Tokens of a sequence of them."""

    tasks: tuple[str, ...] = ()
    """Benchmarks by their names in lm-eval, e.g. [xnli_zh, xcopa_zh, belebele_fra_Latn]."""

    task_folder: str = ""
    """Folder with the tasks' data (xcopa_zh.jsonl or .parquet) and definitions of further tasks;
    with it nothing is fetched."""

    task_limit: Annotated[int, Field(ge=0)] = 0
    """Items of each benchmark; 0: all."""


class ShapeConfig(Section):
    """A small Llama, trained from scratch."""

    hidden_size: PositiveInt = 128
    """Width."""

    n_layers: PositiveInt = 2
    """Depth."""

    n_heads: PositiveInt = 4
    """Attention heads; they divide the width."""

    feed_forward_size: PositiveInt = 512
    """Inner width of the feed-forward part."""

    tie_embeddings: bool = True
    """One matrix reads and writes tokens."""

    @model_validator(mode="after")
    def _heads_divide(self) -> ShapeConfig:
        if self.hidden_size % (2 * self.n_heads):
            raise ValueError(
                f"hidden_size ({self.hidden_size}) must be an even multiple of n_heads "
                f"({self.n_heads}): positions turn pairs of numbers"
            )
        return self


class TrainingConfig(Section):
    """How a model is trained on shards; the same for every arm of a grid."""

    base: str = ""
    """Model to go on from: Hugging Face folder, .gguf file or a name that `score` knows. Empty: one
    of `shape`, from scratch."""

    shape: ShapeConfig = ShapeConfig()
    """Used where `base` is empty. Its vocabulary is that of the shards."""

    sequence_tokens: Annotated[int, Field(ge=2)] = 1024
    """Tokens of a sequence. Documents are packed end to end."""

    mask_documents: bool = True
    """A token sees its own document only. False: also what was packed before it."""

    batch_sequences: PositiveInt = 32
    """Sequences of a step, over all workers and accumulation."""

    micro_sequences: PositiveInt = 8
    """Sequences at once on one worker: bounds memory. Gradients are accumulated over the rest."""

    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    """Highest rate."""

    schedule: Literal["constant", "cosine", "wsd"] = "cosine"
    """After the warm-up. wsd: constant, then linear down over the last `decay_share`."""

    warmup_share: Share = 0.05
    """Part of the steps over which the rate rises from nothing."""

    decay_share: Share = 0.2
    """Part of the steps over which `wsd` falls."""

    final_rate_share: Share = 0.1
    """Rate at the end, as a share of the highest (cosine, wsd)."""

    weight_decay: Annotated[float, Field(ge=0)] = 0.1
    """AdamW's, on matrices; not on norms and biases."""

    beta2: Annotated[float, Field(gt=0, lt=1)] = 0.95
    """AdamW's memory of squared gradients."""

    clip_norm: Annotated[float, Field(gt=0)] = 1.0
    """Longest gradient."""

    precision: Literal["float32", "bf16"] = "float32"
    """Of arithmetic; weights and optimizer are float32."""

    lora_rank: Annotated[int, Field(ge=0)] = 0
    """Train low-rank changes of every linear layer instead of all weights; 0: all weights."""

    checkpoint_steps: PositiveInt = 500
    """A run that is killed loses at most this many steps."""

    @model_validator(mode="after")
    def _batches_divide(self) -> TrainingConfig:
        if self.batch_sequences % self.micro_sequences:
            raise ValueError(
                f"batch_sequences ({self.batch_sequences}) must be a multiple of micro_sequences "
                f"({self.micro_sequences})"
            )
        if self.warmup_share + self.decay_share > 1.0:
            raise ValueError("warmup_share + decay_share must not exceed 1")
        return self


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
    training: TrainingConfig = TrainingConfig()
    grid: GridConfig = GridConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
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
