"""Settings of `pivotmine-model train`: how a model is trained, and which arms are compared."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pivotmine.model.config.parallel import ShardingConfig, TrackingConfig
from pivotmine.recipe import LanguageCode, PositiveInt, Section, Share

BASE = "base"
"""Name of the common phase, beside the names of the arms."""


class ShapeConfig(Section):
    """A small model with random weights."""

    family: Literal["llama", "qwen3"] = "llama"
    """Architecture: Llama, or Qwen3, which also normalises queries and keys. Both have rotary
    positions and a gated feed-forward part."""

    activation: Literal["silu", "relu2"] = "silu"
    """Function in the feed-forward part; relu2 is the squared ReLU (So et al. 2021,
    arXiv 2109.08668)."""

    hidden_size: PositiveInt = 128
    """Width."""

    n_layers: PositiveInt = 2
    """Depth."""

    n_heads: PositiveInt = 4
    """Attention heads; the width must be an even multiple of them."""

    feed_forward_size: PositiveInt = 512
    """Inner width of the feed-forward part."""

    tie_embeddings: bool = True
    """Whether input embedding and unembedding are one matrix."""

    @model_validator(mode="after")
    def _heads_divide(self) -> ShapeConfig:
        if self.hidden_size % (2 * self.n_heads):
            raise ValueError(
                f"hidden_size ({self.hidden_size}) must be an even multiple of n_heads "
                f"({self.n_heads}): rotary positions turn pairs of numbers"
            )
        return self


class TrainingConfig(Section):
    """How a model is trained on shards; the same for every arm of a grid."""

    base: str = ""
    """Model that training starts from: a Hugging Face folder, a name on its hub, a .gguf file or a
    name that `score` accepts. Empty: a new model of `shape`."""

    shape: ShapeConfig = ShapeConfig()
    """Shape of the new model if `base` is empty. Its vocabulary is that of the shards."""

    sequence_tokens: Annotated[int, Field(ge=2)] = 1024
    """Tokens of a sequence. Documents are packed end to end."""

    mask_documents: bool = True
    """Whether a token sees its own document only. False: also the documents packed before it."""

    batch_sequences: PositiveInt = 32
    """Sequences of a step, over all workers and accumulation."""

    micro_sequences: PositiveInt = 8
    """Sequences that one worker computes at once; bounds memory. Gradients are accumulated."""

    optimizer: Literal["adamw", "muon"] = "adamw"
    """adamw for all weights, or muon for the matrices between embedding and unembedding and adamw
    for the rest. Muon learns rare tokens better (Jordan et al. 2024; arXiv 2509.26030)."""

    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    """Highest learning rate of AdamW."""

    muon_learning_rate: Annotated[float, Field(gt=0)] = 0.02
    """Highest learning rate of Muon. An update is scaled by the root of a matrix's rows over its
    columns, if there are more rows."""

    schedule: Literal["constant", "cosine", "wsd"] = "cosine"
    """After the warm-up. wsd: constant, then linear down over the last `decay_share`."""

    warmup_share: Share = 0.05
    """Share of the steps over which the rate rises from 0."""

    decay_share: Share = 0.2
    """Share of the steps over which `wsd` falls."""

    final_rate_share: Share = 0.1
    """Rate at the end, as a share of the highest (cosine, wsd)."""

    weight_decay: Annotated[float, Field(ge=0)] = 0.1
    """Weight decay of matrices; norms and biases have none."""

    beta2: Annotated[float, Field(gt=0, lt=1)] = 0.95
    """Decay of AdamW's mean of squared gradients."""

    clip_norm: Annotated[float, Field(gt=0)] = 1.0
    """Norm to which gradients are clipped."""

    precision: Literal["float32", "bf16"] = "float32"
    """Precision of arithmetic; weights and optimizer are float32."""

    lora_rank: Annotated[int, Field(ge=0)] = 0
    """Rank of low-rank changes (LoRA) to every linear layer; 0: train all weights instead."""

    checkpoint_steps: PositiveInt = 500
    """Steps between checkpoints; an interrupted run loses at most this many. Where the model is
    divided among workers, checkpoints are written beside training, and twice as many can be lost.
    """

    gradient_checkpointing: bool = False
    """Whether a layer's activations are computed again in the backward pass. They are most of the
    memory of long sequences; the time of a step grows by about a third."""

    compile: bool = False
    """Whether layers are compiled (torch.compile, each layer by itself). The first step takes a
    minute or more."""

    attention: Literal["auto", "dense", "flex", "flash"] = "auto"
    """How documents that are packed together are kept apart. dense: by a mask of sequence_tokens^2
    entries for every sequence. flex: torch's block masks; flash: variable-length attention of
    flash-attn, in bf16; both need a GPU. auto: flash where flash-attn is installed and precision is
    bf16, otherwise dense."""

    shard_cache: str = ""
    """Folder for blocks of remote shards, up to their whole size, and for notes about checksums
    (empty: ~/.cache/pivotmine/shards). A shard is checked when all of it is there, and not again
    unless its file changes."""

    look_ahead_steps: PositiveInt = 2
    """Steps whose documents are read before they are needed."""

    sharding: ShardingConfig = ShardingConfig()
    """Whether workers hold parts of the model."""

    tracking: TrackingConfig = TrackingConfig()
    """Curves of a run."""

    @property
    def step_tokens(self) -> int:
        """Tokens of a step."""
        return self.batch_sequences * self.sequence_tokens

    @model_validator(mode="after")
    def _batches_divide(self) -> TrainingConfig:
        if self.batch_sequences % self.micro_sequences:
            raise ValueError(
                f"batch_sequences ({self.batch_sequences}) must be a multiple of micro_sequences "
                f"({self.micro_sequences})"
            )
        if self.warmup_share + self.decay_share > 1.0:
            raise ValueError("warmup_share + decay_share must not exceed 1")
        if self.optimizer == "muon" and self.lora_rank:
            raise ValueError("optimizer muon trains whole matrices: set lora_rank to 0, or adamw")
        if self.attention == "flash" and self.precision != "bf16":
            raise ValueError("attention flash computes in bf16: set precision to bf16, or dense")
        return self


class StreamConfig(Section):
    """One arm's shards, in a mixture."""

    shards: str
    """Folder of the arm's shards (it holds manifest.json), at any address that fsspec opens. In
    arms, {seed} is replaced by the seed, so that each seed can have documents of its own."""

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
    """The training data of one arm."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]*$")]
    """Name: small letters, digits and underscores."""

    streams: Annotated[tuple[StreamConfig, ...], Field(min_length=1)]
    """Streams that are mixed; their ratios sum to 1."""

    replay: Share = 0.0
    """Least share of the uniform streams in the window of an early or late stream."""


class ContrastConfig(Section):
    """A comparison that is declared before training."""

    arm: str
    """The arm that is expected to be better."""

    against: str
    """The arm that it is compared with."""

    why: str = ""
    """What a difference would show; printed in the report."""


class BasePhase(Section):
    """The phase that precedes all arms, trained once for each seed."""

    tokens: PositiveInt
    """Tokens of the phase, rounded up to whole steps."""

    streams: Annotated[tuple[StreamConfig, ...], Field(min_length=1)]
    """Shards and their ratios."""


class GridConfig(Section):
    """Arms, seeds and declared contrasts."""

    arms: tuple[ArmPlan, ...] = ()
    """The arms that are compared."""

    seeds: Annotated[tuple[int, ...], Field(min_length=1)] = (0, 1, 2, 3, 4, 5)
    """Each decides the initial weights, the base phase and the order of documents of all arms. With
    fewer than six, no difference can be significant (model/statistics/verdict.py)."""

    tokens: PositiveInt = 10_000_000
    """Tokens that every arm is trained on, rounded up to whole steps."""

    languages: dict[LanguageCode, Share] = Field(default={})
    """Share of each language in every arm. Empty: the shares of the first arm."""

    language_tolerance: Share = 0.01
    """Largest allowed difference between an arm's share of a language and `languages`."""

    max_epochs: Annotated[float, Field(gt=0)] = 4.0
    """How often a document may be seen at most."""

    base: BasePhase | None = None
    """A phase before the arms, the same for all of them."""

    words: str = ".pivotmine/words"
    """Word set for the word task of section `scoring`; empty: none."""

    pairs: str = ""
    """Aligned segments for the conditional loss, a file as in `evaluation.pairs`; empty: none."""

    pair_directions: tuple[str, ...] = ()
    """Directions of the segments, e.g. [en-ja, ja-en]."""

    n_pairs: PositiveInt = 50
    """Pairs of each direction, from the beginning of the file."""

    heldout: dict[str, str] = Field(default={})
    """Name -> folder of shards that no arm is trained on; their loss is reported."""

    heldout_tokens: PositiveInt = 20_000
    """Tokens that are read of each text."""

    evaluations: PositiveInt = 8
    """Number of evaluations of a run, at equal distances; the last one is at its end."""

    evaluate_from: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of a run after which evaluations begin. With .85 and three evaluations, they are at 90,
    95 and 100 % of its steps."""

    metric: Literal["contrast", "accuracy_source", "mrr_source", "conditional"] = "contrast"
    """The metric of contrasts: a score of words (model/scoring/metrics.py), or the worth of a
    segment's source beyond another source, on tokens that are in neither (conditional:
    model/losses/conditional.py)."""

    final_evaluations: PositiveInt = 1
    """Evaluations at the end of a run whose mean is the run's result. Several make it less noisy
    (arXiv 2508.13144)."""

    adjust_for_base: bool = False
    """Whether differences are adjusted for the scores of the base phase, word by word and seed by
    seed. This takes out the part of the spread that was there before the arms (CUPED: Deng et al.
    2013)."""

    contrasts: tuple[ContrastConfig, ...] = ()
    """The comparisons that are tested; all others are descriptive."""

    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    """Family-wise error rate of all contrasts."""

    n_resamples: Annotated[int, Field(ge=100)] = 10_000
    """Bootstrap resamples of words and seeds."""

    lease_seconds: Annotated[float, Field(gt=0)] = 120.0
    """Several processes may train the runs of one folder. Each run has a lease, which its process
    renews every third of this time. A run whose lease has ended, or whose process on the same
    machine is gone, is taken over from its last checkpoint."""

    keep_models: bool = False
    """Whether to keep every trained model, in Hugging Face's layout."""

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
        if self.adjust_for_base and self.base is None:
            raise ValueError("adjust_for_base needs a base phase (base)")
        if self.final_evaluations > self.evaluations:
            raise ValueError(
                f"final_evaluations ({self.final_evaluations}) exceeds evaluations "
                f"({self.evaluations})"
            )
        total = sum(self.languages.values())
        if self.languages and abs(total - 1.0) > 1e-6:
            raise ValueError(f"languages must sum to 1, these sum to {total:g}")
        return self
