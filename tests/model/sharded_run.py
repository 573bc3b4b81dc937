"""Runs of a tiny model that is divided among the workers of torchrun, or not; started by a test."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pivotmine.model.config.training import TrainingConfig
from pivotmine.model.shards.packing import Packing
from pivotmine.model.shards.stream import open_stream
from pivotmine.model.training.mixture import Mixture, Placement, slots
from pivotmine.model.training.networks import start, with_lora
from pivotmine.model.training.train import Job, train
from pivotmine.model.training.workers import make_accelerator

N_STEPS = 7

COMMON = {
    "shape": {"hidden_size": 20, "n_layers": 2, "n_heads": 2, "feed_forward_size": 33},
    "sequence_tokens": 12, "batch_sequences": 4, "micro_sequences": 1, "learning_rate": 0.01,
    "checkpoint_steps": 3, "tracking": {"tensorboard": False, "peak_tflops": 0.001},
}  # fmt: skip

RUNS: dict[str, tuple[dict[str, Any], tuple[int, ...]]] = {
    "adamw": ({}, ()),
    "resumed": ({}, (2, 5)),
    "damaged": ({}, (5,)),
    "muon": ({"optimizer": "muon", "gradient_checkpointing": True}, (4,)),
    "low rank": ({"lora_rank": 2}, (4,)),
    "bf16": ({"precision": "bf16"}, ()),
}
"""Name -> settings, and the steps at which the run is stopped and resumed. Of the last checkpoint
of `damaged`, what the second worker wrote is cut in half before it is resumed."""


def trained(shards: str, folder: Path, name: str, sharding: str) -> dict[str, Any]:
    """The curve, the evaluations and the norm of the kept model of a run."""
    import torch
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state()  # a process has one precision
    settings, stops = RUNS[name]
    config = TrainingConfig.model_validate({**COMMON, **settings, "sharding": {"mode": sharding}})
    stream = open_stream(shards)
    kept: dict[str, Any] = {}

    def norm(network: Any) -> list[dict[str, Any]]:
        loss = network(input_ids=torch.arange(8)[None], labels=torch.arange(8)[None]).loss
        return [{"kind": "heldout", "name": "norm", "loss": float(loss.detach())}]

    def again(network: Any) -> list[dict[str, Any]]:
        return [{**row, "name": "again"} for row in norm(network)]

    def keep(network: Any) -> None:
        kept.update({n: w.double().norm().item() for n, w in network.state_dict().items()})

    accelerator = make_accelerator(config)
    said: list[str] = []
    for stop in (*stops, None):
        network = with_lora(start(config, [stream], 7, said.append).network, config.lora_rank, 7)
        mixture = Mixture(
            [Packing(stream, config.sequence_tokens, (7,))],
            slots([Placement("all", 1.0)], N_STEPS * config.batch_sequences),
        )
        evaluations = [norm, again]
        job = Job(
            mixture, config, 7, folder / name, evaluations, {0, 3, 7}, say=said.append,
            keep=keep, stop_at=stop,
        )  # fmt: skip
        found = train(accelerator, network, job)
        part = folder / name / f"checkpoint-{stop:08d}" / "parts" / "__1_0.distcp" if stop else None
        if name == "damaged" and part and accelerator.is_main_process and part.exists():
            part.write_bytes(part.read_bytes()[: part.stat().st_size // 2])
        accelerator.wait_for_everyone()
    AcceleratorState._reset_state()
    return {
        "losses": found.losses.to_pylist(),
        "evaluations": found.evaluations,
        "kept": kept,
        "said": said,
    }


def all_runs(shards: str, folder: Path, sharding: str) -> Mapping[str, Any]:
    return {name: trained(shards, folder, name, sharding) for name in RUNS}


if __name__ == "__main__":
    import os

    import torch

    torch.set_num_threads(1)
    out = Path(sys.argv[2])
    result = all_runs(sys.argv[1], out, "full")
    if os.environ["RANK"] == "0":
        (out / "result.json").write_text(json.dumps(result))
    torch.distributed.destroy_process_group()
