"""How a word got its translation: over a pivot, directly, or in no visible way.

`he2025` is the rule of He et al. 2025 (arXiv 2505.16385) as in their code: find the layer that is
surest of its likeliest token. If that token is the final one or one of the source's, the word went
directly, otherwise over a pivot. `he2025_any` is an older variant in the same code. Both take any
token for a pivot, so junk tokens of the first layers, where models are often surest, count as one.

`sound` requires evidence about the concept. Before the target takes over, there must be a run of
layers at which the pivot's probability exceeds that of 99 % of the control words (words of other
concepts, in the pivot's language, near in frequency) and that of every word near in meaning, and is
not negligible. First layers need no exception, because their junk affects controls in the same way.
The thresholds come from the dev split. The rule's error is how often it takes a control for a
pivot, and it is reported.
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
    top_token: NDArray[np.int64], top_mass: Layers, source: Collection[int], target: Collection[int]
) -> Behaviour:
    """The rule of He et al. 2025 on the likeliest token of every layer.

    `top_token` and `top_mass` [layers] are from the logit lens. `source` and `target` are all
    tokens of the two words, without lone spaces.
    """
    if set(source) & set(target):
        return "excluded"
    best = len(top_mass) - 1 - int(np.argmax(top_mass[::-1]))  # ties: the later layer
    token = int(top_token[best])
    if token == int(top_token[-1]) or token in set(source):
        return "direct"
    return "pivot"


def he2025_any(
    top_token: NDArray[np.int64], top_mass: Layers, source: Collection[int], target: Collection[int]
) -> Behaviour:
    """The older variant: a pivot if any layer gives a token of neither word `OLDER_MASS`."""
    if set(source) & set(target):
        return "excluded"
    known = {*source, *target}
    foreign = np.array([int(token) not in known for token in top_token])
    return "pivot" if bool((foreign & (top_mass >= OLDER_MASS)).any()) else "direct"


def thresholds(controls: Layers, quantile: float) -> Layers:
    """The quantile of controls [controls, words, layers] at each layer, [layers].

    Infinite without controls, so that no pivot shows.
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
    """The sound rule on log-masses per layer, [layers].

    `near` [words, layers] has words near the pivot in meaning; NaN where there are fewer.
    """
    last = len(pivot) - 1
    floor = np.log(min_mass)
    rise = last + 1  # first layer from which the target stays above the pivot
    while rise > 0 and target[rise - 1] > pivot[rise - 1]:
        rise -= 1
    arrives = bool(target[-1] > target_threshold[-1] and target[-1] >= floor)
    nearest = np.where(np.isnan(near), -np.inf, near).max(axis=0, initial=-np.inf)
    shows = (pivot > pivot_threshold) & (pivot > nearest) & (pivot >= floor)
    shows[min(rise, last) :] = False  # the last layer, which gives the output, never counts
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
