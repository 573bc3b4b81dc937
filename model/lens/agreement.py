"""Agreement of a rule with a reader: Cohen's kappa with a bootstrap interval.

Labels are a TSV with the columns `model`, `direction`, `concept` and `label` (`pivot`, `direct` or
`none`), made by reading the likeliest tokens of the layers without knowing any rule's verdict.
Further readers have columns `label_2`, `label_3`, ..., empty for traces that they did not read.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pivotmine.errors import InputError
from pivotmine.model.lens.bands import interval
from pivotmine.model.scoring.bootstrap import Estimate

Key = tuple[str, str, str]
Labels = dict[str, dict[Key, str]]
"""Reader (the name of the column) -> (model, direction, concept) -> label."""
_COLUMNS = ("model", "direction", "concept", "label")
_LABELS = ("pivot", "direct", "none")


def read_labels(path: Path) -> Labels:
    """The labels of every reader, in the order of the columns.

    Raises
    ------
    InputError
        The file cannot be read, lacks a column, or has an unknown label; the line is named.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream, delimiter="\t")
            names = reader.fieldnames or ()
            missing = [name for name in _COLUMNS if name not in names]
            if missing:
                raise InputError(f"{path} lacks the column {missing[0]!r}")
            found: Labels = {name: {} for name in names if name.split("_")[0] == "label"}
            for number, row in enumerate(reader, 2):
                for name, labels in found.items():
                    label = row[name]
                    if label not in _LABELS and (label or name == "label"):
                        raise InputError(
                            f"{path}, line {number}: {name} {label!r} is not one of "
                            f"{', '.join(_LABELS)}"
                        )
                    if label:
                        labels[row["model"], row["direction"], row["concept"]] = label
            return found
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"labels {path} cannot be read: {error}") from None


def kappa(labels: Sequence[str], others: Sequence[str]) -> float:
    """Cohen's kappa: agreement beyond chance, given how often each label is used.

    NaN if agreement by chance is certain (all labels are the same).
    """
    names = sorted({*labels, *others})
    one = np.array([[label == name for name in names] for label in labels], dtype=float)
    other = np.array([[label == name for name in names] for label in others], dtype=float)
    observed = float((one * other).sum(axis=1).mean())
    chance = float((one.mean(axis=0) * other.mean(axis=0)).sum())
    return float("nan") if chance >= 1.0 else (observed - chance) / (1 - chance)


def agreement(
    labels: Sequence[str], others: Sequence[str], n_resamples: int, seed: int
) -> Estimate:
    """Kappa with its 95 % interval over items; resamples without a kappa are left out."""
    if not labels:
        return Estimate(float("nan"), float("nan"), float("nan"), 0)
    generator = np.random.default_rng(seed)
    draws = generator.integers(0, len(labels), (n_resamples, len(labels)))
    values = np.array(
        [kappa([labels[i] for i in draw], [others[i] for i in draw]) for draw in draws.tolist()]
    )
    values = values[~np.isnan(values)]
    low, high = interval(values) if len(values) else (np.nan, np.nan)
    return Estimate(kappa(labels, others), float(low), float(high), len(labels))
