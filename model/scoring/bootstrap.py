"""Intervals for means over words that were measured with a few draws of examples.

Words and draws are both samples, so both are resampled, independently of each other (two-way
bootstrap). With words alone, the interval would hold for these examples only. With fewer than about
five draws, the interval is too narrow.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.model.scoring.metrics import Answers, by_draw, he2025
from pivotmine.numeric.bootstrap import multinomial_draws, percentile_interval


class Estimate(NamedTuple):
    """A mean over words with the ends of its 95 % interval, as results are stored."""

    mean: float
    low: float
    high: float
    n_words: int


def estimates(answers: Answers, n_resamples: int, seed: int) -> dict[str, Estimate]:
    """Every score's mean over words, with an interval. Deterministic for a seed.

    Time: about 0.1 s per thousand words and thousand resamples.
    """
    n_draws, n_words, _ = answers.source.shape
    generator = np.random.default_rng(seed)
    word_weights = multinomial_draws(generator, n_words, n_resamples)
    draws = generator.integers(0, n_draws, (n_resamples, n_draws))
    found = {}
    for name, values in by_draw(answers).items():
        # the mean over resampled draws and words is a product: weights * values * weights
        resampled = np.einsum(
            "rw,rw->r", word_weights / n_words, values[draws].mean(axis=1), optimize=True
        )
        found[name] = _estimate(float(values.mean()), resampled, n_words)
    everything = np.arange(n_words)
    # he2025 averages draws inside an exponential, so each set of draws is scored by itself
    known: dict[tuple[int, ...], NDArray[np.float64]] = {}
    resampled = np.empty(n_resamples)
    for number, chosen in enumerate(np.sort(draws, axis=1)):
        key = tuple(int(draw) for draw in chosen)
        if key not in known:
            known[key] = he2025(answers.take(chosen, everything))
        resampled[number] = known[key] @ word_weights[number] / n_words
    found["he2025"] = _estimate(float(he2025(answers).mean()), resampled, n_words)
    return dict(sorted(found.items()))


def strata(
    labels: Mapping[str, list[str]], answers: Answers, n_resamples: int, seed: int
) -> dict[str, dict[str, dict[str, Estimate]]]:
    """Estimates within groups of words: name of the grouping -> group -> score -> estimate.

    `labels` maps the name of a grouping to the group of every word.
    """
    every_draw = np.arange(answers.source.shape[0])
    return {
        name: {
            group: estimates(
                answers.take(every_draw, np.flatnonzero(np.array(groups) == group)),
                n_resamples,
                seed,
            )
            for group in sorted(set(groups))
        }
        for name, groups in labels.items()
    }


def _estimate(mean: float, resampled: NDArray[np.float64], n_words: int) -> Estimate:
    return Estimate(*percentile_interval(mean, resampled), n_words)
