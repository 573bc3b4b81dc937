"""Checkpoints of a run: accelerate's state, the step, and the tables so far.

A checkpoint is the folder `checkpoint-<step>/`, which is put in place whole. Only the last one is
kept.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from pivotmine.model.results import read_table, write_table

if TYPE_CHECKING:
    from accelerate import Accelerator

LOSSES = pa.schema(
    [
        pa.field("step", pa.int32()),  # from 1
        pa.field("tokens", pa.int64()),  # trained on so far
        pa.field("loss", pa.float64()),  # nats a token, mean of the step
        pa.field("learning_rate", pa.float64()),
        pa.field("gradient_norm", pa.float64()),
        pa.field("seconds", pa.float64()),  # of the step, without evaluation and checkpoint
    ]
)

Rows = list[dict[str, Any]]


class Done(NamedTuple):
    """What a run has done so far."""

    losses: Rows
    """Rows of `LOSSES`."""
    evaluations: Rows
    step: int


def save(accelerator: Accelerator, folder: Path, done: Done) -> None:
    """Write a checkpoint and drop the one before; all workers call this."""
    target = folder / f"checkpoint-{done.step:08d}"
    partial = folder / ".partial"
    if accelerator.is_main_process:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
    accelerator.wait_for_everyone()
    accelerator.save_state(str(partial))
    if accelerator.is_main_process:
        write_table(partial / "losses.parquet", pa.Table.from_pylist(done.losses, schema=LOSSES))
        if done.evaluations:
            write_table(partial / "evaluations.parquet", pa.Table.from_pylist(done.evaluations))
        partial.replace(target)
        for old in checkpoints(folder)[:-1]:
            shutil.rmtree(old)
    accelerator.wait_for_everyone()


def resume(accelerator: Accelerator, folder: Path) -> Done:
    """Load the last checkpoint into what the accelerator has prepared, if there is one."""
    found = checkpoints(folder)
    if not found:
        return Done([], [], 0)
    accelerator.load_state(str(found[-1]))
    losses = read_table(found[-1] / "losses.parquet")
    evaluations = read_table(found[-1] / "evaluations.parquet")
    return Done(
        losses.to_pylist() if losses else [],
        evaluations.to_pylist() if evaluations else [],
        int(found[-1].name.rpartition("-")[2]),
    )


def checkpoints(folder: Path) -> list[Path]:
    """Folders of all checkpoints, the oldest first."""
    return sorted(folder.glob("checkpoint-*"))
