"""How a network lies on the workers: whole on every one, or divided among them.

A network is divided by torch's `fully_shard` (FSDP2), a layer at a time. accelerate can do that as
well, but only on GPUs, so the tests on CPUs would not be of what GPUs run. accelerate sets up the
processes, devices and precision.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from pivotmine.model.config.training import TrainingConfig
from pivotmine.model.training.checkpoints import State, WholeState
from pivotmine.model.training.networks import blocks
from pivotmine.model.training.optimizers import optimizers
from pivotmine.model.training.sharded_checkpoints import ShardedState

if TYPE_CHECKING:
    from accelerate import Accelerator


COMPILER = "inductor"
"""Backend of torch.compile."""


class Layout(Protocol):
    """A network in training, and its optimizers."""

    network: Any
    optimizers: list[Any]
    state: State

    def micro_batch(self, is_last: bool) -> AbstractContextManager[None]:
        """The context of a micro-batch; `is_last` is the last one of the step."""

    def whole(self) -> AbstractContextManager[Any]:
        """The network with whole weights on every worker, float32, in evaluation mode."""


def make_layout(accelerator: Accelerator, network: Any, config: TrainingConfig) -> Layout:
    """The layout that the settings ask for; the network is changed in place."""
    if config.gradient_checkpointing:
        network.activation_checkpointing_enable({"use_reentrant": False})
    if config.compile:
        for block in blocks(network):
            block.compile(backend=COMPILER)
    if config.sharding.mode == "full":
        return Sharded(accelerator, network, config)
    return Replicated(accelerator, network, config)


class Replicated:
    """Every worker holds the whole network; gradients are averaged."""

    def __init__(self, accelerator: Accelerator, network: Any, config: TrainingConfig) -> None:
        self._accelerator = accelerator
        chosen = optimizers(network, config, accelerator.device)
        self.network, *self.optimizers = accelerator.prepare(network, *chosen)
        self.state: State = WholeState(accelerator, self.network, self.optimizers)

    def micro_batch(self, is_last: bool) -> AbstractContextManager[None]:
        if is_last:
            return contextlib.nullcontext()
        waiting: AbstractContextManager[None] = self._accelerator.no_sync(self.network)
        return waiting

    @contextlib.contextmanager
    def whole(self) -> Iterator[Any]:
        bare = self._accelerator.unwrap_model(self.network)
        bare.eval()
        with _in_float32(bare):
            yield bare
        bare.train()


class Sharded:
    """Every worker holds a part of each weight, of its gradient and of the optimizer."""

    def __init__(self, accelerator: Accelerator, network: Any, config: TrainingConfig) -> None:
        import torch
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard

        # The network without weights: what is not divided (buffers) is there.
        empty = {id(one): _without_content(one) for one in network.parameters()}
        self._skeleton = copy.deepcopy(network, empty)
        lower = {"param_dtype": torch.bfloat16, "reduce_dtype": torch.float32}
        policy = MixedPrecisionPolicy(**(lower if config.precision == "bf16" else {}))
        mesh = init_device_mesh(accelerator.device.type, (accelerator.num_processes,))
        for block in [*blocks(network), network]:
            fully_shard(
                block,
                mesh=mesh,
                mp_policy=policy,
                reshard_after_forward=config.sharding.reshard_after_forward,
            )
        self.network = network
        self.optimizers = optimizers(network, config, accelerator.device)
        self.state: State = ShardedState(accelerator, network, self.optimizers)

    def micro_batch(self, is_last: bool) -> AbstractContextManager[None]:
        # Gradients are divided after every micro-batch: whole ones would take 4 bytes a weight.
        return contextlib.nullcontext()

    @contextlib.contextmanager
    def whole(self) -> Iterator[Any]:
        import torch

        parts = dict(self.network.named_parameters(remove_duplicate=False))
        with torch.no_grad():
            gathered = {id(one): one.full_tensor().float() for one in self.network.parameters()}
        network = copy.deepcopy(self._skeleton)
        network.load_state_dict(
            {name: gathered[id(one)] for name, one in parts.items()}, strict=False, assign=True
        )
        buffers = dict(self.network.named_buffers())
        for name, buffer in network.named_buffers():
            buffer.data = buffers[name].detach().clone()
        yield network.eval()


def _without_content(weight: Any) -> Any:
    import torch

    return torch.nn.Parameter(weight.detach().to("meta"), requires_grad=weight.requires_grad)


@contextlib.contextmanager
def _in_float32(network: Any) -> Iterator[None]:
    """Without the lower precision that accelerate puts around the network's forward pass.

    Numbers of arms are compared to .01 nats, and bf16 varies by more with the shape of a batch.
    """
    wrapped = network.__dict__.get("forward")
    plain = network.__dict__.get("_original_forward")
    if plain is None:
        yield
        return
    network.forward = plain
    try:
        yield
    finally:
        network.forward = wrapped
