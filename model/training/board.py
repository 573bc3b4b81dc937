"""Curves of a run for TensorBoard."""

from __future__ import annotations

import importlib.util
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

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
