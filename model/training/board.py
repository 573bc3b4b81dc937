"""Curves of a run for TensorBoard, and for Weights & Biases."""

from __future__ import annotations

import importlib.util
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

from pivotmine.model.config.parallel import TrackingConfig
from pivotmine.model.load import require

_CURVES = ("loss", "learning_rate", "gradient_norm", "mfu")
_MEANS = ("contrast", "accuracy_source", "mrr_source", "loss")


class Board:
    """Writes curves where `TrackingConfig` says, on the main worker.

    What an interrupted run wrote beyond the `done` steps is dropped from TensorBoard's files;
    Weights & Biases keep the first value of a step.

    Raises
    ------
    SetupError
        wandb is asked for and not installed.
    """

    def __init__(self, folder: Path, done: int, config: TrackingConfig, is_main: bool) -> None:
        self._writer: Any = None
        self._run: Any = None
        if config.wandb != "off":
            require("wandb", extra="train")
        if is_main and config.tensorboard and importlib.util.find_spec("tensorboard"):
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(str(folder / "tensorboard"), purge_step=done + 1)
        if is_main and config.wandb != "off":
            import wandb

            folder.mkdir(parents=True, exist_ok=True)
            self._run = wandb.init(
                project=config.wandb_project,
                name=folder.name,
                id=folder.name,
                resume="allow",
                mode=config.wandb,
                dir=str(folder),
            )

    def step(self, row: Mapping[str, Any]) -> None:
        """Write a row of `checkpoints.LOSSES`."""
        curves = {f"train/{name}": row[name] for name in _CURVES if row[name] is not None}
        tokens = row["tokens"] / row["step"]
        self._write({**curves, "train/tokens_per_second": tokens / row["seconds"]}, row["step"])

    def evaluation(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write the rows of an evaluation, as means by name."""
        found: dict[int, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        for row in rows:
            for name in _MEANS:
                if row.get(name) is not None and "name" in row:
                    found[row["step"]][f"{row['name']}/{name}"].append(row[name])
        for step, curves in sorted(found.items()):
            self._write({name: fmean(values) for name, values in sorted(curves.items())}, step)

    def _write(self, curves: Mapping[str, float], step: int) -> None:
        if self._writer:
            for name, value in curves.items():
                self._writer.add_scalar(name, value, step)
        if self._run:
            self._run.log(dict(curves), step=step)

    def close(self) -> None:
        """Write what is buffered."""
        if self._writer:
            self._writer.close()
        if self._run:
            self._run.finish()
