"""A grid's rows as arrays over seeds, points of the run, and words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.errors import InputError
from pivotmine.model.scoring.metrics import METRICS, N_CANDIDATES

Array = NDArray[np.float64]

CONDITIONAL = "conditional"
"""Metric of aligned segments: the gain from the source over another source, nats a token."""


class ArmScores(NamedTuple):
    """One arm."""

    words: dict[str, dict[str, Array]]
    """Metric -> direction -> [seeds, points, concepts], or [seeds, points, pairs]."""
    heldout: dict[str, Array]
    """Name of a text -> [seeds, points] loss, nats a token."""
    tokens: list[int]
    """[points], tokens trained on before each measurement."""


class GridScores(NamedTuple):
    """All arms."""

    arms: dict[str, ArmScores]
    seeds: list[int]
    concepts: list[str]
    n_candidates: int = N_CANDIDATES
    """Candidates of a word's question."""


def read_grid(rows: pa.Table, arms: Sequence[str]) -> GridScores:
    """Arrays of the arms' rows (`pivotmine.model.training.grid.TABLES`).

    Raises
    ------
    InputError
        An arm lacks a seed, a point or a word that another has, because a run is not finished.
    """
    columns = {name: rows[name].to_numpy(zero_copy_only=False) for name in rows.column_names}
    seeds = np.unique(columns["seed"][np.isin(columns["arm"], arms)])
    of_word = columns["kind"] == "word"
    concepts = np.unique(columns["concept"][of_word].astype(str))
    found = {
        arm: _measured(
            {name: values[columns["arm"] == arm] for name, values in columns.items()},
            arm,
            seeds,
            concepts,
        )
        for arm in arms
    }
    return GridScores(found, seeds.tolist(), concepts.tolist())


def _measured(
    columns: dict[str, NDArray[np.generic]],
    arm: str,
    seeds: NDArray[np.generic],
    concepts: NDArray[np.generic],
) -> ArmScores:
    points = np.unique(columns["tokens"])
    seed = np.searchsorted(seeds, columns["seed"])
    point = np.searchsorted(points, columns["tokens"])
    words: dict[str, dict[str, Array]] = {metric: {} for metric in METRICS}
    heldout: dict[str, Array] = {}
    for kind, name in sorted(set(zip(columns["kind"], columns["name"], strict=True))):
        here = (columns["kind"] == kind) & (columns["name"] == name)
        runs = (seed[here], len(seeds)), (point[here], len(points))
        if kind == "heldout":
            heldout[name] = _array(columns["loss"][here], runs, arm, name)
        elif kind == "pair":
            pair = columns["concept"][here].astype(int)
            axes = (*runs, (pair, int(pair.max()) + 1))
            gains = _array(columns["contrast"][here], axes, arm, name)
            words.setdefault(CONDITIONAL, {})[name] = gains
        else:
            concept = np.searchsorted(concepts, columns["concept"][here].astype(str))
            axes = (*runs, (concept, len(concepts)))
            for metric in METRICS:
                words[metric][name] = _array(columns[metric][here], axes, arm, name)
    return ArmScores(words, heldout, [int(n) for n in points])


def _array(
    column: NDArray[np.generic],
    axes: Sequence[tuple[NDArray[np.integer], int]],
    arm: str,
    name: str,
) -> Array:
    """A column as an array; an axis is the place of every row along it, and its length."""
    values = np.full([length for _, length in axes], np.nan)
    values[tuple(place for place, _ in axes)] = column
    n_missing = int(np.isnan(values).sum())
    if n_missing or not values.size:
        raise InputError(
            f"arm {arm}, {name}: {n_missing:,} of {values.size:,} values are missing; run "
            "`pivotmine-model train` again, which continues where it stopped"
        )
    return values
