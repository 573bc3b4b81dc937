"""Lenses: how a state of a middle layer is read by the last layer's unembedding.

`logit` applies the final norm and the unembedding to the state as it is (the logit lens). Middle
layers carry large components that are the same for every word and that the last layers remove. When
unembedded, these components hide what differs between words: on Gemma 3 270M one junk token has a
probability of .9 at layers 0 and 3 for any question. So two lenses first remove what all words of a
direction have in common at a layer:

- `centred`: h - mean_l, for layer l;
- `scaled`: (h - mean_l) * (spread_L / spread_l) + mean_L, where L is the last layer and spread is
  the root mean square of the deviations, one number a layer. It gives a word's own part the
  proportion to the common part that the unembedding was trained on.

Both are fitted on train concepts and see no answer. A tuned lens (an affine map that is fitted to
predict the final state, Belrose et al. 2023, arXiv 2303.08112) would learn to translate a pivot
into the target that it will become, and so hide the pivot. A plain shift (h - mean_l +
mean_L) does not work: the mean of the last layer is 10 to 90 times the deviations of a middle
layer, and every layer before 12 read as the same line break.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

LensName = Literal["logit", "centred", "scaled"]
LENSES: tuple[LensName, ...] = ("logit", "centred", "scaled")


class Statistics(NamedTuple):
    """Statistics of the states at one kind of position, per layer."""

    mean: NDArray[np.float32]
    """[layers, width]."""
    spread: NDArray[np.float32]
    """[layers], root mean square deviation over states and coordinates."""


def fit(states: NDArray[np.float32]) -> Statistics:
    """Statistics of states [prompts, layers, width]."""
    mean = states.mean(axis=0, dtype=np.float64)
    deviation = states - mean
    spread = np.sqrt((deviation**2).mean(axis=(0, 2)))
    return Statistics(mean.astype(np.float32), spread.astype(np.float32))


def fit_groups(
    states: NDArray[np.float32], groups: NDArray[np.int64], least: int = 10
) -> dict[int, Statistics]:
    """Statistics of each group of prompts with at least `least` of them, and of all as -1."""
    found = {-1: fit(states)}
    for group in sorted(set(groups.tolist())):
        chosen = groups == group
        if chosen.sum() >= least:
            found[group] = fit(states[chosen])
    return found


def apply(
    name: LensName, states: NDArray[np.float32], statistics: Statistics
) -> NDArray[np.float32]:
    """States [..., layers, width] as input of the final norm; the last layer is unchanged."""
    if name == "logit":
        return states
    moved = states - statistics.mean
    if name == "scaled":
        spread = np.maximum(statistics.spread, 1e-12)
        moved = moved * (spread[-1] / spread)[:, None] + statistics.mean[-1]
    moved = moved.astype(np.float32)
    moved[..., -1, :] = states[..., -1, :]
    return moved
