"""Muon over matrices that are divided among workers.

Torch's Muon also runs on divided matrices, but multiplies parts in bf16 and sums them in another
order, which moves losses by 1e-4. Here every worker gathers the update of one matrix at a time and
orthogonalises it whole, so the steps are those of one process. Momentum stays divided.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.distributed.tensor import distribute_tensor


class ShardedMuon(torch.optim.Muon):  # type: ignore[misc]
    """Muon for parameters that are DTensors; settings and state are those of torch's."""

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def step(self, closure: Any = None) -> None:
        """Update all matrices. Memory: one gathered matrix, and three copies in bf16."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if "momentum_buffer" not in state:
                    state["momentum_buffer"] = torch.zeros_like(weight.grad)
                momentum = state["momentum_buffer"]
                momentum.lerp_(weight.grad, 1 - group["momentum"])
                update = momentum
                if group["nesterov"]:
                    update = weight.grad.lerp(momentum, group["momentum"])
                change = self._change(update.full_tensor(), group)
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                # Each worker takes its own part; all of them computed the same.
                part = distribute_tensor(
                    change, weight.device_mesh, weight.placements, src_data_rank=None
                )
                weight.add_(part, alpha=group["lr"])

    def _change(self, update: torch.Tensor, group: dict[str, Any]) -> torch.Tensor:
        """The change of a whole matrix at rate 1: a step of torch's Muon from 0."""
        whole = torch.nn.Parameter(torch.zeros_like(update))
        whole.grad = update
        same = {name: group[name] for name in ("ns_coefficients", "eps", "ns_steps")}
        torch.optim.Muon(
            [whole], lr=1.0, weight_decay=0.0, momentum=0.0, nesterov=False,
            adjust_lr_fn=group["adjust_lr_fn"], **same,
        ).step()  # fmt: skip
        return whole.detach()
