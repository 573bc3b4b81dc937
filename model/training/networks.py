"""The network that is trained, and the tokenizer that it is asked with.

The tokenizer of the shards must be that of the model: ids of another one are noise to it, and a
loss falls on noise too. So it is compared before anything is trained: by its bytes, else by what
both make of sentences in the scripts that the engine knows.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from pivotmine.errors import InputError
from pivotmine.model.config import TrainingConfig
from pivotmine.model.load import LoadedModel, load_model, require
from pivotmine.model.training.shards import Stream, TokenizerFile
from pivotmine.text.tokenizer import Tokenizer

PROBES = (
    "The cat sat on the mat, 1984.",
    "Le garçon mangeait une pomme à Noël.",
    "猫在垫子上。我们明天见面。",
    "猫がマットの上に座った。",
    "Ωραία μέρα σήμερα, גם מחר.",
)
"""Texts that two tokenizers must agree on to be called the same."""


def start(
    config: TrainingConfig, streams: Sequence[Stream], seed: int, say: Callable[[str], None]
) -> LoadedModel:
    """The model that training starts from: `config.base`, or a new one with weights from the seed.

    Raises
    ------
    InputError
        The streams speak different tokenizers, or another one than the model.
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
            f"{config.base} knows {longest:,} positions: lower training.sequence_tokens "
            f"({config.sequence_tokens:,})"
        )
    loaded.network.requires_grad_(True)
    return loaded


def check_tokenizer(model: LoadedModel, stream: Stream) -> None:
    """Raises `InputError` if shards were not made with the model's tokenizer."""
    n_rows = model.network.get_input_embeddings().weight.shape[0]
    if stream.vocab_size > n_rows:
        raise InputError(
            f"shards {stream.name} have ids up to {stream.vocab_size - 1:,}, {model.name} knows "
            f"{n_rows:,} tokens: set tokenize.tokenizer of the corpus's recipe to the model's "
            "tokenizer.json, and run it again"
        )
    theirs = Tokenizer(_kind(stream.tokenizer), stream.tokenizer.content).load()
    for text in PROBES:
        mine = model.tokenizer(text, add_special_tokens=False)["input_ids"]
        other = theirs.encode_segments([text])[0].tolist()
        if list(mine) != other:
            raise InputError(
                f"shards {stream.name} were tokenised by another tokenizer "
                f"({stream.tokenizer.sha256[:12]}) than {model.name} has: {text!r} is {other[:8]} "
                f"there and {list(mine)[:8]} here. Set tokenize.tokenizer of the corpus's recipe "
                "to the model's tokenizer.json, and run it again"
            )


def tokenizer_of(file: TokenizerFile) -> Any:
    """A shard's tokenizer as transformers' fast tokenizer; None for sentencepiece models, which
    transformers cannot use as they are."""
    if file.kind != "huggingface":
        return None
    from tokenizers import Tokenizer as Core
    from transformers import PreTrainedTokenizerFast

    core = Core.from_str(file.content.decode())
    special = {token["content"] for token in orjson.loads(file.content).get("added_tokens") or ()}
    names = {"eos_token": "</s>", "unk_token": "<unk>"}
    known = {name: token for name, token in names.items() if token in special}
    return PreTrainedTokenizerFast(tokenizer_object=core, **known)


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
    tokenizer = tokenizer_of(stream.tokenizer)
    return LoadedModel(network, tokenizer, name, f"scratch-{seed}", torch.device("cpu"))


def with_lora(network: Any, rank: int) -> Any:
    """The network with low-rank changes of all linear layers, which alone are trained."""
    require("peft")
    from peft import LoraConfig, get_peft_model

    settings = LoraConfig(
        r=rank, lora_alpha=2 * rank, target_modules="all-linear", task_type="CAUSAL_LM"
    )
    return get_peft_model(network, settings)


def merged(network: Any) -> Any:
    """The network with its low-rank changes added in, if it has any."""
    with contextlib.suppress(AttributeError):
        return network.merge_and_unload()
    return network


def _kind(file: TokenizerFile) -> Any:
    return file.kind
