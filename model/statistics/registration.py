"""When the contrasts of a grid were declared: a file that `train` only ever adds to.

A contrast that is chosen after the results are known proves nothing. So `train` writes what the
recipe declares into `registrations.jsonl` in the grid's folder, with the date and the number of
arms' runs that were finished then, before it trains anything. If the recipe declares something else
later, a new line is added. `compare` shows the line of the contrasts that it tests and all lines of
the same arms before it. The file is a record against oversight, not against forgery: whoever can
write the folder can write the file.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from pivotmine.errors import InputError
from pivotmine.model.config.training import GridConfig
from pivotmine.model.locks import alone
from pivotmine.model.results import key

FILE = "registrations.jsonl"

_DECLARED = ("metric", "contrasts", "alpha", "final_evaluations", "adjust_for_base")


class Registration(NamedTuple):
    """What was declared, and when."""

    key: str
    """Hash of the arms, their data, and what is declared about them."""
    arms: str
    """Hash of the arms and their data alone."""
    date: str
    """ISO 8601, UTC."""
    n_finished: int
    """Runs of arms that were finished in the folder at that time."""
    declared: dict[str, Any]
    """Settings of the grid that decide what is tested (`_DECLARED`)."""


def register(folder: Path, grid: GridConfig, now: datetime | None = None) -> Registration:
    """The line of what the grid declares; it is added if the folder has none.

    Raises
    ------
    InputError
        The file is not one of PivotMine's.
    """
    wanted = _of(grid)
    with alone(folder / FILE):
        known = [line for line in registrations(folder) if line.key == wanted.key]
        return known[0] if known else _add(folder, grid, wanted, now or datetime.now(UTC))


def _add(folder: Path, grid: GridConfig, wanted: Registration, now: datetime) -> Registration:
    names = {arm.name for arm in grid.arms}
    finished = [
        path
        for path in (folder / "runs").glob("*/losses.parquet")
        if path.parent.name.rpartition("-s")[0] in names
    ]
    date = now.isoformat(timespec="seconds")
    line = wanted._replace(date=date, n_finished=len(finished))
    with (folder / FILE).open("ab") as stream:
        stream.write(orjson.dumps(line._asdict()) + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
    return line


def registrations(folder: Path) -> list[Registration]:
    """All lines of a folder, the oldest first.

    Raises
    ------
    InputError
        The file is not one of PivotMine's.
    """
    path = folder / FILE
    if not path.exists():
        return []
    try:
        return [Registration(**orjson.loads(line)) for line in path.read_bytes().splitlines()]
    except (orjson.JSONDecodeError, TypeError) as error:
        raise InputError(f"{path} is not a list of registrations: {error}") from None


def history(folder: Path, grid: GridConfig) -> list[Registration]:
    """The lines about the arms of a grid, the oldest first, up to what it declares now.

    Empty if what the grid declares was never registered.
    """
    wanted = _of(grid)
    lines = [line for line in registrations(folder) if line.arms == wanted.arms]
    place = next((n for n, line in enumerate(lines) if line.key == wanted.key), -1)
    return lines[: place + 1]


def _of(grid: GridConfig) -> Registration:
    plain = grid.model_dump(mode="json")
    arms = key({name: plain[name] for name in ("arms", "base", "tokens")})
    declared = {name: plain[name] for name in _DECLARED}
    return Registration(key({"arms": arms, **declared}), arms, "", 0, declared)
