"""From log-probabilities to scores of words.

Let P(y | w) be the model's probability of the target word y when the prompt asks about the source
word w, and let w' be the wrong source words. Source-side scores keep the answer and change the
question, so length, script and frequency of the answer cancel:

* `he2025`: P(y|w) - mean over w' of P(y|w'), where P is the exponential of the mean log of the
  answer's tokens, averaged over draws before the exponential (He et al. 2025, arXiv 2505.16385, who
  have nine w'). It cannot fall far below 0, and it does not compare between scripts.
* `contrast`: log P(y|w) - log mean over w' of P(y|w'), from summed logs, in nats, mean over draws.
  It has neither floor nor ceiling, and it is the primary score.
* `accuracy_source`, `mrr_source`: whether the right source word makes y likeliest among the ten
  source words, and the reciprocal of its rank (chance .10 and .293).
* `accuracy_target`, `mrr_target`: the same for the right target word after w, among ten target
  words. This is what readers usually expect of "accuracy", but rare or long words lose it.

Ties share the credit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

NAMES = {
    "contrast": "contrast, nats",
    "accuracy_source": "accuracy@1, source",
    "mrr_source": "MRR, source",
    "accuracy_target": "accuracy@1, target",
    "mrr_target": "MRR, target",
    "he2025": "he2025 score",
}
"""Score -> its name for readers, in the order of tables."""

METRICS = ("contrast", "accuracy_source", "mrr_source")
"""Scores that grids keep."""

_RANKED = ("accuracy_source", "mrr_source", "accuracy_target", "mrr_target")
RANGE = dict.fromkeys(_RANKED, (0.0, 1.0))
"""Metric -> what its mean can be; intervals are cut there."""

N_CANDIDATES = 10
"""Candidates of a question in summaries that do not say how many there were."""


class Answers(NamedTuple):
    """Log-probabilities (nats, summed over tokens) of one direction; candidate 0 is the right one.

    Shapes: [draws, words, candidates].
    """

    source: Array
    """Of the right answer, after each source word."""
    n_tokens: Array
    """Tokens of that answer."""
    target: Array | None = None
    """Of each target word, after the right source word."""

    def take(self, draws: NDArray[np.intp], words: NDArray[np.intp]) -> Answers:
        """The same for some draws and words."""
        cut = np.ix_(draws, words)
        return Answers(
            self.source[cut], self.n_tokens[cut], None if self.target is None else self.target[cut]
        )


def chance(metric: str, n_candidates: int = N_CANDIDATES) -> float:
    """The expectation of a score for a guess among so many candidates.

    A rank is uniform then, so the mean reciprocal rank is the harmonic number over n.

    >>> chance("accuracy_source"), round(chance("mrr_source"), 4), chance("contrast")
    (0.1, 0.2929, 0.0)
    """
    if metric.startswith("accuracy"):
        return 1 / n_candidates
    if metric.startswith("mrr"):
        return sum(1 / rank for rank in range(1, n_candidates + 1)) / n_candidates
    return 0.0


def he2025(answers: Answers) -> Array:
    """The score of He et al. 2025 for every word, [words]."""
    loss = (-answers.source / answers.n_tokens).mean(axis=0)
    probability = np.exp(-loss)
    score: Array = probability[:, 0] - probability[:, 1:].mean(axis=1)
    return score


def by_draw(answers: Answers) -> dict[str, Array]:
    """The scores that are means over draws: name -> [draws, words]."""
    right, wrong = answers.source[..., :1], answers.source[..., 1:]
    highest = wrong.max(axis=-1)
    mean_wrong = highest + np.log(np.exp(wrong - highest[..., None]).mean(axis=-1))
    scores = {"contrast": right[..., 0] - mean_wrong}
    for side, candidates in (("source", answers.source), ("target", answers.target)):
        if candidates is not None:
            scores[f"accuracy_{side}"], scores[f"mrr_{side}"] = ranks(candidates)
    return scores


def ranks(candidates: Array) -> tuple[Array, Array]:
    """Accuracy@1 and reciprocal rank of candidate 0 among [..., candidates].

    If candidate 0 is tied with k - 1 others, each of their k ranks is equally likely.
    """
    right = candidates[..., :1]
    n_better = (candidates > right).sum(axis=-1)
    n_tied = (candidates == right).sum(axis=-1)  # itself included
    accuracy = np.where(n_better == 0, 1.0 / n_tied, 0.0)
    harmonic = np.concatenate([[0.0], np.cumsum(1.0 / np.arange(1, candidates.shape[-1] + 1))])
    reciprocal = (harmonic[n_better + n_tied] - harmonic[n_better]) / n_tied
    return accuracy, reciprocal


def by_word(answers: Answers) -> dict[str, Array]:
    """All scores: name -> [words]."""
    averaged = {name: values.mean(axis=0) for name, values in by_draw(answers).items()}
    return {"he2025": he2025(answers), **averaged}
