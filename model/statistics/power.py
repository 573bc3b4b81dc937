"""Which differences an experiment of some size can detect, from the spread in a pilot.

Differences between two arms vary over seeds, over words, and by a residual. A mean over W words and
S seeds has the standard error sqrt(s_seed^2/S + s_word^2/W + s_rest^2/(S W)) for new seeds and new
words (Searle et al. 1992, two-way random effects). The paired t over seeds is about these words, so
it leaves out the part of the words.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

Array = NDArray[np.float64]


class Spread(NamedTuple):
    """Standard deviations of a difference over seeds, over words, and of the residual."""

    seed: float
    word: float
    rest: float

    def over_seeds(self, n_words: int) -> float:
        """Of the mean over these words, from seed to seed."""
        return float(np.sqrt(self.seed**2 + self.rest**2 / n_words))


def spread(differences: Array) -> Spread:
    """Components of variance of [seeds, words], by the mean squares; negative ones are zero.

    NaN with fewer than two seeds or words.
    """
    n_seeds, n_words = differences.shape
    if min(n_seeds, n_words) < 2:
        nan = float("nan")
        return Spread(nan, nan, nan)
    by_seed, by_word = differences.mean(axis=1), differences.mean(axis=0)
    rest = differences - by_seed[:, None] - by_word[None, :] + differences.mean()
    of_rest = float((rest**2).sum() / ((n_seeds - 1) * (n_words - 1)))
    of_seed = max(0.0, float(by_seed.var(ddof=1)) - of_rest / n_words)
    of_word = max(0.0, float(by_word.var(ddof=1)) - of_rest / n_seeds)
    return Spread(of_seed**0.5, of_word**0.5, of_rest**0.5)


def power(effect: float, deviation: float, n_seeds: int, alpha: float) -> float:
    """Chance that a two-sided paired t over seeds finds a true mean difference `effect`.

    `deviation` is the standard deviation of the difference between seeds.
    """
    if n_seeds < 2:
        return 0.0
    critical = stats.t.ppf(1 - alpha / 2, n_seeds - 1)
    away = abs(effect) / deviation * np.sqrt(n_seeds)
    missed = stats.nct.cdf(critical, n_seeds - 1, away)
    # Far from the critical value the tail is beyond what floats hold.
    missed -= np.nan_to_num(stats.nct.cdf(-critical, n_seeds - 1, away))
    return float(1 - np.nan_to_num(missed))


def detectable(deviation: float, n_seeds: int, alpha: float, wanted: float = 0.8) -> float:
    """Smallest true difference that is found with probability `wanted`; NaN with one seed."""
    if n_seeds < 2 or not deviation > 0:
        return float("nan")
    top = deviation
    while power(top, deviation, n_seeds, alpha) < wanted:
        top *= 2
    found = optimize.brentq(
        lambda effect: power(effect, deviation, n_seeds, alpha) - wanted, 0.0, top, xtol=1e-9
    )
    return float(found)
