"""Training one model on one mixture, on accelerate.

accelerate places the model on a CPU, a GPU or several of them (`torchrun`), and handles mixed
precision and accumulation; `layouts.py` divides models among workers. The data (`mixture.py`) and
the learning rate (`optimizers.rate`) have no state, so a checkpoint (`checkpoints.py`) is weights,
optimizers, generators, the step, and the tables so far. A resumed run continues from the last
checkpoint; on one CPU thread it gives the same bits as an undisturbed one.

transformers' Trainer was considered. It adds a sampler of its own, whose position must be replayed
on resume, and its callbacks cost more than a step of the small models that arms are first tried on.

A run's folder holds the last checkpoints and curves (`tracking`).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from pivotmine.errors import ModelError
from pivotmine.model.config.training import TrainingConfig
from pivotmine.model.shards.packing import Sequences
from pivotmine.model.training.attention import batch, set_attention
from pivotmine.model.training.board import Board
from pivotmine.model.training.checkpoints import LOSSES, Done, Rows, checkpoints, resume, save
from pivotmine.model.training.layouts import Layout, make_layout
from pivotmine.model.training.mixture import Mixture, look_ahead
from pivotmine.model.training.networks import check_masking
from pivotmine.model.training.optimizers import set_rates
from pivotmine.model.training.throughput import Meter

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
    keep: Callable[[Any], None] | None = None
    """Called on the main worker with the trained network, whole."""
    check: Callable[[], None] = lambda: None
    """Called on the main worker before anything is written; raises if the run is not ours."""
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
    ConfigError, SetupError
        The settings ask for something that the device or the architecture does not have.
    ModelError
        The loss or the gradient is not finite.
    """
    import torch

    config = job.config
    torch.manual_seed(job.seed)
    network.train()
    attention = set_attention(network, config, accelerator.device)
    meter = Meter(network, config, accelerator)
    n_vocabulary = network.get_input_embeddings().weight.shape[0]
    layout = make_layout(accelerator, network, config)
    if attention != "dense" and config.mask_documents:
        check_masking(layout.network, n_vocabulary, accelerator.device)
    losses, evaluations, done = resume(accelerator, layout.state, job.folder, job.say)
    job.advance(done * config.step_tokens)
    board = Board(job.folder, done, config.tracking, accelerator.is_main_process)
    if done == 0 and 0 in job.evaluate_at:
        evaluations += _evaluated(accelerator, layout, job, 0)
    reading = look_ahead(
        job.mixture,
        config.batch_sequences,
        range(done, job.n_steps),
        accelerator.process_index,
        accelerator.num_processes,
        config.look_ahead_steps,
    )
    with contextlib.closing(reading) as feed:
        for step in range(done, job.n_steps):
            began = time.perf_counter()
            micro = _micro_batches(next(feed), config, attention, accelerator.device)
            row = _step(accelerator, layout, job, step, micro)
            losses.append(meter.measured({**row, "seconds": time.perf_counter() - began}))
            board.step(losses[-1])
            job.advance(config.step_tokens)
            if step + 1 in job.evaluate_at:
                found = _evaluated(accelerator, layout, job, step + 1)
                board.evaluation(found)
                evaluations += found
            stops = step + 1 == job.stop_at
            if (step + 1) % config.checkpoint_steps == 0 or stops or step + 1 == job.n_steps:
                if accelerator.is_main_process:
                    job.check()
                save(accelerator, layout.state, job.folder, Done(losses, evaluations, step + 1))
                job.say(meter.line(losses[-1]))
            if stops:
                break
    board.close()
    layout.state.wait()
    if job.keep and not job.stop_at:
        with layout.whole() as whole:
            if accelerator.is_main_process:
                job.keep(whole)
    accelerator.wait_for_everyone()
    accelerator.free_memory()
    return Trained(pa.Table.from_pylist(losses, schema=LOSSES), evaluations)


def _step(
    accelerator: Accelerator, layout: Layout, job: Job, step: int, micro: Sequence[Any]
) -> dict[str, Any]:
    """One update of the weights."""
    import torch

    config = job.config
    learning_rate = set_rates(layout.optimizers, step, job.n_steps, config)
    total = torch.zeros((), device=accelerator.device)
    for number, inputs in enumerate(micro):
        with layout.micro_batch(number + 1 == len(micro)):
            # Micro-batches have equally many tokens, so the mean of their means is the mean.
            loss = layout.network(**inputs).loss / len(micro)
            accelerator.backward(loss)
        total += loss.detach()
    norm = float(_whole(accelerator.clip_grad_norm_(layout.network.parameters(), config.clip_norm)))
    mean = float(accelerator.reduce(total, "mean"))
    if not np.isfinite([mean, norm]).all():
        _stop(job, step, learning_rate, "gradient" if np.isfinite(mean) else "loss", mean)
    for optimizer in layout.optimizers:
        optimizer.step()
        optimizer.zero_grad()
    return {
        "step": step + 1,
        "tokens": (step + 1) * config.step_tokens,
        "loss": mean,
        "learning_rate": learning_rate,
        "gradient_norm": norm,
    }


def _stop(job: Job, step: int, learning_rate: float, what: str, loss: float) -> None:
    """End a run before its weights are lost; all workers come here in the same step."""
    kept = checkpoints(job.folder)
    before = f"{kept[-1].name} is kept" if kept else "there is no checkpoint yet"
    raise ModelError(
        f"the {what} of step {step + 1} is not finite (loss {loss}), and the weights were not "
        f"changed by it; {before}. Lower training.learning_rate (it was {learning_rate:.2g}) or "
        "raise training.warmup_share"
    )


def _whole(norm: Any) -> Any:
    """A norm of divided gradients, summed up over workers."""
    return norm.full_tensor() if hasattr(norm, "full_tensor") else norm


def _micro_batches(
    sequences: Sequences, config: TrainingConfig, attention: str, device: Any
) -> list[Any]:
    size = config.micro_sequences
    parts = [slice(start, start + size) for start in range(0, len(sequences.ids), size)]
    return [
        batch(Sequences(*(column[part] for column in sequences)), config, attention, device)
        for part in parts
    ]


def _evaluated(accelerator: Accelerator, layout: Layout, job: Job, step: int) -> Rows:
    """Rows of all evaluations, in their order, on every worker."""
    import torch
    from accelerate.utils import gather_object

    rank, world = accelerator.process_index, accelerator.num_processes
    # The number of evaluations must not change the run.
    with torch.random.fork_rng(), layout.whole() as whole:
        own = [(n, job.evaluations[n](whole)) for n in range(rank, len(job.evaluations), world)]
    found = gather_object(own) if world > 1 else own
    tokens = step * job.config.step_tokens
    at = {"step": step, "tokens": tokens}
    return [{**at, **row} for _, rows in sorted(found, key=lambda one: one[0]) for row in rows]
