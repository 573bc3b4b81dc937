"""What `pivotmine-model lens` has written: the layers at which a model uses other languages' words.

Only the files are read: `lens-KEY.json`, the summary of a run, and `traces-KEY.parquet`, a row for
each word of each direction.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from pivotmine.ask.rows import Rows
from pivotmine.errors import InputError

NO_RUNS = "holds no lens-*.json; `pivotmine-model lens` writes them"


@dataclass(frozen=True)
class LayerMass:
    """Mean probability of a role's words at a layer, over the words of a direction."""

    lens: str
    role: str
    """`source`, `pivot`, `target`, or the control words of another language."""
    layer: int
    mean: float | None
    low: float | None
    high: float | None
    """Ends of the 95 % interval; None where too few words were read."""


@dataclass(frozen=True)
class LensRun:
    """A run of the lens on a model."""

    key: str
    model: str
    directions: dict[str, dict[str, Any]]
    """`fr>zh` -> what the summary says of it."""
    traces: pa.Table
    """direction, concept, source, pivot, target strings, and a behaviour by each rule."""

    def layers(self, direction: str) -> Rows[LayerMass]:
        """The bands of a direction, for every lens that was read."""
        return Rows(LayerMass, _layers(self.directions[direction]))


def read_lens_runs(folder: Path) -> list[LensRun]:
    """The runs in a folder, newest first.

    Raises
    ------
    InputError
        The folder holds none, or a file of one is damaged or missing.
    """
    files = sorted(folder.glob("lens-*.json"), key=lambda file: (-file.stat().st_mtime, file))
    if not files:
        raise InputError(f"{folder} {NO_RUNS}")
    return [_read(file) for file in files]


def _read(file: Path) -> LensRun:
    key = file.stem.removeprefix("lens-")
    traces = file.with_name(f"traces-{key}.parquet")
    try:
        said = orjson.loads(file.read_bytes())
        return LensRun(key, said["model"]["name"], said["directions"], pq.read_table(traces))
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowInvalid) as error:
        raise InputError(
            f"{file} or {traces.name} beside it cannot be read ({type(error).__name__}): run "
            "`pivotmine-model lens` again"
        ) from None


def _layers(direction: dict[str, Any]) -> list[LayerMass]:
    found = []
    for lens, said in direction.items():
        if not isinstance(said, dict) or "bands" not in said:
            continue
        for role, band in said["bands"].items():
            ends = zip(band["mean"], band["low"], band["high"], strict=True)
            found += [LayerMass(lens, role, layer, *values) for layer, values in enumerate(ends)]
    return found
