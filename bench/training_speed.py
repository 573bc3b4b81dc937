"""Tokens a second, MFU and memory of training, with and without what makes it faster.

    python -m bench.training_speed smollm2-135m    # full training in bf16, on a GPU
    torchrun --nproc_per_node=8 -m bench.training_speed FOLDER --sharding full

The documents are random ids of web-like lengths (median 400 tokens), packed and masked as in
`pivotmine-model train`, whose code is run. Without a model a small new one is trained. The first
steps (compilation, caches) are not counted.
"""

from __future__ import annotations

import argparse
import copy
import tempfile
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from pivotmine.errors import PivotMineError
from pivotmine.model.config.measuring import ModelConfig
from pivotmine.model.config.training import TrainingConfig
from pivotmine.model.load import load_model
from pivotmine.model.shards.packing import Packing
from pivotmine.model.shards.stream import Stream, TokenizerFile
from pivotmine.model.training.mixture import Mixture, Placement, slots
from pivotmine.model.training.networks import start
from pivotmine.model.training.train import Job, train
from pivotmine.model.training.workers import make_accelerator

VARIANTS: dict[str, dict[str, Any]] = {
    "dense mask": {"attention": "dense"},
    "dense mask, compiled": {"attention": "dense", "compile": True},
    "flash": {"attention": "flash"},
    "flash, compiled": {"attention": "flash", "compile": True},
    "flash, gradient checkpointing": {"attention": "flash", "gradient_checkpointing": True},
    "flex, compiled": {"attention": "flex", "compile": True},
}
"""Name -> settings. Those that a machine does not have are reported as such."""

N_WARM = 3
"""Steps that are not counted, if there are more."""


class Measured(NamedTuple):
    """The speed of one variant."""

    variant: str
    tokens_per_second: float
    mfu: float | None
    gib: float | None
    """Largest memory of the first GPU."""
    loss: float
    """Of the last step: the same in all variants, to rounding."""


def documents(n_tokens: int, n_vocabulary: int) -> Stream:
    """A stream of random documents."""
    generator = np.random.default_rng(0)
    lengths = np.clip(generator.lognormal(np.log(400), 1.0, max(8, n_tokens // 400)), 8, 20_000)
    lengths = lengths.astype(np.int64)
    ids = generator.integers(0, n_vocabulary, int(lengths.sum())).astype(np.uint32)
    starts = np.cumsum(lengths) - lengths
    none = TokenizerFile("sentencepiece", b"", "")
    files = np.zeros(len(lengths), np.int32)
    return Stream("random", (ids,), files, starts, lengths, n_vocabulary, none, {}, None, "random")


def measure(network: Any, config: TrainingConfig, variant: str, n_steps: int) -> Measured:
    """Train a copy of the network for some steps."""
    import torch

    accelerator = make_accelerator(config)
    on_gpu = accelerator.device.type == "cuda"
    n_vocabulary = network.get_input_embeddings().weight.shape[0]
    n_sequences = n_steps * config.batch_sequences
    stream = documents(n_sequences * config.sequence_tokens, n_vocabulary)
    packing = Packing(stream, config.sequence_tokens, (0,))
    mixture = Mixture([packing], slots([Placement("all", 1.0)], n_sequences))
    if on_gpu:
        torch.cuda.reset_peak_memory_stats()
    with tempfile.TemporaryDirectory() as folder:
        job = Job(mixture, config, 0, Path(folder))
        rows = train(accelerator, copy.deepcopy(network), job).losses.to_pylist()
    counted = rows[min(N_WARM, n_steps - 1) :]
    seconds = median(row["seconds"] for row in counted)
    shares = [row["mfu"] for row in counted if row["mfu"] is not None]
    gib = torch.cuda.max_memory_allocated() / 2**30 if on_gpu else None
    return Measured(
        variant,
        config.step_tokens / seconds,
        median(shares) if shares else None,
        gib,
        rows[-1]["loss"],
    )


def main() -> None:
    """Measure all variants, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", default="", help="as `pivotmine-model score` takes it")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--sequence-tokens", type=int, default=2048)
    parser.add_argument("--batch-sequences", type=int, default=32)
    parser.add_argument("--micro-sequences", type=int, default=8)
    parser.add_argument("--precision", default="bf16")
    parser.add_argument("--sharding", default="none")
    asked = parser.parse_args()
    common = {
        "sequence_tokens": asked.sequence_tokens, "batch_sequences": asked.batch_sequences,
        "micro_sequences": asked.micro_sequences, "precision": asked.precision,
        "checkpoint_steps": 10**6, "sharding": {"mode": asked.sharding},
        "tracking": {"tensorboard": False},
    }  # fmt: skip
    config = TrainingConfig.model_validate(common)
    if asked.model:
        network = load_model(asked.model, ModelConfig(device="cpu")).network
        network.requires_grad_(True)
    else:
        network = start(config, [documents(1000, 1000)], 0, print).network
    print("| variant | tokens a second | MFU | GiB | last loss |\n|---|---|---|---|---|")
    for variant, settings in VARIANTS.items():
        try:
            own = TrainingConfig.model_validate({**common, **settings})
            found = measure(network, own, variant, asked.steps)
        except (PivotMineError, ValueError) as error:
            print(f"| {variant} | not here: {' '.join(str(error).split())[:120]} | | | |")
            continue
        share = f"{found.mfu:.1%}" if found.mfu is not None else "unknown peak"
        gib = f"{found.gib:.1f}" if found.gib is not None else "no GPU"
        rate = f"{found.tokens_per_second:,.0f}"
        print(f"| {variant} | {rate} | {share} | {gib} | {found.loss:.3f} |", flush=True)


if __name__ == "__main__":
    main()
