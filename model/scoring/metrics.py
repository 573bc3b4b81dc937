"""From log-probabilities to scores of words.

Let P(y | w) be what the model gives the target word y when the prompt asks about the source word w,
and w' the wrong source words. All source-side scores keep the answer and change the question, so
the answer's length, script and frequency cancel:

* `he2025`: P(y|w) - sum over nine w' of P(y|w') / 9, where P is the exponential of the mean log of
  the answer's tokens, averaged over draws before the exponential (He et al. 2025; with their
  constant nine). Its floor is 0 and it is not comparable between scripts.
* `contrast`: log P(y|w) - log mean over w' of P(y|w'), summed logs, in nats, mean over draws. No
  floor, no ceiling; the primary score.
* `accuracy_source`, `mrr_source`: whether, and at which rank, the right source word makes y
  likeliest among the ten (chance .10, .293).
* `accuracy_target`, `mrr_target`: whether the right target word is likeliest after w among ten
  target words. This one a reader expects of "accuracy", but a rarer or longer right word loses it.

Ties share the credit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

HE2025_DISTRACTORS = 9


class Answers(NamedTuple):
    """Log-probabilities (nats, summed over tokens) of one direction; candidate 0 is the right one.

    Shapes: [draws, words, candidates].
    """

    source: Array
    """Of the right answer, by source word in the question."""
    n_tokens: Array
    """Tokens of that answer."""
    target: Array | None = None
    """Of each answer, after the right source word."""

    def take(self, draws: NDArray[np.intp], words: NDArray[np.intp]) -> Answers:
        """The same of some draws and words."""
        cut = np.ix_(draws, words)
        return Answers(
            self.source[cut], self.n_tokens[cut], None if self.target is None else self.target[cut]
        )


def he2025(answers: Answers) -> Array:
    """Published score of every word, [words]."""
    loss = (-answers.source / answers.n_tokens).mean(axis=0)
    probability = np.exp(-loss)
    score: Array = probability[:, 0] - probability[:, 1:].sum(axis=1) / HE2025_DISTRACTORS
    return score


def by_draw(answers: Answers) -> dict[str, Array]:
    """Scores that average over draws: name -> [draws, words]."""
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

    With k candidates tied, candidate 0 among them, each of their k ranks is as likely.
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
