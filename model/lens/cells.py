"""The cells of a lens run: the questions of one direction and split, with the tokens to watch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pivotmine.errors import InputError
from pivotmine.model.config.measuring import LensConfig, ScoringConfig
from pivotmine.model.lens.candidates import (
    Categories,
    Ids,
    categories,
    eligible,
    n_lone_spaces,
    word_tokens,
)
from pivotmine.model.lens.mined import Mined, MinedTexts, Vocabulary, read_mined
from pivotmine.model.load import LoadedModel
from pivotmine.model.scoring.prompts import answer, examples, prompt, select
from pivotmine.model.scoring.shared_cache import Tokens
from pivotmine.model.scoring.tokens import tokenize
from pivotmine.model.words.dataset import Concept, Direction, WordSet, pivot_of


@dataclass(frozen=True)
class Cell:
    """The questions of one direction and split."""

    direction: Direction
    split: str
    pivot: str
    """Language of the candidate pivot."""
    concepts: tuple[Concept, ...]
    watched: tuple[Categories, ...]
    contexts: tuple[Tokens, ...]
    """Up to the token before the answer's first letter."""
    n_spaces: NDArray[np.int64]
    """Lone spaces at the end of each context: the kind of position that is read."""
    ends: tuple[tuple[Ids, Ids], ...]
    """All tokens of source and target word, for the published rule."""
    bridged_by: tuple[str, ...]
    """Language of each pair's best bridge in the lake; empty where no list says it."""


class Cells:
    """Makes cells from a word set, for one model.

    Raises
    ------
    InputError
        The list of mined pivots cannot be read.
    """

    def __init__(
        self, model: LoadedModel, words: WordSet, scoring: ScoringConfig, config: LensConfig
    ) -> None:
        self._model, self._words = model, words
        self._scoring, self._config = scoring, config
        texts = {word for concept in words.concepts for word in concept.words.values()}
        for concept in words.concepts:
            texts.update(word for group in concept.distractors.values() for word in group)
        self.tokens: Mapping[str, Ids] = word_tokens(model.tokenizer, sorted(texts))
        """First tokens of every word of the set."""
        self._mined: MinedTexts | None = None
        if config.mined:
            self._mined = read_mined(Path(config.mined))
            self._vocabulary = Vocabulary(model.tokenizer)

    def make(self, direction: Direction, split: str, limit: int) -> Cell:
        """The first `limit` concepts of a split, by hash, whose pivot can be distinguished.

        If pairs have mined pivots of their own, only those pairs are read. Train words are exempt,
        because they only show what states have in common.

        Raises
        ------
        InputError
            No mined pivot of the direction is a single token of this model.
        """
        pivot = pivot_of(direction, self._words.languages)
        shots = examples(self._scoring, self._config.draw, self._words.split("train"))
        usable = [
            concept
            for concept in eligible(self._words.split(split), direction, self.tokens, pivot)
            if concept not in shots and (split == "train" or self._is_bridged(direction, concept))
        ]
        asked = select(self._scoring.model_copy(update={"limit": limit}), usable)
        tokenizer, names = self._model.tokenizer, self._scoring.language_names
        texts = [
            (
                prompt(direction, names, shots, concept.words[direction.source]),
                answer(concept.words[direction.target]),
            )
            for concept in asked
        ]
        questions = tokenize(tokenizer, texts, self._scoring.bos)
        sources = [("\n", answer(concept.words[direction.source])) for concept in asked]
        n_spaces = [n_lone_spaces(tokenizer, question.answer) for question in questions]
        return Cell(
            direction,
            split,
            pivot,
            tuple(asked),
            self._watched(direction, asked),
            tuple(
                question.context + question.answer[:n]
                for question, n in zip(questions, n_spaces, strict=True)
            ),
            np.array(n_spaces),
            tuple(
                (_bare(tokenizer, source.answer), _bare(tokenizer, question.answer))
                for source, question in zip(tokenize(tokenizer, sources), questions, strict=True)
            ),
            tuple(
                self._mined.lang_of.get((str(direction), concept.id), "") if self._mined else ""
                for concept in asked
            ),
        )

    def _watched(self, direction: Direction, asked: Sequence[Concept]) -> tuple[Categories, ...]:
        return tuple(
            categories(
                concept,
                direction,
                self._words.concepts,
                self._words.languages,
                self.tokens,
                self._config.n_controls,
                self._config.n_near,
                mined,
            )
            for concept, mined in zip(asked, self._mined_of(direction, asked), strict=True)
        )

    def _is_bridged(self, direction: Direction, concept: Concept) -> bool:
        return self._mined is None or bool(self._mined.of(str(direction), concept.id))

    def _mined_of(self, direction: Direction, asked: Sequence[Concept]) -> list[Mined | None]:
        """The mined pivots of each concept; None if no list was given."""
        if self._mined is None:
            return [None] * len(asked)
        texts = [self._mined.of(str(direction), concept.id) for concept in asked]
        by_texts = {own: self._vocabulary.mined(own) for own in dict.fromkeys(texts)}
        if any(texts) and not any(found.tokens for found in by_texts.values()):
            raise InputError(
                f"{self._config.mined}: no mined pivot of {direction} is a single token of "
                f"{self._model.name}"
            )
        return [by_texts[own] for own in texts]


def _bare(tokenizer: Any, tokens: Ids) -> Ids:
    return tokens[n_lone_spaces(tokenizer, tokens) :]
