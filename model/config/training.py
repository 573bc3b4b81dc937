"""Settings of `pivotmine-model train`: how one model is trained."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pivotmine.recipe import PositiveInt, Section, Share


class ShapeConfig(Section):
    """A small Llama with random weights."""

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
                f"({self.n_heads}): positions turn pairs of numbers"
            )
        return self


class TrainingConfig(Section):
    """How a model is trained on shards; the same for every arm of a grid."""

    base: str = ""
    """Model that training starts from: a Hugging Face folder, a .gguf file or a name that `score`
    accepts. Empty: a new model of `shape`."""

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

    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    """Highest learning rate."""

    schedule: Literal["constant", "cosine", "wsd"] = "cosine"
    """After the warm-up. wsd: constant, then linear down over the last `decay_share`."""

    warmup_share: Share = 0.05
    """Share of the steps over which the rate rises from 0."""

    decay_share: Share = 0.2
    """Share of the steps over which `wsd` falls."""

    final_rate_share: Share = 0.1
    """Rate at the end, as a share of the highest (cosine, wsd)."""

    weight_decay: Annotated[float, Field(ge=0)] = 0.1
    """Weight decay of AdamW on matrices; norms and biases have none."""

    beta2: Annotated[float, Field(gt=0, lt=1)] = 0.95
    """Decay of AdamW's mean of squared gradients."""

    clip_norm: Annotated[float, Field(gt=0)] = 1.0
    """Norm to which gradients are clipped."""

    precision: Literal["float32", "bf16"] = "float32"
    """Precision of arithmetic; weights and optimizer are float32."""

    lora_rank: Annotated[int, Field(ge=0)] = 0
    """Rank of low-rank changes (LoRA) to every linear layer, trained instead of the weights; 0:
    train all weights."""

    checkpoint_steps: PositiveInt = 500
    """Steps between checkpoints; an interrupted run loses at most this many."""

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
