"""What training a large model needs of every GPU: memory and seconds, from measured constants.

    python -m bench.training_scale
    python -m bench.training_scale --hidden-size 8192 --layers 80 --feed-forward 28672 --heads 64 \
        --key-heads 8 --vocabulary 128256 --gpus 64

What a layer keeps for the backward pass is measured: one layer of the given width reads a short
sequence in bf16 on the CPU, and the bytes that autograd saves are counted (weights left out). They
are the same on a GPU with an attention that keeps no scores. Everything else is arithmetic, with
the assumptions that the output names.
"""

from __future__ import annotations

import argparse
from typing import Any, NamedTuple

PEAK_FLOPS = 989e12
"""Dense bf16 of an H100 SXM (data sheet)."""

LINK_BYTES = 450e9
"""NVLink of an H100, bytes a second each way (data sheet)."""

ASSUMED_MFU = 0.4
"""Not measured here: published runs of 7 B models on H100 report .35 to .5."""

ASSUMED_DISK_BYTES = 2e9
"""Bytes a second to the checkpoint's disk, not measured."""


class Shape(NamedTuple):
    """A Llama-like model. The defaults are those of Llama 2 7B."""

    hidden_size: int = 4096
    layers: int = 32
    feed_forward: int = 11008
    heads: int = 32
    key_heads: int = 32
    vocabulary: int = 32000


class Kept(NamedTuple):
    """Bytes a token that the backward pass needs."""

    layer: float
    """All of a layer."""
    head: float
    """Final norm, logits and loss."""


class Needs(NamedTuple):
    """What one GPU needs, bytes, and how fast all are."""

    weights: float
    """Parameters, gradients and AdamW, divided among GPUs."""
    gathered: float
    activations: float
    logits: float
    tokens_per_second: float
    step_seconds: float
    traffic_seconds: float

    @property
    def total(self) -> float:
        return self.weights + self.gathered + self.activations + self.logits


def n_parameters(shape: Shape) -> tuple[int, int]:
    """Parameters of the model and of one layer."""
    width = shape.hidden_size // shape.heads
    attention = shape.hidden_size * width * 2 * (shape.heads + shape.key_heads)
    layer = attention + 3 * shape.hidden_size * shape.feed_forward + 2 * shape.hidden_size
    outer = 2 * shape.vocabulary * shape.hidden_size + shape.hidden_size
    return shape.layers * layer + outer, layer


def measured(shape: Shape, n_tokens: int = 128) -> Kept:
    """Count what autograd saves of one layer, and of the head with its loss."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    def saved(layers: int) -> float:
        config = LlamaConfig(
            vocab_size=shape.vocabulary, hidden_size=shape.hidden_size, num_hidden_layers=layers,
            intermediate_size=shape.feed_forward, num_attention_heads=shape.heads,
            num_key_value_heads=shape.key_heads, tie_word_embeddings=True, dtype=torch.bfloat16,
        )  # fmt: skip
        network = LlamaForCausalLM(config).to(torch.bfloat16).train()
        weights = {weight.untyped_storage().data_ptr() for weight in network.parameters()}
        held: dict[int, int] = {}

        def keep(value: Any) -> Any:
            storage = value.untyped_storage()
            if storage.data_ptr() not in weights:
                held[storage.data_ptr()] = storage.nbytes()
            return value

        ids = torch.arange(n_tokens).remainder(shape.vocabulary)[None]
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda value: value):
            # The graph must live until all is counted: storages of freed tensors are used again.
            loss = network(input_ids=ids, labels=ids, use_cache=False).loss
        total = sum(held.values()) / n_tokens
        del loss
        return total

    without = saved(0)
    return Kept(saved(1) - without, without)


def needs(
    shape: Shape, kept: Kept, gpus: int, sequence: int, micro: int, batch: int, mfu: float
) -> Needs:
    """Memory of a GPU with FSDP2, gradient checkpointing and bf16, and the time of a step.

    `sequence` tokens, `micro` sequences of one GPU at once, `batch` sequences a step of all GPUs.
    """
    n, layer = n_parameters(shape)
    tokens = micro * sequence
    flops = 6 * n + 12 * shape.layers * shape.hidden_size * sequence
    rate = gpus * PEAK_FLOPS * mfu / flops
    # Weights are gathered forward and backward in bf16, gradients scattered in float32.
    traffic = (2 + 2 + 4) * n * (gpus - 1) / gpus / LINK_BYTES * (batch / micro / gpus)
    return Needs(
        weights=16 * n / gpus,
        # Of two layers (one computed, one on its way): weights in bf16, and a gradient in float32;
        # the embeddings are gathered for the whole step.
        gathered=2 * layer * (2 + 4) + 2 * shape.vocabulary * shape.hidden_size * (2 + 4),
        # The input of every layer, and all of the one that is computed again.
        activations=tokens * (2 * shape.hidden_size * shape.layers + kept.layer),
        logits=tokens * (kept.head + 4 * shape.vocabulary),
        tokens_per_second=rate,
        step_seconds=batch * sequence / rate,
        traffic_seconds=traffic,
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, value in Shape()._asdict().items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=value)
    parser.add_argument("--gpus", type=int, default=8)
    parser.add_argument("--sequence-tokens", type=int, default=4096)
    parser.add_argument("--micro-sequences", type=int, default=2)
    parser.add_argument("--batch-sequences", type=int, default=512)
    parser.add_argument("--mfu", type=float, default=ASSUMED_MFU)
    asked = vars(parser.parse_args())
    shape = Shape(*(asked[name] for name in Shape._fields))
    n, _ = n_parameters(shape)
    kept = measured(shape)
    found = needs(
        shape, kept, asked["gpus"], asked["sequence_tokens"], asked["micro_sequences"],
        asked["batch_sequences"], asked["mfu"],
    )  # fmt: skip
    print(f"{n:,} parameters on {asked['gpus']} GPUs")
    print(f"measured: a layer keeps {kept.layer:,.0f} bytes a token, the head {kept.head:,.0f}")
    for name, value in (*found._asdict().items(), ("total", found.total)):
        if name in ("tokens_per_second", "step_seconds", "traffic_seconds"):
            print(f"{name:20}{value:14,.1f}")
        else:
            print(f"{name:20}{value / 1e9:14,.1f} GB")
    whole = asked["micro_sequences"] * asked["sequence_tokens"] * kept.layer * shape.layers
    print(f"without checkpointing, activations are {whole / 1e9:,.1f} GB")
    print(f"evaluation holds the whole model: {4 * n / 1e9:,.1f} GB more, without activations")
    print(f"a checkpoint: {12 * n / 1e9:,.0f} GB, {12 * n / ASSUMED_DISK_BYTES:,.0f} s on disk")


if __name__ == "__main__":
    main()
