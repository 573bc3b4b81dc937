"""The learning rate of a step, as a pure function without state."""

from __future__ import annotations

import math

from pivotmine.model.config import TrainingConfig


def rate(step: int, n_steps: int, config: TrainingConfig) -> float:
    """Learning rate of step `step` (from 0) of `n_steps`.

    It rises linearly from 0 to the highest rate over `warmup_share`. Then it falls as a cosine to
    `final_rate_share` of that (`cosine`), stays level (`constant`), or stays level and falls
    linearly over the last `decay_share` (`wsd`, Hu et al. 2024, arXiv 2404.06395).
    """
    n_warmup = math.ceil(config.warmup_share * n_steps)
    if step < n_warmup:
        return config.learning_rate * (step + 1) / n_warmup
    after = (step - n_warmup) / max(n_steps - 1 - n_warmup, 1)
    final = config.final_rate_share
    if config.schedule == "cosine":
        return config.learning_rate * (final + (1 - final) * (1 + math.cos(math.pi * after)) / 2)
    if config.schedule == "wsd":
        n_decay = math.ceil(config.decay_share * n_steps)
        left = min((n_steps - 1 - step) / max(n_decay, 1), 1.0)
        return config.learning_rate * (final + (1 - final) * left)
    return config.learning_rate
