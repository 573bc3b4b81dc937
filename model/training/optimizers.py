"""Optimizers of a run, and their learning rates."""

from __future__ import annotations

import math
from typing import Any

from pivotmine.model.config.training import TrainingConfig


def optimizers(network: Any, config: TrainingConfig, device: Any) -> list[Any]:
    """AdamW over all trained weights, or Muon over the inner matrices and AdamW over the rest.

    Muon is torch's (`torch.optim.Muon`). Weight decay is for matrices; norms and biases have none.
    On GPUs AdamW is one kernel for all weights (fused).
    """
    import torch

    weights = [weight for weight in network.parameters() if weight.requires_grad]
    outer = {id(network.get_input_embeddings().weight)}
    if (head := network.get_output_embeddings()) is not None:
        outer.add(id(head.weight))
    inner = [weight for weight in weights if weight.dim() == 2 and id(weight) not in outer]
    found: list[Any] = []
    if config.optimizer == "muon":
        muon: Any = torch.optim.Muon
        if config.sharding.mode == "full":
            from pivotmine.model.training.sharded_muon import ShardedMuon as muon  # noqa: N813
        found.append(muon(inner, lr=config.muon_learning_rate, weight_decay=config.weight_decay))
        taken = {id(weight) for weight in inner}
        weights = [weight for weight in weights if id(weight) not in taken]
    groups = [
        {"params": [w for w in weights if w.dim() > 1], "weight_decay": config.weight_decay},
        {"params": [w for w in weights if w.dim() <= 1], "weight_decay": 0.0},
    ]
    adamw = torch.optim.AdamW(
        groups,
        lr=config.learning_rate,
        betas=(0.9, config.beta2),
        fused=True if device.type == "cuda" else None,
    )
    return [*found, adamw]


def set_rates(chosen: list[Any], step: int, n_steps: int, config: TrainingConfig) -> float:
    """Set the rates of a step; returns that of AdamW."""
    share = rate(step, n_steps, config)
    highest = [config.learning_rate]
    if config.optimizer == "muon":
        highest.insert(0, config.muon_learning_rate)
    for optimizer, top in zip(chosen, highest, strict=True):
        for group in optimizer.param_groups:
            group["lr"] = top * share
    return config.learning_rate * share


def rate(step: int, n_steps: int, config: TrainingConfig) -> float:
    """Learning rate of step `step` (from 0) of `n_steps`, as a share of the highest.

    It rises linearly from 0 to 1 over `warmup_share`. Then it falls as a cosine to
    `final_rate_share` (`cosine`), stays level (`constant`), or stays level and falls linearly over
    the last `decay_share` (`wsd`, Hu et al. 2024, arXiv 2404.06395).
    """
    n_warmup = math.ceil(config.warmup_share * n_steps)
    if step < n_warmup:
        return (step + 1) / n_warmup
    after = (step - n_warmup) / max(n_steps - 1 - n_warmup, 1)
    final = config.final_rate_share
    if config.schedule == "cosine":
        return final + (1 - final) * (1 + math.cos(math.pi * after)) / 2
    if config.schedule == "wsd":
        n_decay = math.ceil(config.decay_share * n_steps)
        left = min((n_steps - 1 - step) / max(n_decay, 1), 1.0)
        return final + (1 - final) * left
    return 1.0
