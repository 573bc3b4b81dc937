"""The network that is trained: a base model or a new one, and its low-rank changes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

from pivotmine.errors import InputError
from pivotmine.model.config.training import TrainingConfig
from pivotmine.model.load import LoadedModel, load_model, require
from pivotmine.model.shards.stream import Stream
from pivotmine.model.shards.tokenizer import check_tokenizer, transformers_tokenizer


def start(
    config: TrainingConfig, streams: Sequence[Stream], seed: int, say: Callable[[str], None]
) -> LoadedModel:
    """The model that training starts from: `config.base`, or a new one with weights from `seed`.

    Raises
    ------
    InputError
        The streams were made with different tokenizers, or not with the model's.
    SetupError
        A package is missing.
    """
    require("torch", "transformers", "accelerate")
    first = streams[0]
    for stream in streams[1:]:
        if stream.tokenizer.sha256 != first.tokenizer.sha256:
            raise InputError(
                f"shards {stream.name} and {first.name} were tokenised by different tokenizers "
                f"({stream.tokenizer.sha256[:12]} and {first.tokenizer.sha256[:12]}): mine them in "
                "one lake, or with one tokenize.tokenizer"
            )
    if not config.base:
        return _from_scratch(config, first, seed)
    loaded = load_model(config.base, progress=say)
    check_tokenizer(loaded, first)
    longest = getattr(loaded.network.config, "max_position_embeddings", None)
    if longest and config.sequence_tokens > longest:
        raise InputError(
            f"{config.base} has {longest:,} positions: lower training.sequence_tokens "
            f"({config.sequence_tokens:,})"
        )
    loaded.network.requires_grad_(True)
    return loaded


def with_lora(network: Any, rank: int) -> Any:
    """The network with low-rank changes to all linear layers, or as it is if the rank is 0."""
    if not rank:
        return network
    require("peft")
    from peft import LoraConfig, get_peft_model

    settings = LoraConfig(
        r=rank, lora_alpha=2 * rank, target_modules="all-linear", task_type="CAUSAL_LM"
    )
    return get_peft_model(network, settings)


def merged(network: Any) -> Any:
    """The network with its low-rank changes, if any, added to its weights."""
    with contextlib.suppress(AttributeError):
        return network.merge_and_unload()
    return network


def _from_scratch(config: TrainingConfig, stream: Stream, seed: int) -> LoadedModel:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    shape = config.shape
    network = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=stream.vocab_size,
            hidden_size=shape.hidden_size,
            intermediate_size=shape.feed_forward_size,
            num_hidden_layers=shape.n_layers,
            num_attention_heads=shape.n_heads,
            num_key_value_heads=shape.n_heads,
            max_position_embeddings=config.sequence_tokens,
            tie_word_embeddings=shape.tie_embeddings,
            bos_token_id=None,
            eos_token_id=None,
        )
    )
    size = sum(weight.numel() for weight in network.parameters())
    name = f"llama {shape.n_layers}x{shape.hidden_size}, {size / 1e6:.2f} M parameters"
    tokenizer = transformers_tokenizer(stream.tokenizer)
    return LoadedModel(network, tokenizer, name, f"scratch-{seed}", torch.device("cpu"))
