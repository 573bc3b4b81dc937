"""How the documents of a batch are kept apart in attention.

transformers finds the boundaries of packed documents by positions that begin anew. Its dense
attention makes a mask of length^2 for every sequence. Block masks (flex) and variable-length
attention (flash) skip what a mask would hide; the latter takes one row, so the sequences of a batch
are put end to end.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pivotmine.errors import ConfigError, SetupError
from pivotmine.model.config.training import TrainingConfig
from pivotmine.model.load import require
from pivotmine.model.shards.packing import Sequences

_IGNORED = -100
"""Label of a token that is not predicted, in transformers."""

_NAMES = {"flex": "flex_attention", "flash": "flash_attention_2"}


def set_attention(network: Any, config: TrainingConfig, device: Any) -> str:
    """Choose the attention of a network: dense, flex or flash.

    Raises
    ------
    ConfigError
        The device or the architecture has none of that kind.
    SetupError
        flash-attn is not installed.
    """
    from transformers.utils import is_flash_attn_2_available

    chosen: str = config.attention
    if chosen == "auto":
        is_there = device.type == "cuda" and is_flash_attn_2_available()
        chosen = "flash" if is_there and config.precision == "bf16" else "dense"
    if chosen == "dense":
        return chosen
    if device.type != "cuda":
        raise ConfigError(
            f"training.attention={chosen} needs a GPU, and this runs on {device.type}: set auto"
        )
    if chosen == "flash":
        require("flash_attn")
    bare = network.get_base_model() if hasattr(network, "get_base_model") else network
    try:
        bare.set_attn_implementation(_NAMES[chosen])
    except (ValueError, ImportError) as error:
        if config.attention == "auto":
            return "dense"
        kind = SetupError if isinstance(error, ImportError) else ConfigError
        raise kind(f"training.attention={chosen}: {error}") from None
    return chosen


def batch(sequences: Sequences, config: TrainingConfig, attention: str, device: Any) -> Any:
    """What the network is called with for B sequences of L tokens."""
    import torch

    ids, positions = sequences
    labels = ids
    if attention == "flash" and config.mask_documents:
        labels = ids.copy()
        labels[:, 0] = _IGNORED  # else the sequence before would predict it
        ids, labels, positions = (part.reshape(1, -1) for part in (ids, labels, positions))

    def tensor(values: np.ndarray[Any, np.dtype[np.int64]]) -> Any:
        return torch.from_numpy(np.ascontiguousarray(values)).to(device)

    inputs = {"input_ids": tensor(ids), "labels": tensor(labels), "use_cache": False}
    if config.mask_documents:
        inputs["position_ids"] = tensor(positions)
    return inputs
