"""Evaluations during training: rows for words, aligned pairs and held-out text.

Words are scored as by `pivotmine-model score` (`model/scoring`), so their rows compare with its.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from pivotmine.model.config.measuring import ScoringConfig
from pivotmine.model.load import LoadedModel
from pivotmine.model.losses.conditional import source_worth
from pivotmine.model.losses.heldout import HeldoutTexts
from pivotmine.model.losses.pairs import Pair
from pivotmine.model.progress import Progress
from pivotmine.model.scoring.cells import collect, run_cell, word_task
from pivotmine.model.scoring.metrics import METRICS, by_word
from pivotmine.model.scoring.shared_cache import limits_of
from pivotmine.model.training.checkpoints import Rows
from pivotmine.model.words.dataset import Direction, WordSet


def word_rows(
    model: LoadedModel, words: WordSet, config: ScoringConfig, direction: Direction
) -> Rows:
    """A row for every concept of a direction: contrast, accuracy_source, mrr_source.

    Raises
    ------
    ConfigError, InputError
        The word set cannot serve these settings.
    """
    task = word_task(words, config)
    limits = limits_of(model, config)
    parts = [
        run_cell(model, task, direction, draw, limits, Progress()) for draw in range(config.n_draws)
    ]
    found = by_word(collect(parts, [concept.id for concept in task.concepts]))
    return [
        {
            "kind": "word",
            "name": str(direction),
            "concept": concept.id,
            **{name: float(found[name][place]) for name in METRICS},
        }
        for place, concept in enumerate(task.concepts)
    ]


def pair_rows(model: LoadedModel, direction: str, pairs: Sequence[Pair]) -> Rows:
    """A row for every aligned pair: the loss of its target, and the worth of its source."""
    given, worths = source_worth(model, pairs)
    return [
        {"kind": "pair", "name": direction, "concept": str(place), "loss": loss, "contrast": worth}
        for place, (loss, worth) in enumerate(zip(given.tolist(), worths.tolist(), strict=True))
    ]


def evaluations(
    model: LoadedModel,
    words: WordSet | None,
    scoring: ScoringConfig,
    pairs: Mapping[str, Sequence[Pair]],
    heldout: HeldoutTexts,
) -> list[Callable[[Any], Rows]]:
    """Functions that evaluate the network in training, one for a text or a direction."""

    def of(network: Any) -> LoadedModel:
        device = next(network.parameters()).device
        return LoadedModel(network, model.tokenizer, model.name, model.version, device)

    def of_text(network: Any, name: str) -> Rows:
        loss = heldout.loss(network, name, scoring.logit_mib)
        return [{"kind": "heldout", "name": name, "loss": loss}]

    def of_pairs(network: Any, direction: str) -> Rows:
        return pair_rows(of(network), direction, pairs[direction])

    def of_words(network: Any, direction: Direction, asked: WordSet) -> Rows:
        return word_rows(of(network), asked, scoring, direction)

    found: list[Callable[[Any], Rows]] = [partial(of_text, name=name) for name in heldout.names]
    found += [partial(of_pairs, direction=direction) for direction in pairs]
    if words:
        ways = word_task(words, scoring).directions
        found += [partial(of_words, direction=way, asked=words) for way in ways]
    return found
