"""Lexical retrieval inside a model: words whose state is nearest to that of their translation.

A word is read as a line of its own, and its state is taken at its last token, after every block.
States are centred on their language's mean, since the language of a word is most of what its state
says. Neighbours are ranked by CSLS (Conneau et al. 2018, Word Translation Without Parallel Data):
twice the cosine, less the mean cosine of either word to its nearest ones on the other side, so that
hubs, which are near to everything, are not everybody's translation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pivotmine.model.config import ScoringConfig
from pivotmine.model.lens.network import parts_of
from pivotmine.model.lens.states import read_states
from pivotmine.model.scoring.prompts import Direction
from pivotmine.model.scoring.run import limits_of
from pivotmine.model.scoring.tokens import tokenize

if TYPE_CHECKING:
    from pivotmine.model.load import LoadedModel
    from pivotmine.model.words.dataset import Concept

Array = NDArray[np.float64]

N_NEIGHBOURS = 10
"""Of the mean that CSLS takes off, as published."""


def csls(queries: Array, keys: Array, n_neighbours: int = N_NEIGHBOURS) -> Array:
    """Cross-domain similarity local scaling, [Q, K], of vectors [Q, D] and [K, D].

    A vector of zeros is near to nothing (cosine 0).
    """
    cosine = _unit(queries) @ _unit(keys).T
    of_query = _nearest(cosine, n_neighbours)[:, None]
    of_key = _nearest(cosine.T, n_neighbours)[None]
    scaled: Array = 2 * cosine - of_query - of_key
    return scaled


def hits(similarity: Array) -> Array:
    """Whether key n is the nearest of query n, float64[N]; ties share the credit."""
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
    """Direction -> [layers, concepts]: whether the word's nearest state is its translation's.

    Words that are spelled alike in both languages have the same state and count as hits, so leave
    them out where languages share a script.
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
    """Share of hits after every block, mean over directions and concepts, [layers]."""
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
    """Mean of the n largest of each row."""
    n = min(n, cosine.shape[1])
    mean: Array = np.partition(cosine, -n, axis=1)[:, -n:].mean(axis=1)
    return mean
