"""Settings of `training`: how a model is divided among workers, and how a run is followed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pivotmine.recipe import Section


class ShardingConfig(Section):
    """How a model is divided among the workers of torchrun."""

    mode: Literal["none", "full"] = "none"
    """none: every worker holds the whole model. full: weights, gradients and optimizer are divided
    among workers (FSDP2: torch's fully_shard), and a layer's weights are gathered while it is
    computed. Evaluations and saved models need the whole: 4 bytes a weight on every worker."""

    reshard_after_forward: bool = True
    """Whether a layer's gathered weights are dropped after the forward pass and gathered again in
    the backward pass. False: faster, and all gathered weights stay in memory."""


class TrackingConfig(Section):
    """Where the curves of a run are shown."""

    tensorboard: bool = True
    """Whether to write `tensorboard/` into a run's folder, where TensorBoard is installed."""

    wandb: Literal["off", "offline", "online"] = "off"
    """Weights & Biases. offline: into `wandb/` of a run's folder, for `wandb sync`; no account and
    no network are needed. online: also to its server."""

    wandb_project: str = "pivotmine"
    """Project that runs appear in."""

    peak_tflops: Annotated[float, Field(ge=0)] = 0.0
    """Dense bf16 peak of one device, teraflops a second, of which MFU is a share. 0: that of the
    GPU, if it is known (model/training/throughput.py)."""
