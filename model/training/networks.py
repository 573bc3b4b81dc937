"""The network that is trained: a base model or a new one, and its low-rank changes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

from pivotmine.errors import ConfigError, InputError
from pivotmine.model.config.measuring import ModelConfig
from pivotmine.model.config.training import TrainingConfig
from pivotmine.model.load import LoadedModel, load_model, require
from pivotmine.model.shards.stream import Stream
from pivotmine.model.shards.tokenizer import check_tokenizer, transformers_tokenizer

_SAME_LOGITS = 1e-4
"""Standard deviations by which logits of the same text may differ, from rounding."""


def start(
    config: TrainingConfig,
    streams: Sequence[Stream],
    seed: int,
    say: Callable[[str], None],
    trust_remote_code: bool = False,
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
    # On the CPU: each worker moves a copy to the device that the launcher gave it.
    settings = ModelConfig(device="cpu", trust_remote_code=trust_remote_code)
    loaded = load_model(config.base, settings, progress=say)
    check_tokenizer(loaded, first)
    longest = getattr(loaded.network.config, "max_position_embeddings", None)
    if longest and config.sequence_tokens > longest:
        raise InputError(
            f"{config.base} has {longest:,} positions: lower training.sequence_tokens "
            f"({config.sequence_tokens:,})"
        )
    loaded.network.requires_grad_(True)
    return loaded


def check_masking(network: Any, n_vocabulary: int, device: Any = "cpu") -> None:
    """Change a document, and see that the one packed behind it reads the same.

    Boundaries of documents are given as positions that begin anew. An architecture without position
    ids, or with a state that goes on, ignores them without a word.

    Raises
    ------
    ConfigError
        It does not read the same.
    """
    import torch

    n, half = 16, 8
    positions = torch.arange(n).remainder(half)[None].expand(2, n)
    ids = torch.arange(n).remainder(n_vocabulary)[None].repeat(2, 1)
    ids[1, :half] = (ids[1, :half] + 1).remainder(n_vocabulary)  # only the first document differs
    ids, positions = ids.to(device), positions.to(device)
    was_training = network.training
    network.eval()
    try:
        with torch.no_grad():  # divided weights that inference mode gathers could not be trained
            # One row at a time: variable-length attention knows boundaries in one row alone.
            rows = [
                network(input_ids=ids[n : n + 1], position_ids=positions[:1], use_cache=False)
                for n in range(2)
            ]
            read = torch.cat([row.logits.float() for row in rows])
        moved = float((read[0, half:] - read[1, half:]).abs().max() / read.std())
    except (TypeError, ValueError) as error:  # no position ids in its forward pass
        raise ConfigError(
            f"training.mask_documents: {type(network).__name__} takes no position ids ({error}); "
            "set it to false, and documents that are packed together see one another"
        ) from None
    finally:
        network.train(was_training)
    if moved > _SAME_LOGITS:
        raise ConfigError(
            f"training.mask_documents: {type(network).__name__} lets a token see the documents "
            f"packed before its own (a change there moves its logits by {moved:.2g} of their "
            "standard deviation); set it to false to train like that"
        )


def with_lora(network: Any, rank: int, seed: int) -> Any:
    """The network with low-rank changes to all linear layers, or as it is if the rank is 0.

    The changes begin with weights that are drawn from `seed`, whatever was drawn before.

    Raises
    ------
    SetupError
        peft is not installed.
    """
    if not rank:
        return network
    require("peft", extra="train")
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(seed)

    settings = LoraConfig(
        r=rank, lora_alpha=2 * rank, target_modules="all-linear", task_type="CAUSAL_LM"
    )
    return get_peft_model(network, settings)


def blocks(network: Any) -> list[Any]:
    """The layers of a network, as transformers names them (`_no_split_modules`)."""
    bare = network.get_base_model() if hasattr(network, "get_base_model") else network
    names = set(bare._no_split_modules or ())
    return [module for module in bare.modules() if type(module).__name__ in names]


def merged(network: Any) -> Any:
    """The network with its low-rank changes, if any, added to its weights."""
    with contextlib.suppress(AttributeError):
        return network.merge_and_unload()
    return network


def _from_scratch(config: TrainingConfig, stream: Stream, seed: int) -> LoadedModel:
    import torch
    from transformers import AutoModelForCausalLM, LlamaConfig, Qwen3Config

    torch.manual_seed(seed)
    shape = config.shape
    make = LlamaConfig if shape.family == "llama" else Qwen3Config
    network = AutoModelForCausalLM.from_config(
        make(
            vocab_size=stream.vocab_size,
            hidden_size=shape.hidden_size,
            intermediate_size=shape.feed_forward_size,
            num_hidden_layers=shape.n_layers,
            num_attention_heads=shape.n_heads,
            num_key_value_heads=shape.n_heads,
            head_dim=shape.hidden_size // shape.n_heads,
            hidden_act=shape.activation,
            max_position_embeddings=config.sequence_tokens,
            tie_word_embeddings=shape.tie_embeddings,
            bos_token_id=None,
            eos_token_id=None,
        ),
        dtype=torch.float32,
    )
    size = sum(weight.numel() for weight in network.parameters())
    name = f"{shape.family} {shape.n_layers}x{shape.hidden_size}, {size / 1e6:.2f} M parameters"
    tokenizer = transformers_tokenizer(stream.tokenizer)
    return LoadedModel(network, tokenizer, name, f"scratch-{seed}", torch.device("cpu"))
