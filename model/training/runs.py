"""Runs of a grid: an arm and a seed, and the folder with what was measured."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from pivotmine.model.results import read_table, write_table
from pivotmine.model.training.checkpoints import EVALUATIONS, LOSSES
from pivotmine.model.training.plan import Phase
from pivotmine.model.training.train import Trained

_RUN = [pa.field("arm", pa.string()), pa.field("seed", pa.int32())]

TABLES = {
    "evaluations": pa.schema([*_RUN, *EVALUATIONS]),
    "losses": pa.schema([*_RUN, *LOSSES]),
}
"""Name of a run's table -> its schema."""


class Run(NamedTuple):
    """A run of a grid."""

    phase: Phase
    seed: int
    folder: Path
    keep: bool
    """Whether its model is kept."""

    @property
    def is_finished(self) -> bool:
        """Whether all of its tables are written."""
        return (self.folder / "losses.parquet").exists()

    @property
    def lease(self) -> Path:
        """The file that says which process trains it."""
        return self.folder.parent.parent / "leases" / f"{self.folder.name}.json"

    def write(self, trained: Trained) -> None:
        """Write the tables; that of losses last, because it marks the run as finished."""
        for name, rows in (
            ("evaluations", trained.evaluations),
            ("losses", trained.losses.to_pylist()),
        ):
            named = [{"arm": self.phase.name, "seed": self.seed, **row} for row in rows]
            table = pa.Table.from_pylist(named, schema=TABLES[name])
            write_table(self.folder / f"{name}.parquet", table)

    def tables(self) -> dict[str, pa.Table]:
        """The tables that are there, by name."""
        paths = {name: self.folder / f"{name}.parquet" for name in TABLES}
        return {name: table for name, path in paths.items() if (table := read_table(path))}

    def line(self, losses: pa.Table) -> str:
        """A line for the log; the loss is the mean of the last twentieth of the steps."""
        tokens, seconds = losses["tokens"].to_numpy(), losses["seconds"].to_numpy()
        last = losses["loss"].to_numpy()[-max(1, len(tokens) // 20) :].mean()
        rate = tokens[-1] / seconds.sum()
        return f"{self.phase.name}, seed {self.seed}: loss {last:.3f}, {rate:,.0f} tokens a second"
