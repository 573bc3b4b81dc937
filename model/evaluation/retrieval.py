"""Word retrieval in a model's layers: how often a word's nearest state is its translation's.

Each word is read as a line of its own, and its state is taken at its last token, after every block.
States are centred on the mean of their language, because the language explains most of a state.
Neighbours are ranked by CSLS (Conneau et al. 2018, arXiv 1710.04087): twice the cosine, less the
mean cosine of each word to its nearest neighbours in the other language. This lowers hubs, which
are close to many words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from pivotmine import plugins
from pivotmine.model.config.evaluation import RetrievalOptions
from pivotmine.model.config.measuring import ScoringConfig
from pivotmine.model.evaluation.base import Evaluation, Pairs, Row, interval_text, mean_interval
from pivotmine.model.lens.network import parts_of
from pivotmine.model.lens.readout import read_states
from pivotmine.model.load import LoadedModel
from pivotmine.model.scoring.prompts import directions, select
from pivotmine.model.scoring.shared_cache import limits_of
from pivotmine.model.scoring.tokens import tokenize
from pivotmine.model.words.dataset import Concept, Direction, WordSet

Array = NDArray[np.float64]

N_NEIGHBOURS = 10
"""Neighbours in the mean that CSLS subtracts, as published."""


@plugins.evaluation("retrieval")
class Retrieval(Evaluation, RetrievalOptions):
    """Retrieval of the word set's translations, after the middle block and after each block."""

    title: ClassVar[str] = "retrieval in the layers"
    needs: ClassVar[str] = "a word set (--words)"

    scoring: ScoringConfig = ScoringConfig()
    """Words and directions, as in the word task."""

    def is_asked(self, words: WordSet | None, pairs: Pairs) -> bool:
        return words is not None

    def evaluate(self, model: LoadedModel, words: WordSet | None, pairs: Pairs) -> dict[str, Any]:
        assert words is not None
        asked = select(self.scoring, words.split(self.scoring.split))
        wanted = directions(self.scoring, words.languages)
        found = retrieve(model, asked, wanted, self.scoring)
        by_layer = layer_means(found)
        # The block is named in the recipe: the best block of a test split would be chosen by the
        # same words that it is judged by.
        block = min(round(self.layer * len(by_layer)), len(by_layer) - 1)
        return {
            "split": self.scoring.split,
            "n": len(asked),
            "chance": 1 / len(asked),
            "layer": block,
            "by_layer": by_layer.tolist(),
            "directions": {name: mean_interval(hit[block]) for name, hit in found.items()},
        }

    @staticmethod
    def rows(found: Mapping[str, Any]) -> list[Row]:
        measure = f"retrieval, block {found['layer']}"
        return [Row(measure, name, interval_text(hit)) for name, hit in found["directions"].items()]


def csls(queries: Array, keys: Array, n_neighbours: int = N_NEIGHBOURS) -> Array:
    """Cross-domain similarity local scaling, [Q, K], of vectors [Q, D] and [K, D].

    The cosine of a vector of zeros with any other vector is 0.
    """
    cosine = _unit(queries) @ _unit(keys).T
    of_query = _nearest(cosine, n_neighbours)[:, None]
    of_key = _nearest(cosine.T, n_neighbours)[None]
    scaled: Array = 2 * cosine - of_query - of_key
    return scaled


def hits(similarity: Array) -> Array:
    """Whether key n is the nearest to query n, float64[N]; k keys in a tie score 1/k each."""
    best = similarity.max(axis=1, keepdims=True)
    shared: Array = np.where(similarity == best, 1.0, 0.0)
    found: Array = np.diagonal(shared) / shared.sum(axis=1)
    return found


def retrieve(
    model: LoadedModel,
    concepts: Sequence[Concept],
    directions: Sequence[Direction],
    config: ScoringConfig,
) -> dict[str, Array]:
    """Direction -> [layers, concepts]: 1 if the nearest state is that of the translation.

    Words that are spelled alike in both languages have the same state and count as hits.
    """
    states = {
        lang: _states(model, [concept.words[lang] for concept in concepts], config)
        for lang in dict.fromkeys(lang for direction in directions for lang in direction)
    }
    return {
        str(direction): np.stack(
            [
                hits(csls(source, target))
                for source, target in zip(
                    states[direction.source], states[direction.target], strict=True
                )
            ]
        )
        for direction in directions
    }


def layer_means(found: Mapping[str, Array]) -> Array:
    """Share of hits after every block, as the mean over directions and concepts, [layers]."""
    means: Array = np.mean([of.mean(axis=1) for of in found.values()], axis=0)
    return means


def _states(model: LoadedModel, words: Sequence[str], config: ScoringConfig) -> Array:
    """Centred states, [layers, words, width]."""
    questions = tokenize(model.tokenizer, [("\n", word) for word in words], config.bos)
    contexts = [question.context + question.answer for question in questions]
    read = read_states(model, parts_of(model), contexts, limits_of(model, config))
    states: Array = read.double().cpu().numpy().transpose(1, 0, 2)
    states -= states.mean(axis=1, keepdims=True)
    return states


def _unit(vectors: Array) -> Array:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Array = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return unit


def _nearest(cosine: Array, n: int) -> Array:
    """Mean of the n largest values of each row."""
    n = min(n, cosine.shape[1])
    mean: Array = np.partition(cosine, -n, axis=1)[:, -n:].mean(axis=1)
    return mean
