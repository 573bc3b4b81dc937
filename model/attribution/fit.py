"""Log-linear fits of a score, nested in each other, compared on words they were not fitted to.

score = intercept of the direction + sum of slope * ln(1 + count). Cross-validation by concept shows
whether a predictor adds anything: all directions of a concept are in one fold, so no fit has seen
the concept that it predicts. Slopes have bootstrap intervals over concepts. The interval of a gain
takes the fits as fixed and resamples the concepts that they are tested on. A useless predictor
costs a little accuracy on new words, so a gain below zero means the same as a gain of zero.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.model.attribution.resample import Array, ConceptResamples, Places, Stat, stat

_RIDGE = 1e-9
"""Added to the diagonal, times the number of words, so that a resample can be solved in which a
predictor is constant."""

MODELS: dict[str, tuple[str, ...]] = {
    "frequencies": ("source_frequency", "target_frequency"),
    "co-occurrence": ("source_frequency", "target_frequency", "cooccurrence"),
    "pivot path": ("source_frequency", "target_frequency", "pivot_path"),
    "both": ("source_frequency", "target_frequency", "cooccurrence", "pivot_path"),
}
"""Name -> predictors."""

GAINS = (
    ("co-occurrence", "frequencies"),
    ("pivot path", "frequencies"),
    ("both", "co-occurrence"),
    ("both", "pivot path"),
)
"""(larger model, smaller model) that are compared."""


class Sample(NamedTuple):
    """Words of one or several directions without missing values."""

    score: Array
    """[words]"""
    predictors: Mapping[str, Array]
    """Name -> [words], logs."""
    direction: Places
    """[words] number of the direction."""
    concept: Places
    """[words] number of the concept."""


def fold_of(concept_id: str, n_folds: int) -> int:
    """The fold of a concept, by hash of its id."""
    return int.from_bytes(hashlib.sha256(f"fold/{concept_id}".encode()).digest()[:8]) % n_folds


def fits(sample: Sample, folds: Places, resamples: ConceptResamples) -> dict[str, Any]:
    """Slopes of the largest model, R2 of every model, and the gain of each step.

    `folds` [concepts] is the fold of every concept.

    Returns
    -------
    `slopes` (nats of score per unit of ln(1 + count)) and `gains` of `r2_new`, both as `Stat`; `r2`
    (in the sample) and `r2_new` (on words not fitted to; below zero is worse than the mean).
    Constant predictors are named in `constant`, and their models are left out.
    """
    n_words = len(sample.score)
    constant = [name for name, values in sample.predictors.items() if not np.ptp(values) > 0]
    usable = {
        name: columns
        for name, columns in MODELS.items()
        if not set(columns) & set(constant) and set(columns) <= sample.predictors.keys()
    }
    found: dict[str, Any] = {"n_words": n_words, "constant": constant, "r2": {}, "r2_new": {}}
    fold = folds[sample.concept]
    null = _errors(_design(sample, ()), sample.score, fold)
    base = ((sample.score - _predicted(_design(sample, ()), sample.score)) ** 2).sum()
    errors: dict[str, Array] = {}
    for name, columns in usable.items():
        design = _design(sample, columns)
        errors[name] = _errors(design, sample.score, fold)
        left = ((sample.score - _predicted(design, sample.score)) ** 2).sum()
        found["r2"][name] = float(1 - left / base) if base > 0 else float("nan")
        found["r2_new"][name] = _ratio(null - errors[name], null)
    found["gains"] = {
        f"{larger} beyond {smaller}": _gain(
            errors[smaller] - errors[larger], null, sample, resamples
        )
        for larger, smaller in GAINS
        if larger in errors and smaller in errors
    }
    largest = next((name for name in ("both", *MODELS) if name in usable), None)
    found["model"] = largest
    found["slopes"] = _slopes(sample, usable[largest], resamples) if largest else {}
    return found


def solve(design: Array, score: Array, weights: Array) -> Array:
    """Least squares of words drawn `weights` times: [resamples, words] -> [resamples, columns].

    Columns are scaled before the normal equations are solved, with a ridge of `_RIDGE`.
    """
    scale = np.sqrt((design**2).mean(axis=0))
    scale[scale == 0] = 1.0
    scaled = design / scale
    n_columns = design.shape[1]
    outer = (scaled[:, :, None] * scaled[:, None]).reshape(len(design), -1)
    left = (weights @ outer).reshape(-1, n_columns, n_columns)
    left += _RIDGE * weights.sum(axis=1)[:, None, None] * np.eye(n_columns)
    right = weights @ (scaled * score[:, None])
    found: Array = np.linalg.solve(left, right[:, :, None])[:, :, 0] / scale
    return found


def _design(sample: Sample, columns: Sequence[str]) -> Array:
    """Intercepts of the directions and the predictors, [words, columns]."""
    directions = np.unique(sample.direction)
    intercepts = (sample.direction[:, None] == directions[None]).astype(np.float64)
    return np.column_stack([intercepts, *(sample.predictors[name] for name in columns)])


def _predicted(design: Array, score: Array) -> Array:
    slopes = np.linalg.lstsq(design, score, rcond=None)[0]
    values: Array = design @ slopes
    return values


def _errors(design: Array, score: Array, fold: NDArray[np.int64]) -> Array:
    """Squared error of every word, predicted by a fit to the other folds."""
    errors = np.full(len(score), np.nan)
    for number in np.unique(fold):
        held = fold == number
        if held.all():
            return errors
        slopes = np.linalg.lstsq(design[~held], score[~held], rcond=None)[0]
        errors[held] = (score[held] - design[held] @ slopes) ** 2
    return errors


def _gain(less: Array, null: Array, sample: Sample, resamples: ConceptResamples) -> Stat:
    resampled = resamples.apply(
        sample.concept, lambda weights: _ratios(weights @ less, weights @ null)
    )
    return stat(_ratio(less, null), resampled, len(less), only_above=True)


def _ratio(part: Array, whole: Array) -> float:
    total = float(whole.sum())
    return float(part.sum()) / total if total > 0 else float("nan")


def _ratios(part: Array, whole: Array) -> Array:
    found: Array = np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)
    return found


def _slopes(sample: Sample, columns: Sequence[str], resamples: ConceptResamples) -> dict[str, Stat]:
    design = _design(sample, columns)
    whole = np.linalg.lstsq(design, sample.score, rcond=None)[0]
    resampled = resamples.apply(
        sample.concept, lambda weights: solve(design, sample.score, weights)
    )
    first = design.shape[1] - len(columns)
    return {
        name: stat(float(whole[first + place]), resampled[:, first + place], len(sample.score))
        for place, name in enumerate(columns)
    }
