"""How a word got its translation: over a pivot, directly, or neither visibly.

`he2025` is the rule of He et al. 2025 as their code has it (research/paper.md 1.5): find the layer
that is surest of its first token; if that token is the final one, or one of the source's, the word
went directly, else over a pivot. `he2025_any` is the older variant in the same code. Both take any
token for a pivot, so junk of the first layers, where models are often surest, counts as one.

`sound` asks for evidence about the concept itself: at a run of layers before the target takes over,
the pivot's probability must be above that of 99 % of control words at that layer (words of other
concepts, in the pivot's language, near in frequency), above every word near in meaning, and worth
noticing. First layers need no exception: what they say about controls is junk of the same kind, so
junk never stands out. The thresholds come from the dev split. How often a control passes for a
pivot by the same rule is its error, and is reported.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Behaviour = Literal["pivot", "direct", "none", "excluded"]
Layers = NDArray[np.float64]

OLDER_MASS = 0.1
"""Least probability of a pivot in the older variant of the published rule."""


def he2025(
    top_token: NDArray[np.int64],
    top_mass: Layers,
    source: Collection[int],
    target: Collection[int],
) -> Behaviour:
    """The published rule on the likeliest token of every layer.

    Parameters
    ----------
    top_token, top_mass
        [layers], logit lens.
    source, target
        All tokens of the two words, without lone spaces.
    """
    if set(source) & set(target):
        return "excluded"
    best = len(top_mass) - 1 - int(np.argmax(top_mass[::-1]))  # ties: the later layer
    token = int(top_token[best])
    if token == int(top_token[-1]) or token in set(source):
        return "direct"
    return "pivot"


def he2025_any(
    top_token: NDArray[np.int64],
    top_mass: Layers,
    source: Collection[int],
    target: Collection[int],
) -> Behaviour:
    """The older variant: a pivot if any layer is fairly sure of a token of neither word."""
    if set(source) & set(target):
        return "excluded"
    known = {*source, *target}
    foreign = np.array([int(token) not in known for token in top_token])
    return "pivot" if bool((foreign & (top_mass >= OLDER_MASS)).any()) else "direct"


def thresholds(controls: Layers, quantile: float) -> Layers:
    """What only a share 1 - quantile of controls [controls, words, layers] exceeds, per layer.

    Infinite without controls: nothing shows where nothing is known.
    """
    if not len(controls):
        return np.full(controls.shape[2], np.inf)
    values: Layers = np.nanquantile(controls, quantile, axis=(0, 1))
    return values


def sound(
    pivot: Layers,
    target: Layers,
    near: NDArray[np.float64],
    pivot_threshold: Layers,
    target_threshold: Layers,
    min_mass: float,
    min_run: int,
) -> Behaviour:
    """The sound rule; log-masses per layer.

    Parameters
    ----------
    near
        [words, layers], words near the pivot in meaning; NaN where there are fewer.
    """
    last = len(pivot) - 1
    floor = np.log(min_mass)
    rise = last + 1  # first layer from which the target stays above the pivot
    while rise > 0 and target[rise - 1] > pivot[rise - 1]:
        rise -= 1
    arrives = bool(target[-1] > target_threshold[-1] and target[-1] >= floor)
    nearest = np.where(np.isnan(near), -np.inf, near).max(axis=0, initial=-np.inf)
    shows = (pivot > pivot_threshold) & (pivot > nearest) & (pivot >= floor)
    shows[min(rise, last) :] = False  # the output layer is no middle layer
    if longest_run(shows) >= min_run:
        return "pivot"
    return "direct" if arrives else "none"


def longest_run(flags: NDArray[np.bool_]) -> int:
    """Length of the longest run of true values."""
    longest = run = 0
    for flag in flags.tolist():
        run = run + 1 if flag else 0
        longest = max(longest, run)
    return longest
