"""Summary of a cell: mass by layer, claims with intervals, and the cost of ablation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.model.config.measuring import LensConfig
from pivotmine.model.lens.bands import Band, band, difference, estimate, separation
from pivotmine.model.lens.behaviour import Behaviour
from pivotmine.model.lens.cells import Cell
from pivotmine.model.lens.readout import Readings, mean_mass
from pivotmine.model.lens.thirds import above_controls

MINED = ("mined", "mined_control", "mined_new", "mined_new_control")


def separations(readings: Readings) -> NDArray[np.float64]:
    """Share of controls that the concept's word exceeds, mean over languages, [layers]."""
    langs = [name[5:] for name in readings.log_mass if name.startswith("word:")]
    values = [
        separation(readings.log_mass[f"word:{lang}"], readings.group(f"control:{lang}:"))
        for lang in sorted(langs)
    ]
    mean: NDArray[np.float64] = np.mean(values, axis=0)
    return mean


def mass_bands(readings: Readings, cell: Cell, config: LensConfig) -> dict[str, Band]:
    """Mean mass of each role by layer, with bands; `other:ja` is a third language."""
    roles = {
        "pivot": np.exp(readings.log_mass[f"word:{cell.pivot}"]),
        "control": mean_mass(readings.group(f"control:{cell.pivot}:")),
        "near": mean_mass(readings.group(f"near:{cell.pivot}:")),
        "gap": above_controls(readings, cell.pivot),
    }
    for role, lang in (("source", cell.direction.source), ("target", cell.direction.target)):
        values = readings.log_mass.get(f"word:{lang}")
        if values is not None:  # None if no word of this language shows a whole letter
            roles[role] = np.exp(values)
    for name in MINED:
        if name in readings.log_mass:
            roles[name] = np.exp(readings.log_mass[name])
    known = {*cell.direction, cell.pivot}
    for name, log_mass in readings.log_mass.items():
        if name.startswith("word:") and name[5:] not in known:
            roles[f"other:{name[5:]}"] = np.exp(log_mass)
            roles[f"other:{name[5:]}:gap"] = above_controls(readings, name[5:])
    return {role: band(values, config.n_resamples, config.seed) for role, values in roles.items()}


def claims(
    readings: Readings, cell: Cell, layers: tuple[int, ...], config: LensConfig
) -> dict[str, Any]:
    """Mass of the pivot at the pivot layers, alone, less controls, and less near words."""
    if not layers:
        return {}
    chosen = list(layers)
    own = np.exp(readings.log_mass[f"word:{cell.pivot}"])
    near = readings.group(f"near:{cell.pivot}:")
    values = {
        "mass_pivot": own,
        "above_controls": above_controls(readings, cell.pivot),
        "above_near": own - mean_mass(near),
    }
    for name in ("mined", "mined_new"):
        if name in readings.log_mass:
            mined = np.exp(readings.log_mass[name])
            values[f"mass_{name}"] = mined
            values[f"{name}_above_controls"] = mined - np.exp(readings.log_mass[f"{name}_control"])
    return {
        name: estimate(each[:, chosen].mean(axis=1), config.n_resamples, config.seed)._asdict()
        for name, each in values.items()
    }


def effects(
    table: pa.Table, cell: Cell, verdicts: list[Behaviour], config: LensConfig
) -> dict[str, Any]:
    """Mean drops by behaviour and condition, and the pivot's drop beyond matched controls."""
    drops: dict[str, dict[str, list[float]]] = {}
    for row in table.to_pylist():
        kind = row["condition"].partition(":")[0]
        drops.setdefault(row["concept"], {}).setdefault(kind, []).append(row["drop"])
    group_of = {c.id: v for c, v in zip(cell.concepts, verdicts, strict=True)}
    kinds = ("pivot", "control", "matched", "near")

    def column(group: str, kind: str) -> NDArray[np.float64]:
        return np.array(
            [
                np.mean(by_kind[kind]) if kind in by_kind else np.nan
                for concept, by_kind in sorted(drops.items())
                if group in ("all", group_of[concept])
            ]
        )

    found: dict[str, Any] = {}
    beyond: dict[str, NDArray[np.float64]] = {}
    for group in ("all", "pivot", "direct", "none"):
        values = {kind: column(group, kind) for kind in kinds}
        beyond[group] = values["pivot"] - values["matched"]
        values["pivot_beyond_matched"] = beyond[group]
        values["pivot_beyond_near"] = values["pivot"] - values["near"]
        found[group] = {
            name: estimate(each, config.n_resamples, config.seed)._asdict()
            for name, each in values.items()
        }
    found["pivot_less_direct"] = difference(
        beyond["pivot"], beyond["direct"], config.n_resamples, config.seed
    )._asdict()
    return found


def plain(value: Band) -> dict[str, list[float]]:
    """A band as plain values."""
    return {name: values.tolist() for name, values in value._asdict().items()}
