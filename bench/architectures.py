"""What works with which architecture: score, lens, training, masking of documents.

    python -m bench.architectures

Tiny models with random weights of each family are made with transformers, so nothing is downloaded.
The table is in docs/architectures.md; `tests/model/test_architectures.py` keeps it true.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from pivotmine.errors import PivotMineError
from pivotmine.model.lens.network import check_head, hooked, parts_of
from pivotmine.model.load import LoadedModel
from pivotmine.model.scoring.reference import shares_cache
from pivotmine.model.training.networks import check_masking

VOCABULARY = 64

_SIZES: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
    "head_dim": 8,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
_ALIKE = {**_SIZES, "num_key_value_heads": 4}
_FALCON = {name: value for name, value in _ALIKE.items() if name != "head_dim"}
_EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16}


class Family(NamedTuple):
    """A model type of transformers, and the sizes of a tiny one."""

    model_type: str
    sizes: Mapping[str, Any] = _SIZES


FAMILIES = {
    "BLOOM": Family(
        "bloom", {"vocab_size": VOCABULARY, "hidden_size": 32, "n_layer": 2, "n_head": 4}
    ),
    "Cohere (Aya)": Family("cohere"),
    "Cohere 2": Family("cohere2", {**_SIZES, "sliding_window": 16}),
    "Falcon": Family("falcon", _FALCON),
    "Falcon with ALiBi": Family("falcon", {**_FALCON, "alibi": True}),
    "Gemma": Family("gemma"),
    "Gemma 2": Family("gemma2", {**_SIZES, "sliding_window": 16}),
    "Gemma 3": Family("gemma3_text", {**_SIZES, "sliding_window": 16}),
    "Gemma 3 with images": Family("gemma3", {"text_config": {**_SIZES, "sliding_window": 16}}),
    "GLM 4": Family("glm4"),
    "GPT-2": Family(
        "gpt2",
        {"vocab_size": VOCABULARY, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64},
    ),
    "GPT-NeoX (Pythia)": Family("gpt_neox", _ALIKE),
    "Granite": Family("granite", {**_SIZES, "logits_scaling": 4.0}),
    "Llama (SmolLM2)": Family("llama"),
    "Mamba": Family("mamba", {"vocab_size": VOCABULARY, "hidden_size": 32, "num_hidden_layers": 2}),
    "Mistral": Family("mistral"),
    "MPT": Family("mpt", {"vocab_size": VOCABULARY, "d_model": 32, "n_layers": 2, "n_heads": 4}),
    "Nemotron": Family("nemotron"),
    "OLMo 2": Family("olmo2"),
    "OPT": Family("opt", {**_ALIKE, "ffn_dim": 48, "word_embed_proj_dim": 32}),
    "Phi-3": Family("phi3"),
    "Qwen 2": Family("qwen2"),
    "Qwen 3": Family("qwen3"),
    "Qwen 3 MoE": Family("qwen3_moe", {**_SIZES, **_EXPERTS}),
    "Qwen 3 Next": Family(
        "qwen3_next",
        {
            **_SIZES, **_EXPERTS, "shared_expert_intermediate_size": 16, "linear_num_key_heads": 2,
            "linear_num_value_heads": 4, "linear_key_head_dim": 8, "linear_value_head_dim": 8,
            "layer_types": ["linear_attention", "full_attention"],
        },
    ),
    "SmolLM3": Family("smollm3"),
    "StableLM": Family("stablelm"),
    "XGLM": Family(
        "xglm",
        {
            "vocab_size": VOCABULARY, "d_model": 32, "ffn_dim": 48, "num_layers": 2,
            "attention_heads": 4, "max_position_embeddings": 64,
        },
    ),
}  # fmt: skip
"""Name for readers -> family."""


def tiny(family: Family) -> LoadedModel:
    """A tiny model with random weights; it has no tokenizer."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    config = AutoConfig.for_model(family.model_type, **family.sizes)
    network = AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
    return LoadedModel(network, None, family.model_type, "random", torch.device("cpu"))


def scores(model: LoadedModel) -> str:
    """How answers are scored: with a shared cache, or one by one."""
    return "yes" if shares_cache(model) else "slowly"


def reads_layers(model: LoadedModel) -> str:
    """Whether the lens on the last layer gives the model's own logits."""
    import torch

    parts = parts_of(model)
    seen: list[torch.Tensor] = []

    def keep(states: torch.Tensor) -> None:
        seen.append(states[:, -1])

    with torch.inference_mode(), hooked({parts.layers[-1]: keep}):
        logits = model.network(input_ids=torch.tensor([[3, 4, 5]]), use_cache=False).logits
        check_head(parts, seen[-1], logits[:, -1])
    return "yes"


def trains(model: LoadedModel) -> str:
    """Whether a step lowers the loss of the sequence that it was taken on."""
    import torch

    network = model.network.train()
    ids = torch.arange(32).remainder(VOCABULARY)[None]
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-2)
    losses = []
    for _ in range(2):
        loss = network(input_ids=ids, labels=ids, use_cache=False).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    network.eval()
    return "yes" if losses[1] < losses[0] else "no"


def masks_documents(model: LoadedModel) -> str:
    """Whether `training.mask_documents` is allowed."""
    check_masking(model.network, VOCABULARY)
    return "yes"


ABILITIES: dict[str, Callable[[LoadedModel], str]] = {
    "score": scores,
    "lens": reads_layers,
    "train": trains,
    "mask_documents": masks_documents,
}


def abilities(family: Family) -> dict[str, str]:
    """Ability -> yes, slowly or no. `no` means that PivotMine refuses it with a message."""
    found = {}
    for name, ability in ABILITIES.items():
        try:
            found[name] = ability(tiny(family))
        except PivotMineError:
            found[name] = "no"
    return found


def table() -> str:
    """The table of all families in Markdown."""
    lines = [f"| family | {' | '.join(ABILITIES)} |", f"|{'---|' * (len(ABILITIES) + 1)}"]
    for name, family in FAMILIES.items():
        lines.append(f"| {name} | {' | '.join(abilities(family).values())} |")
    return "\n".join(lines)


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    print(table())
