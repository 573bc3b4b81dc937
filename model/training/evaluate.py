"""Evaluations during training: rows for words, aligned pairs and held-out text.

Words are scored as by `pivotmine-model score` (`model/scoring`), so their rows compare with its.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pivotmine.model.config.measuring import ScoringConfig
from pivotmine.model.load import LoadedModel
from pivotmine.model.losses.conditional import conditional_losses
from pivotmine.model.losses.heldout import HeldoutTexts
from pivotmine.model.losses.pairs import Pair
from pivotmine.model.progress import Progress
from pivotmine.model.scoring.cells import collect, run_cell, word_task
from pivotmine.model.scoring.metrics import by_word
from pivotmine.model.scoring.shared_cache import limits_of
from pivotmine.model.training.checkpoints import Rows
from pivotmine.model.words.dataset import WordSet

HELDOUT_BATCH = 16
"""Sequences of held-out text that are read at once."""


def word_rows(model: LoadedModel, words: WordSet, config: ScoringConfig) -> Rows:
    """A row for every direction and concept: contrast, accuracy_source, mrr_source, he2025.

    Raises
    ------
    ConfigError, InputError
        The word set cannot serve these settings.
    """
    task = word_task(words, config)
    limits = limits_of(model, config)
    rows: Rows = []
    for direction in task.directions:
        parts = [
            run_cell(model, task, direction, draw, limits, Progress())
            for draw in range(config.n_draws)
        ]
        found = by_word(collect(parts, [concept.id for concept in task.concepts]))
        rows += [
            {
                "kind": "word",
                "name": str(direction),
                "concept": concept.id,
                **{name: float(values[place]) for name, values in found.items()},
            }
            for place, concept in enumerate(task.concepts)
        ]
    return rows


def pair_rows(model: LoadedModel, pairs: Mapping[str, Sequence[Pair]]) -> Rows:
    """A row for every aligned pair: the loss of its target, and its gain from its source."""
    rows: Rows = []
    for direction, asked in pairs.items():
        read = conditional_losses(model, asked)
        rows += [
            {
                "kind": "pair",
                "name": direction,
                "concept": str(place),
                "loss": loss,
                "contrast": gain,
            }
            for place, (loss, gain) in enumerate(
                zip(read.given.tolist(), read.gain.tolist(), strict=True)
            )
        ]
    return rows


def evaluator(
    model: LoadedModel,
    words: WordSet | None,
    scoring: ScoringConfig,
    pairs: Mapping[str, Sequence[Pair]],
    heldout: HeldoutTexts,
) -> Callable[[Any], Rows]:
    """A function that evaluates the network in training and returns rows of all kinds."""

    def evaluate(network: Any) -> Rows:
        device = next(network.parameters()).device
        asked = LoadedModel(network, model.tokenizer, model.name, model.version, device)
        losses = heldout.losses(network, HELDOUT_BATCH)
        rows: Rows = [
            {"kind": "heldout", "name": name, "loss": loss} for name, loss in losses.items()
        ]
        return rows + pair_rows(asked, pairs) + (word_rows(asked, words, scoring) if words else [])

    return evaluate
