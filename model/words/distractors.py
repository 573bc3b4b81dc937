"""Wrong words that are hard to distinguish from the right one.

For every concept and language, words of other concepts are taken, of the same language, part of
speech and split. They are near in frequency and of the same field (WordNet's `noun.animal`), so
neither frequency nor topic tells the right word. A word that any dictionary links with any word of
the concept, in any language and sense, is never taken, nor is a synonym of the hub word. A
translation that no dictionary has can still be taken; a sample read by a person says how often.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial

from pivotmine.model.words.dataset import Concept
from pivotmine.model.words.graph import WordGraph
from pivotmine.model.words.sources.wordnet import Lemma

FIELD_COST = 1.0
"""Zipf units that another field costs: within a field, words ten times rarer are preferred."""


def distractors(
    concepts: Sequence[Concept],
    graph: WordGraph,
    lemmas: Mapping[tuple[str, str], Lemma],
    n_distractors: int,
    seed: int,
) -> dict[str, dict[str, tuple[str, ...]]]:
    """Concept id -> language -> `n_distractors` words, nearest first.

    A concept whose part of speech has too few fit words in its split gets fewer; the caller drops
    it. Ties are broken by a hash of the concept's id and the seed.
    """
    pools: dict[tuple[str, str], list[Concept]] = defaultdict(list)
    for concept in concepts:
        pools[concept.pos, concept.split].append(concept)
    order = {
        concept.id: hashlib.sha256(f"{seed}/{concept.id}".encode()).hexdigest()
        for concept in concepts
    }
    chosen = {}
    for concept in concepts:
        related = _related(concept, graph, lemmas)
        fit = [
            other
            for other in pools[concept.pos, concept.split]
            # all of its words: 犬 must not be taken for `dog` as the Chinese word of `hound`
            if other.id != concept.id and related.isdisjoint(other.words.items())
        ]
        chosen[concept.id] = {
            lang: tuple(
                other.words[lang]
                for other in sorted(fit, key=partial(_cost, concept, lang, order))[:n_distractors]
            )
            for lang in concept.words
        }
    return chosen


def _related(
    concept: Concept, graph: WordGraph, lemmas: Mapping[tuple[str, str], Lemma]
) -> set[tuple[str, str]]:
    """Words of any language that mean the same as one of the concept's words, in some sense."""
    related = set(concept.words.items())
    for item in concept.words.items():
        related |= graph.neighbours(item)
    hub, word = next(iter(concept.words.items()))
    lemma = lemmas.get((word, concept.pos))
    return related | {(hub, synonym) for synonym in (lemma.synonyms if lemma else ())}


def _cost(
    concept: Concept, lang: str, order: Mapping[str, str], other: Concept
) -> tuple[float, str]:
    gap = abs(other.zipf[lang] - concept.zipf[lang])
    return (round(gap + FIELD_COST * (other.field != concept.field), 3), order[other.id])
