"""Settings of `pivotmine-model train`: how one model is trained."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pivotmine.recipe import PositiveInt, Section, Share


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
        return self
