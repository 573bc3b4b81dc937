"""Training one model on one mixture, on accelerate.

accelerate places the model on CPU, GPU or several of them (`torchrun`, `accelerate launch`), does
mixed precision and accumulation, and saves what has a state: weights, optimizer, generators. The
data have none (`mixture.py`) and neither has the rate (`schedule.py`), so a checkpoint is that
state, the step in its name, and the tables up to it; resuming reads the last one and goes on, on
one CPU thread with the same bits. transformers' Trainer was the other choice: it would add its own
sampler, whose position must be replayed on resume, and its callbacks cost more than a step of the
small models that arms are first tried on.

A run's folder: `checkpoint-<step>/`, with the tables of losses and evaluations so far inside, and
`tensorboard/` where TensorBoard is installed.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from pivotmine.errors import ConfigError
from pivotmine.model.config import TrainingConfig
from pivotmine.model.errors import ModelError
from pivotmine.model.results import read_table, write_table
from pivotmine.model.training.board import Board
from pivotmine.model.training.mixture import Mixture
from pivotmine.model.training.networks import with_lora
from pivotmine.model.training.schedule import rate

if TYPE_CHECKING:
    from accelerate import Accelerator

LOSSES = pa.schema(
    [
        pa.field("step", pa.int32()),  # from 1
        pa.field("tokens", pa.int64()),  # trained on so far
        pa.field("loss", pa.float64()),  # nats a token, mean of the step
        pa.field("learning_rate", pa.float64()),
        pa.field("gradient_norm", pa.float64()),
        pa.field("seconds", pa.float64()),  # of the step, evaluation and checkpoint left out
    ]
)

Rows = list[dict[str, Any]]


class Job(NamedTuple):
    """A run: what is trained, on what, and where its state is kept."""

    mixture: Mixture
    config: TrainingConfig
    seed: int
    folder: Path
    evaluate: Callable[[Any], Rows] = lambda _: []
    """From the network to rows of results, each of which gets the step and the tokens."""
    evaluate_at: Collection[int] = ()
    """Steps after which to evaluate; 0 is before the first."""
    advance: Callable[[int], None] = lambda _: None
    """Called with the number of tokens just done."""
    stop_at: int | None = None
    """Stop after this step as if killed. For tests of resuming."""

    @property
    def n_steps(self) -> int:
        return len(self.mixture) // self.config.batch_sequences


class Trained(NamedTuple):
    """What a run measured."""

    losses: pa.Table
    """`LOSSES`"""
    evaluations: Rows


def train(accelerator: Accelerator, network: Any, job: Job) -> Trained:
    """Train, or go on where the last checkpoint is; the network is changed in place.

    With low-rank changes, what was trained is those; `networks.merged` adds them in.

    Raises
    ------
    ModelError
        The loss is not finite.
    """
    import torch

    config = job.config
    torch.manual_seed(job.seed)
    network.train()
    optimizer = torch.optim.AdamW(
        _groups(network, config.weight_decay),
        lr=config.learning_rate,
        betas=(0.9, config.beta2),
    )
    network, optimizer = accelerator.prepare(network, optimizer)
    losses, evaluations, done = _resume(accelerator, job)
    job.advance(done * _tokens_a_step(config))
    board = Board(job.folder, done, accelerator.is_main_process)
    if done == 0 and 0 in job.evaluate_at:
        evaluations += _evaluated(accelerator, network, job, 0)
    for step in range(done, job.n_steps):
        losses.append(_step(accelerator, network, optimizer, job, step))
        board.step(losses[-1])
        job.advance(_tokens_a_step(config))
        if step + 1 in job.evaluate_at:
            found = _evaluated(accelerator, network, job, step + 1)
            board.evaluation(found)
            evaluations += found
        stops = step + 1 == job.stop_at
        if (step + 1) % config.checkpoint_steps == 0 or stops or step + 1 == job.n_steps:
            _save(accelerator, job, step + 1, losses, evaluations)
        if stops:
            break
    board.close()
    accelerator.free_memory()
    return Trained(pa.Table.from_pylist(losses, schema=LOSSES), evaluations)


def prepared(network: Any, config: TrainingConfig) -> Any:
    """The network as it is trained: itself, or with low-rank changes."""
    return with_lora(network, config.lora_rank) if config.lora_rank else network


def make_accelerator(config: TrainingConfig, device: str = "auto") -> Accelerator:
    """One for all runs of a process.

    Parameters
    ----------
    device
        `pivotmine.model.device`: auto or cpu; which GPU is a matter of the launcher.

    Raises
    ------
    ConfigError
        Another device is named, the model is split over workers, or the batches of a step do not
        divide among them.
    """
    from accelerate import Accelerator
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # a bar per file of weights says nothing
    # It warns at every checkpoint that tied weights are stored once, which loses nothing.
    logging.getLogger("accelerate.utils.other").setLevel(logging.ERROR)
    if device not in ("auto", "cpu"):
        raise ConfigError(
            f"model.device={device}: training takes the GPUs that it is given; set auto and choose "
            "them with CUDA_VISIBLE_DEVICES or torchrun, or set cpu"
        )
    accelerator = Accelerator(
        mixed_precision="bf16" if config.precision == "bf16" else "no", cpu=device == "cpu"
    )
    check_whole(accelerator.distributed_type)
    n_micro = config.batch_sequences // config.micro_sequences
    if n_micro % accelerator.num_processes:
        raise ConfigError(
            f"training.batch_sequences / training.micro_sequences = {n_micro} batches a step do "
            f"not divide among {accelerator.num_processes} workers: lower micro_sequences"
        )
    return accelerator


def check_whole(distributed: str) -> None:
    """Raises `ConfigError` where workers hold parts of the model: one evaluates all of it."""
    if distributed in ("FSDP", "DEEPSPEED", "MEGATRON_LM"):
        raise ConfigError(
            f"accelerate is set up for {distributed}, which splits the model over workers; every "
            "worker needs the whole model here: start with torchrun, and for models that do not "
            "fit set training.lora_rank or a smaller training.micro_sequences"
        )


def _step(
    accelerator: Accelerator, network: Any, optimizer: Any, job: Job, step: int
) -> dict[str, Any]:
    """One update of the weights."""
    import torch

    began = time.perf_counter()
    config = job.config
    learning_rate = rate(step, job.n_steps, config)
    for group in optimizer.param_groups:
        group["lr"] = learning_rate
    micro = list(_micro_batches(accelerator, job, step))
    total = torch.zeros((), device=accelerator.device)
    for number, inputs in enumerate(micro):
        with accelerator.no_sync(network) if number + 1 < len(micro) else _nothing():
            # Micro-batches hold equally many tokens: the mean of their means is the mean.
            loss = network(**inputs).loss / len(micro)
            accelerator.backward(loss)
        total += loss.detach()
    norm = accelerator.clip_grad_norm_(network.parameters(), config.clip_norm)
    optimizer.step()
    optimizer.zero_grad()
    mean = float(accelerator.reduce(total, "mean"))
    if not np.isfinite(mean):
        raise ModelError(
            f"the loss of step {step + 1} is {mean}: lower training.learning_rate (it was "
            f"{learning_rate:.2g}), or raise training.warmup_share"
        )
    return {
        "step": step + 1,
        "tokens": (step + 1) * _tokens_a_step(config),
        "loss": mean,
        "learning_rate": learning_rate,
        "gradient_norm": float(norm),
        "seconds": time.perf_counter() - began,
    }


def _micro_batches(accelerator: Accelerator, job: Job, step: int) -> Iterator[dict[str, Any]]:
    import torch

    config = job.config
    batch = job.mixture.step(
        step, config.batch_sequences, accelerator.process_index, accelerator.num_processes
    )
    for start in range(0, len(batch.ids), config.micro_sequences):
        part = slice(start, start + config.micro_sequences)
        ids = torch.from_numpy(batch.ids[part]).to(accelerator.device)
        inputs = {"input_ids": ids, "labels": ids, "use_cache": False}
        if config.mask_documents:
            # Positions that begin anew tell transformers' attention where documents do.
            inputs["position_ids"] = torch.from_numpy(batch.positions[part]).to(ids.device)
        yield inputs


def _groups(network: Any, weight_decay: float) -> list[dict[str, Any]]:
    """Matrices decay; norms and biases do not."""
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    return [
        {"params": [w for w in weights if w.dim() > 1], "weight_decay": weight_decay},
        {"params": [w for w in weights if w.dim() <= 1], "weight_decay": 0.0},
    ]


def _evaluated(accelerator: Accelerator, network: Any, job: Job, step: int) -> Rows:
    import torch

    if not accelerator.is_main_process:
        accelerator.wait_for_everyone()
        return []
    bare = accelerator.unwrap_model(network)
    bare.eval()
    with torch.random.fork_rng():  # evaluating more often must not change the run
        rows = job.evaluate(bare)
    bare.train()
    accelerator.wait_for_everyone()
    tokens = step * _tokens_a_step(job.config)
    return [{"step": step, "tokens": tokens, **row} for row in rows]


def _save(accelerator: Accelerator, job: Job, step: int, losses: Rows, evaluations: Rows) -> None:
    """Write a checkpoint, in place at once, and drop the one before."""
    target = job.folder / f"checkpoint-{step:08d}"
    partial = job.folder / ".partial"
    if accelerator.is_main_process:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
    accelerator.wait_for_everyone()
    accelerator.save_state(str(partial))
    if accelerator.is_main_process:
        write_table(partial / "losses.parquet", pa.Table.from_pylist(losses, schema=LOSSES))
        if evaluations:
            write_table(partial / "evaluations.parquet", pa.Table.from_pylist(evaluations))
        partial.replace(target)
        for old in _checkpoints(job.folder)[:-1]:
            shutil.rmtree(old)
    accelerator.wait_for_everyone()


def _resume(accelerator: Accelerator, job: Job) -> tuple[Rows, Rows, int]:
    """Load the last checkpoint: rows so far, and steps done."""
    found = _checkpoints(job.folder)
    if not found:
        return [], [], 0
    accelerator.load_state(str(found[-1]))
    losses = read_table(found[-1] / "losses.parquet")
    evaluations = read_table(found[-1] / "evaluations.parquet")
    return (
        losses.to_pylist() if losses else [],
        evaluations.to_pylist() if evaluations else [],
        int(found[-1].name.rpartition("-")[2]),
    )


def _checkpoints(folder: Path) -> list[Path]:
    return sorted(folder.glob("checkpoint-*"))


def _tokens_a_step(config: TrainingConfig) -> int:
    return config.batch_sequences * config.sequence_tokens


class _nothing:  # noqa: N801 - a context manager, named like a function
    def __enter__(self) -> None: ...
    def __exit__(self, *error: object) -> None: ...
