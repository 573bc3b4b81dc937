"""What a run keeps in its folder: checkpoints, and curves if TensorBoard is installed.

A checkpoint is accelerate's state, the step, and the tables so far, in a folder
`checkpoint-<step>/`, which is put in place whole. Only the last one is kept.
"""

from __future__ import annotations

import importlib.util
import shutil
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import fmean
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
    """Load the last checkpoint, if there is one, into the accelerator's model and optimizer."""
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


_CURVES = ("loss", "learning_rate", "gradient_norm")
_MEANS = ("contrast", "accuracy_source", "mrr_source", "loss")


class Board:
    """Writes into `folder`/tensorboard, if TensorBoard is installed and this is the main worker.

    What an interrupted run wrote beyond the `done` steps is dropped.
    """

    def __init__(self, folder: Path, done: int, is_main: bool) -> None:
        self._writer: Any = None
        if is_main and importlib.util.find_spec("tensorboard"):
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(str(folder / "tensorboard"), purge_step=done + 1)

    def step(self, row: Mapping[str, Any]) -> None:
        """Write a row of `checkpoints.LOSSES`."""
        if self._writer:
            for name in _CURVES:
                self._writer.add_scalar(f"train/{name}", row[name], row["step"])
            rate = row["tokens"] / row["step"] / row["seconds"]
            self._writer.add_scalar("train/tokens_per_second", rate, row["step"])

    def evaluation(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write the rows of an evaluation, as means by name."""
        if not self._writer:
            return
        found: dict[tuple[str, int], list[float]] = defaultdict(list)
        for row in rows:
            for name in _MEANS:
                if row.get(name) is not None and "name" in row:
                    found[f"{row['name']}/{name}", row["step"]].append(row[name])
        for (name, step), values in sorted(found.items()):
            self._writer.add_scalar(name, fmean(values), step)

    def close(self) -> None:
        """Flush."""
        if self._writer:
            self._writer.close()
