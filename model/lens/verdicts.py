"""The verdicts of every rule on a cell, their error, and their agreement with readers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pivotmine.model.config.measuring import LensConfig
from pivotmine.model.lens.agreement import Key, Labels, agreement
from pivotmine.model.lens.bands import estimate
from pivotmine.model.lens.behaviour import Behaviour, he2025, he2025_any, sound, thresholds
from pivotmine.model.lens.cells import Cell
from pivotmine.model.lens.lenses import LensName
from pivotmine.model.lens.readout import Readings
from pivotmine.model.words.dataset import Direction

RULES = ("he2025", "he2025_any", "sound", "sound_corrected")
"""`sound` reads the logit lens, `sound_corrected` the corrected one. The corrected lens finds words
better, but it removes what all words of a direction share, which includes the target language. So
it shows late when the target takes over; on Gemma 3 270M it agrees less with a reader."""


def sound_name(lens: LensName) -> str:
    """Name of the sound rule on this lens."""
    return "sound" if lens == "logit" else "sound_corrected"


def behaviours(
    cell: Cell,
    readings: dict[LensName, Readings],
    dev: dict[LensName, Readings],
    config: LensConfig,
) -> dict[str, list[Behaviour]]:
    """Every rule's verdict on every concept of a cell."""
    logit = readings["logit"]
    found: dict[str, list[Behaviour]] = {
        name: [
            rule(logit.top_token[place, :, 0], logit.top_mass[place, :, 0], *ends)
            for place, ends in enumerate(cell.ends)
        ]
        for name, rule in (("he2025", he2025), ("he2025_any", he2025_any))
    }
    for lens, values in readings.items():
        own = values.log_mass[f"word:{cell.pivot}"]
        found[sound_name(lens)] = _sound(cell, values, dev[lens], own, config)
    return found


def false_pivots(
    cell: Cell, readings: Readings, dev: Readings, config: LensConfig
) -> dict[str, float]:
    """How often the sound rule takes a control word for the pivot."""
    controls = readings.group(f"control:{cell.pivot}:")
    verdicts = [
        np.array([verdict == "pivot" for verdict in _sound(cell, readings, dev, own, config)])
        for own in controls
    ]
    if not verdicts:
        return estimate(np.array([]), config.n_resamples, config.seed)._asdict()
    share = np.mean(verdicts, axis=0)  # per word, over its controls
    return estimate(share, config.n_resamples, config.seed)._asdict()


def shares(verdicts: dict[str, list[Behaviour]], config: LensConfig) -> dict[str, Any]:
    """Share of pivot words by each rule, and all counts."""
    return {
        rule: {
            "counts": dict(sorted(Counter(found).items())),
            "pivot": estimate(
                np.array([float(v == "pivot") for v in found if v != "excluded"]),
                config.n_resamples,
                config.seed,
            )._asdict(),
        }
        for rule, found in verdicts.items()
    }


def agreement_of(
    name: str,
    dev: Mapping[Direction, Cell],
    read: Mapping[Direction, dict[LensName, Readings]],
    labels: Labels,
    config: LensConfig,
) -> dict[str, dict[str, Any]]:
    """Kappa of every reader with every rule and with the readers before, on labelled dev words.

    Labels count as pivot or no pivot, and `name` is the model's name in them. The result is reader
    -> rule or other reader -> kappa and the table of pairs.
    """
    marks: dict[str, dict[Key, str]] = {rule: {} for rule in RULES}
    for direction, cell in dev.items():
        verdicts = behaviours(cell, read[direction], read[direction], config)
        for rule in RULES:
            for concept, verdict in zip(cell.concepts, verdicts[rule], strict=True):
                if verdict != "excluded":
                    marks[rule][name, str(direction), concept.id] = verdict
    found: dict[str, dict[str, Any]] = {}
    for reader, known in labels.items():
        own = {place: label for place, label in known.items() if place[0] == name}
        found[reader] = {other: _agree(own, theirs, config) for other, theirs in marks.items()}
        marks[reader] = own
    return found


def _sound(
    cell: Cell, readings: Readings, dev: Readings, own: NDArray[np.float64], config: LensConfig
) -> list[Behaviour]:
    target = f"word:{cell.direction.target}"
    floor = thresholds(dev.group(f"control:{cell.pivot}:"), config.quantile)
    target_floor = thresholds(dev.group(f"control:{cell.direction.target}:"), config.quantile)
    masses = readings.log_mass.get(target, np.full_like(own, -np.inf))
    near = readings.group(f"near:{cell.pivot}:")
    return [
        sound(
            np.nan_to_num(own[place], nan=-np.inf),
            np.nan_to_num(masses[place], nan=-np.inf),
            near[:, place],
            floor,
            target_floor,
            config.min_mass,
            config.min_run,
        )
        for place in range(len(own))
    ]


def _agree(labels: dict[Key, str], others: dict[Key, str], config: LensConfig) -> dict[str, Any]:
    """Agreement on the traces that both have labelled."""
    pairs = [(_binary(label), _binary(others[k])) for k, label in labels.items() if k in others]
    one, other = [a for a, _ in pairs], [b for _, b in pairs]
    return {
        "kappa": agreement(one, other, config.n_resamples, config.seed)._asdict(),
        "table": {f"{a}/{b}": n for (a, b), n in sorted(Counter(pairs).items())},
    }


def _binary(label: str) -> str:
    return "pivot" if label == "pivot" else "no pivot"
