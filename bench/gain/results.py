"""What is kept of a finished grid: the mean worth of every pair, held-out losses, and the recipe.

FOLDER/worth.parquet    arm, seed, direction, pair, worth (nats a token, mean of the last
                        evaluations; arm `base`: after the base phase)
FOLDER/heldout.parquet  arm, seed, name, loss
FOLDER/grid.json        recipe, versions, registrations, cost, pool, and what the arms hold
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bench import machine
from pivotmine.errors import InputError
from pivotmine.model.comparison.tables import CONDITIONAL, read_grid
from pivotmine.model.config.training import BASE, GridConfig
from pivotmine.model.results import read_run, versions
from pivotmine.model.statistics.registration import history

Array = NDArray[np.float64]


class Results(NamedTuple):
    """A grid as collected."""

    worth: dict[str, dict[str, Array]]
    """Arm -> direction -> [seeds, pairs], nats a token."""
    heldout: dict[str, dict[str, Array]]
    """Arm -> text -> [seeds], nats a token."""
    grid: GridConfig
    about: dict[str, Any]
    """All of grid.json."""


def collect(out: Path, folder: Path) -> None:
    """Write the results of OUT/grid into `folder`."""
    run = read_run(out / "grid", "grid")
    grid = GridConfig.model_validate(run.summary["recipe"]["grid"])
    arms = [arm.name for arm in grid.arms]
    worth: list[pa.Table] = []
    heldout: list[dict[str, Any]] = []
    for arm in (BASE, *arms):
        n_last = 1 if arm == BASE else grid.final_evaluations
        found = read_grid(run.words, [arm])
        scores = found.arms[arm]
        for direction, values in scores.words[CONDITIONAL].items():
            mean = values[:, -n_last:].mean(axis=1)
            for seed, of_pairs in zip(found.seeds, mean, strict=True):
                worth.append(_rows(arm, seed, direction, of_pairs))
        for name, losses in scores.heldout.items():
            for seed, loss in zip(found.seeds, losses[:, -n_last:].mean(axis=1), strict=True):
                heldout.append({"arm": arm, "seed": seed, "name": name, "loss": float(loss)})
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.concat_tables(worth), folder / "worth.parquet", compression="zstd")
    pq.write_table(pa.Table.from_pylist(heldout), folder / "heldout.parquet", compression="zstd")
    about = {
        "recipe": run.summary["recipe"],
        "model": run.summary["model"],
        "phases": run.summary["phases"],
        "registered": [line._asdict() for line in history(run.path.parent, grid)],
        "versions": versions(),
        "machine": machine.describe(),
        "commit": machine.commit(),
        "pool": json.loads((out / "pool.json").read_text()),
        "arms": json.loads((out / "arms.json").read_text()),
    }
    text = json.dumps(about, indent=1, sort_keys=True)
    # Folders of a machine are nobody's business.
    text = text.replace(f"{out.resolve()}/", "OUT/")
    (folder / "grid.json").write_text(text + "\n", encoding="utf-8")


def read(folder: Path) -> Results:
    """The results in a folder.

    Raises
    ------
    InputError
        Nothing was collected there.
    """
    if not (folder / "grid.json").exists():
        raise InputError(f"{folder} holds no grid.json: run `python -m bench.gain collect` first")
    about = json.loads((folder / "grid.json").read_text(encoding="utf-8"))
    worth: dict[str, dict[str, Array]] = {}
    for (arm, direction), values in _by(folder / "worth.parquet", "direction", "worth").items():
        worth.setdefault(arm, {})[direction] = values
    heldout: dict[str, dict[str, Array]] = {}
    for (arm, name), values in _by(folder / "heldout.parquet", "name", "loss").items():
        heldout.setdefault(arm, {})[name] = values[:, 0]
    grid = GridConfig.model_validate(about["recipe"]["grid"])
    return Results(worth, heldout, grid, about)


def _rows(arm: str, seed: int, direction: str, values: Array) -> pa.Table:
    n = len(values)
    return pa.table(
        {
            "arm": pa.array([arm] * n).dictionary_encode(),
            "seed": pa.array([seed] * n, pa.int16()),
            "direction": pa.array([direction] * n).dictionary_encode(),
            "pair": pa.array(range(n), pa.int16()),
            "worth": pa.array(values.astype(np.float32)),
        }
    )


def _by(path: Path, name: str, value: str) -> dict[tuple[str, str], Array]:
    """Arm and name -> [seeds, rows of a seed]."""
    table = pq.read_table(path)
    columns = {c: table[c].to_numpy(zero_copy_only=False) for c in table.column_names}
    found = {}
    keys = sorted(set(zip(columns["arm"].astype(str), columns[name].astype(str), strict=True)))
    for arm, of in keys:
        here = (columns["arm"] == arm) & (columns[name] == of)
        n_seeds = len(np.unique(columns["seed"][here]))
        # Rows were written seed by seed.
        found[str(arm), str(of)] = columns[value][here].astype(float).reshape(n_seeds, -1)
    return found
