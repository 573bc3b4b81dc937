"""Tokens a second, and the share of a device's peak that training reaches (MFU).

Model FLOPs utilisation (Chowdhery et al. 2022, arXiv 2204.02311, appendix B): the arithmetic that
the model needs, over what the devices could do in the same time. A token needs 6 floating-point
operations a weight, forward and backward (4 a weight that is not trained), and 12 a layer, unit of
width and token of the sequence for attention. As there, attention is counted without causality and
boundaries of documents, and what gradient checkpointing computes again does not count.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pivotmine.model.config.training import TrainingConfig

if TYPE_CHECKING:
    from accelerate import Accelerator

PEAK_TFLOPS = {
    "A100": 312.0,
    "L40S": 362.0,
    "H100 PCIe": 756.0,
    "H100 NVL": 835.0,
    "H100": 989.0,
    "H200": 989.0,
    "GH200": 989.0,
    "B200": 2250.0,
}
"""Part of a GPU's name -> dense bf16 teraflops a second, from NVIDIA's data sheets."""


def flops_per_token(network: Any, sequence_tokens: int) -> float:
    """Floating-point operations of a step of training for each of its tokens.

    The input embedding looks up and does not multiply; it counts where the unembedding is the same
    matrix. Every expert of a mixture counts, so the figure is too high for those.
    """
    weights = {
        id(weight): weight.numel() * (6 if weight.requires_grad else 4)
        for weight in network.parameters()
    }
    embedding = network.get_input_embeddings().weight
    head = network.get_output_embeddings()
    if head is None or head.weight is not embedding:
        weights.pop(id(embedding), None)
    config = network.config.get_text_config()
    attention = 12 * config.num_hidden_layers * config.hidden_size * sequence_tokens
    return float(sum(weights.values()) + attention)


def peak_flops(config: TrainingConfig, device: Any) -> float:
    """Floating-point operations a second that one device can do at most; 0 if it is not known."""
    import torch

    if config.tracking.peak_tflops:
        return config.tracking.peak_tflops * 1e12
    if device.type != "cuda":
        return 0.0
    name = torch.cuda.get_device_name(device)
    known = [part for part in PEAK_TFLOPS if part in name]
    return PEAK_TFLOPS[max(known, key=len)] * 1e12 if known else 0.0


class Meter:
    """Says how fast the steps of a run are."""

    def __init__(self, network: Any, config: TrainingConfig, accelerator: Accelerator) -> None:
        self._step_tokens = config.step_tokens
        self._step_flops = config.step_tokens * flops_per_token(network, config.sequence_tokens)
        self._peak = accelerator.num_processes * peak_flops(config, accelerator.device)

    def measured(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row of `checkpoints.LOSSES`, with the MFU of the step."""
        mfu = self._step_flops / row["seconds"] / self._peak if self._peak else None
        return {**row, "mfu": mfu}

    def line(self, row: Mapping[str, Any]) -> str:
        """A line for the log."""
        share = f", {row['mfu']:.1%} MFU" if row["mfu"] is not None else ""
        rate = self._step_tokens / row["seconds"]
        return f"step {row['step']:,}: loss {row['loss']:.3f}, {rate:,.0f} tokens a second{share}"
