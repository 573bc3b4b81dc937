"""What a model can do at some point of its training: words it translates, held-out text it expects.

Words are asked as `score` asks them (`model/scoring`), so a row means the same here and there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from pivotmine.errors import InputError
from pivotmine.model.config import ScoringConfig
from pivotmine.model.evaluation.conditional import conditional_losses
from pivotmine.model.evaluation.pairs import Pair
from pivotmine.model.load import LoadedModel
from pivotmine.model.scoring.metrics import by_word
from pivotmine.model.scoring.prompts import directions, select
from pivotmine.model.scoring.run import (
    Progress,
    ask,
    collect,
    limits_of,
    require_distractors,
    run_cell,
)
from pivotmine.model.training.packing import Packing
from pivotmine.model.words.dataset import WordSet

Rows = list[dict[str, Any]]


def word_rows(model: LoadedModel, words: WordSet, config: ScoringConfig) -> Rows:
    """A row for every direction and concept: contrast, accuracy_source, mrr_source, he2025.

    Raises
    ------
    InputError
        The word set cannot serve these settings.
    """
    wanted = directions(config, words.languages)
    asked = select(config, words.split(config.split))
    if not asked:
        raise InputError(f"the word set has no concept in split {config.split!r}")
    require_distractors(asked, wanted, config.target_side)
    limits = limits_of(model, config)
    rows: Rows = []
    for direction in wanted:
        parts = [
            run_cell(
                model,
                list(ask(words, asked, config, direction, draw)),
                config,
                direction,
                draw,
                limits,
                Progress(),
            )
            for draw in range(config.n_draws)
        ]
        found = by_word(collect(parts, [concept.id for concept in asked]))
        rows += [
            {
                "kind": "word",
                "name": str(direction),
                "concept": concept.id,
                **{name: float(values[place]) for name, values in found.items()},
            }
            for place, concept in enumerate(asked)
        ]
    return rows


def heldout_rows(
    network: Any, heldout: Mapping[str, Packing], n_sequences: int, batch: int, masked: bool
) -> Rows:
    """A row for every held-out stream: its mean loss over its first sequences, nats a token."""
    import torch

    rows: Rows = []
    device = next(network.parameters()).device
    for name, packing in heldout.items():
        losses = []
        for first in range(0, n_sequences, batch):
            cut = [packing.take(n) for n in range(first, min(first + batch, n_sequences))]
            ids = torch.from_numpy(np.stack([ids for ids, _ in cut])).to(device)
            inputs = {"input_ids": ids, "labels": ids, "use_cache": False}
            if masked:
                at = np.stack([positions for _, positions in cut])
                inputs["position_ids"] = torch.from_numpy(at).to(device)
            with torch.inference_mode():
                losses.append((float(network(**inputs).loss), len(cut)))
        total = sum(loss * n for loss, n in losses) / sum(n for _, n in losses)
        rows.append({"kind": "heldout", "name": name, "loss": total})
    return rows


def pair_rows(model: LoadedModel, pairs: Mapping[str, Sequence[Pair]]) -> Rows:
    """A row for every aligned pair: the loss of its target, and what its source is worth."""
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


class Questions(NamedTuple):
    """What a grid asks its models."""

    words: WordSet | None
    scoring: ScoringConfig
    pairs: Mapping[str, Sequence[Pair]]
    heldout: Mapping[str, Packing]
    n_sequences: int
    """Sequences of each held-out text."""


def evaluator(model: LoadedModel, questions: Questions, masked: bool) -> Callable[[Any], Rows]:
    """A function from the network in training to rows of all kinds."""

    def evaluate(network: Any) -> Rows:
        device = next(network.parameters()).device
        asked = LoadedModel(network, model.tokenizer, model.name, model.version, device)
        rows = heldout_rows(network, questions.heldout, questions.n_sequences, 16, masked)
        rows += pair_rows(asked, questions.pairs)
        words = questions.words
        return rows + (word_rows(asked, words, questions.scoring) if words else [])

    return evaluate
