"""Readings and ablations of cells, computed once and kept as files.

States are not kept, because computing them takes seconds; unembedding them takes minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.model.config.measuring import LensConfig
from pivotmine.model.lens.ablation import ABLATIONS, Ablation, ablate
from pivotmine.model.lens.cells import Cell, Cells
from pivotmine.model.lens.lenses import LensName, Statistics, apply, fit_groups
from pivotmine.model.lens.network import Parts
from pivotmine.model.lens.readout import Readings, read, read_states
from pivotmine.model.load import LoadedModel
from pivotmine.model.progress import Progress
from pivotmine.model.results import key, read_table, write_table
from pivotmine.model.scoring.shared_cache import Limits
from pivotmine.model.words.dataset import Direction, WordSet


@dataclass
class Bench:
    """A model and everything that its cells share."""

    model: LoadedModel
    parts: Parts
    words: WordSet
    cells: Cells
    config: LensConfig
    limits: Limits
    out: Path
    progress: Progress
    _states: dict[tuple[str, str], NDArray[np.float32]] = field(default_factory=dict)
    _statistics: dict[str, dict[int, Statistics]] = field(default_factory=dict)

    def readings(self, cell: Cell, lens: LensName) -> Readings:
        """What a lens reads in a cell; read from its file if it is there."""
        path = self._path("readings", cell, {"lens": lens, "n_fit": self.config.fit_limit})
        table = read_table(path)
        if table is None and cell.concepts:
            states = self._states_of(cell)
            if lens != "logit":
                known = self.statistics(cell.direction)
                states = np.stack(
                    [
                        apply(lens, state, known.get(n, known[-1]))
                        for state, n in zip(states, cell.n_spaces.tolist(), strict=True)
                    ]
                )
            self._start(cell, f"{lens} lens")
            table = read(
                self.parts,
                self.model.tokenizer,
                states,
                cell.watched,
                self.config.n_top,
                self.limits,
                self.progress.advance,
            )
            write_table(path, table)
        return Readings(table)

    def ablations(self, cell: Cell, layers: tuple[int, ...]) -> pa.Table:
        """The causal check of a cell; read from its file if it is there."""
        more = {
            "layers": list(layers),
            "way": 2,
            "n": self.config.n_ablated,
            "fit": self.config.fit_limit,
        }
        path = self._path("ablations", cell, more)
        table = read_table(path)
        if table is None:
            if not layers:
                return ABLATIONS.empty_table()
            known = self.statistics(cell.direction)
            self._start(cell, "ablation")
            table = ablate(
                self.model,
                self.parts,
                cell.contexts,
                cell.watched,
                [known.get(n, known[-1]) for n in cell.n_spaces.tolist()],
                Ablation(cell.pivot, cell.direction.target, layers, self.config.n_ablated),
                self.limits,
                self.progress.advance,
            )
            write_table(path, table)
        return table

    def statistics(self, direction: Direction) -> dict[int, Statistics]:
        """Statistics of the states of a direction's train words, by kind of position."""
        if str(direction) not in self._statistics:
            cell = self.cells.make(direction, "train", self.config.fit_limit)
            self._statistics[str(direction)] = fit_groups(self._states_of(cell), cell.n_spaces)
        return self._statistics[str(direction)]

    def _states_of(self, cell: Cell) -> NDArray[np.float32]:
        place = (str(cell.direction), cell.split)
        if place not in self._states:
            self._start(cell, "states")
            self._states = {}  # states of one cell at a time are kept
            found = read_states(
                self.model, self.parts, cell.contexts, self.limits, self.progress.advance
            )
            self._states[place] = found.cpu().numpy()
        return self._states[place]

    def _start(self, cell: Cell, what: str) -> None:
        self.progress.start(f"{cell.direction} {cell.split}, {what}", len(cell.concepts))

    def _path(self, kind: str, cell: Cell, more: Mapping[str, Any]) -> Path:
        digest = key(
            {
                "model": self.model.version,
                "words": self.words.version,
                "direction": str(cell.direction),
                "contexts": [list(context) for context in cell.contexts],
                "watched": [
                    [item.concept.id, {name: list(ids) for name, ids in item.tokens.items()}]
                    for item in cell.watched
                ],
                "n_top": self.config.n_top,
                **more,
            }
        )
        lens = f"-{more['lens']}" if "lens" in more else ""
        return self.out / kind / f"{cell.direction}-{cell.split}{lens}-{digest}.parquet"
