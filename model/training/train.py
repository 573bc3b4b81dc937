"""Training one model on one mixture, on accelerate.

accelerate places the model on a CPU, a GPU or several of them (`torchrun`, `accelerate launch`),
and handles mixed precision and accumulation. The data (`mixture.py`) and the learning rate
(`optimizers.rate`) have no state, so a checkpoint (`checkpoints.py`) is weights, optimizers,
generators, the step, and the tables so far. A resumed run continues from the last checkpoint; on
one CPU thread it gives the same bits as an undisturbed one.

transformers' Trainer was considered. It adds a sampler of its own, whose position must be replayed
on resume, and its callbacks cost more than a step of the small models that arms are first tried on.

A run's folder holds the last checkpoint, and `tensorboard/` if TensorBoard is installed.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from pivotmine.errors import ModelError
from pivotmine.model.config.training import TrainingConfig
from pivotmine.model.training.board import Board
from pivotmine.model.training.checkpoints import LOSSES, Done, Rows, resume, save
from pivotmine.model.training.mixture import Mixture
from pivotmine.model.training.optimizers import optimizers, set_rates

if TYPE_CHECKING:
    from accelerate import Accelerator


class Job(NamedTuple):
    """A run: its data, settings and folder."""

    mixture: Mixture
    config: TrainingConfig
    seed: int
    folder: Path
    evaluations: Sequence[Callable[[Any], Rows]] = ()
    """Each evaluates the network in one respect, and returns rows of `checkpoints.EVALUATIONS`
    without step and tokens. The workers share them out."""
    evaluate_at: Collection[int] = ()
    """Steps after which to evaluate; 0 is before the first."""
    advance: Callable[[int], None] = lambda _: None
    """Called with the number of tokens just done."""
    say: Callable[[str], None] = lambda _: None
    """Called with a line for the log."""
    stop_at: int | None = None
    """Stop after this step as if interrupted; for tests."""

    @property
    def n_steps(self) -> int:
        return len(self.mixture) // self.config.batch_sequences


class Trained(NamedTuple):
    """The measurements of a run."""

    losses: pa.Table
    """`checkpoints.LOSSES`"""
    evaluations: Rows
    """Rows of `checkpoints.EVALUATIONS`."""


def train(accelerator: Accelerator, network: Any, job: Job) -> Trained:
    """Train from the beginning or the last checkpoint; the network is changed in place.

    If `networks.with_lora` added low-rank changes, only these are trained.

    Raises
    ------
    ModelError
        The loss is not finite.
    """
    import torch

    config = job.config
    torch.manual_seed(job.seed)
    network.train()
    network, *chosen = accelerator.prepare(network, *optimizers(network, config))
    losses, evaluations, done = resume(accelerator, network, chosen, job.folder, job.say)
    job.advance(done * config.step_tokens)
    board = Board(job.folder, done, accelerator.is_main_process)
    if done == 0 and 0 in job.evaluate_at:
        evaluations += _evaluated(accelerator, network, job, 0)
    for step in range(done, job.n_steps):
        losses.append(_step(accelerator, network, chosen, job, step))
        board.step(losses[-1])
        job.advance(config.step_tokens)
        if step + 1 in job.evaluate_at:
            found = _evaluated(accelerator, network, job, step + 1)
            board.evaluation(found)
            evaluations += found
        stops = step + 1 == job.stop_at
        if (step + 1) % config.checkpoint_steps == 0 or stops or step + 1 == job.n_steps:
            so_far = Done(losses, evaluations, step + 1)
            save(accelerator, network, chosen, job.folder, so_far)
        if stops:
            break
    board.close()
    accelerator.free_memory()
    return Trained(pa.Table.from_pylist(losses, schema=LOSSES), evaluations)


def _step(
    accelerator: Accelerator, network: Any, chosen: list[Any], job: Job, step: int
) -> dict[str, Any]:
    """One update of the weights."""
    import torch

    began = time.perf_counter()
    config = job.config
    learning_rate = set_rates(chosen, step, job.n_steps, config)
    micro = list(_micro_batches(accelerator, job, step))
    total = torch.zeros((), device=accelerator.device)
    for number, inputs in enumerate(micro):
        with accelerator.no_sync(network) if number + 1 < len(micro) else contextlib.nullcontext():
            # Micro-batches have equally many tokens, so the mean of their means is the mean.
            loss = network(**inputs).loss / len(micro)
            accelerator.backward(loss)
        total += loss.detach()
    norm = accelerator.clip_grad_norm_(network.parameters(), config.clip_norm)
    for optimizer in chosen:
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
        "tokens": (step + 1) * config.step_tokens,
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
            # transformers' attention finds the boundaries of documents by positions that restart.
            inputs["position_ids"] = torch.from_numpy(batch.positions[part]).to(ids.device)
        yield inputs


def _evaluated(accelerator: Accelerator, network: Any, job: Job, step: int) -> Rows:
    """Rows of all evaluations, in their order, on every worker."""
    import torch
    from accelerate.utils import gather_object

    rank, world = accelerator.process_index, accelerator.num_processes
    bare = accelerator.unwrap_model(network)
    bare.eval()
    # The number of evaluations must not change the run.
    with torch.random.fork_rng(), _in_float32(bare):
        own = [(n, job.evaluations[n](bare)) for n in range(rank, len(job.evaluations), world)]
    bare.train()
    found = gather_object(own) if world > 1 else own
    tokens = step * job.config.step_tokens
    at = {"step": step, "tokens": tokens}
    return [{**at, **row} for _, rows in sorted(found, key=lambda one: one[0]) for row in rows]


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
