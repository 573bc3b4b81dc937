"""How many tokens an arm needs to reach the final score of another.

Final scores near the ceiling hide the difference between arms, and so do scores from before
anything was learned. Curves are interpolated linearly between points. A seed in which the arm never
reaches the score has no number, and the number of seeds that reach it is reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Reached(NamedTuple):
    """Tokens of `against` per token of `arm`, over the seeds in which the arm reached its score."""

    ratio: float
    """Geometric mean; NaN if no seed reached it."""
    low: float
    """Smallest over seeds."""
    high: float
    """Largest over seeds."""
    n_reached: int
    n_seeds: int


def first_reach(tokens: Sequence[float], curve: Array, target: float) -> float:
    """Tokens at which a curve [points] first reaches `target`, linear between points, or NaN."""
    above = np.flatnonzero(curve >= target)
    if not len(above):
        return float("nan")
    place = int(above[0])
    if place == 0:
        return float(tokens[0])
    before, after = float(curve[place - 1]), float(curve[place])
    part = (target - before) / (after - before)
    return float(tokens[place - 1] + part * (tokens[place] - tokens[place - 1]))


def tokens_to_reach(tokens: Sequence[float], arm: Array, against: Array) -> Reached:
    """How many times fewer tokens `arm` needs to reach the final score of `against`, by seed.

    `tokens` is [points], `arm` and `against` are [seeds, points].
    """
    reached = [
        first_reach(tokens, mine, float(theirs[-1]))
        for mine, theirs in zip(arm, against, strict=True)
    ]
    ratios = np.array([tokens[-1] / at for at in reached if np.isfinite(at) and at > 0])
    if not len(ratios):
        nan = float("nan")
        return Reached(nan, nan, nan, 0, len(reached))
    mean = float(np.exp(np.log(ratios).mean()))
    return Reached(mean, float(ratios.min()), float(ratios.max()), len(ratios), len(reached))
