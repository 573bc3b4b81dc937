"""The cells of a run: one direction, one split, and what the lens reads there, kept as files.

States are not kept: they cost seconds, while unembedding them costs minutes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pivotmine.errors import InputError
from pivotmine.model.config import LensConfig, ScoringConfig
from pivotmine.model.direction import Direction, pivot_of
from pivotmine.model.lens.ablation import ABLATIONS, ablate
from pivotmine.model.lens.candidates import (
    Categories,
    Ids,
    categories,
    eligible,
    n_lone_spaces,
    word_tokens,
)
from pivotmine.model.lens.lenses import LensName, Statistics, apply, fit_groups
from pivotmine.model.lens.mined import Mined, MinedTexts, Vocabulary, read_mined
from pivotmine.model.lens.network import Parts
from pivotmine.model.lens.readout import Readings, read
from pivotmine.model.lens.states import read_states
from pivotmine.model.progress import Progress
from pivotmine.model.results import key, read_table, write_table
from pivotmine.model.scoring.prompts import answer, examples, prompt, select
from pivotmine.model.scoring.shared_cache import Limits, Tokens
from pivotmine.model.scoring.tokens import tokenize
from pivotmine.model.words.dataset import Concept, WordSet

if TYPE_CHECKING:
    from pivotmine.model.load import LoadedModel


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


@dataclass
class Bench:
    """A model with everything that its cells share."""

    model: LoadedModel
    parts: Parts
    words: WordSet
    scoring: ScoringConfig
    config: LensConfig
    limits: Limits
    out: Path
    progress: Progress
    tokens: Mapping[str, Ids] = field(default_factory=dict)
    _mined: MinedTexts | None = None
    _vocabulary: Vocabulary | None = None
    _states: dict[tuple[str, str], NDArray[np.float32]] = field(default_factory=dict)
    _statistics: dict[str, dict[int, Statistics]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        texts = {word for concept in self.words.concepts for word in concept.words.values()}
        for concept in self.words.concepts:
            texts.update(word for group in concept.distractors.values() for word in group)
        self.tokens = word_tokens(self.model.tokenizer, sorted(texts))
        if self.config.mined:
            self._mined = read_mined(Path(self.config.mined))
            self._vocabulary = Vocabulary(self.model.tokenizer)

    def cell(self, direction: Direction, split: str, limit: int) -> Cell:
        """The first `limit` concepts of a split, by hash, whose pivot can be told apart.

        Where pairs have mined pivots of their own, only those are asked (but for train words, which
        show what states have in common).
        """
        pivot = pivot_of(direction, self.words.languages)
        shots = examples(self.scoring, self.config.draw, self.words.split("train"))
        usable = [
            concept
            for concept in eligible(self.words.split(split), direction, self.tokens, pivot)
            if concept not in shots and (split == "train" or self._is_bridged(direction, concept))
        ]
        asked = select(self.scoring.model_copy(update={"limit": limit}), usable)
        mined = self._mined_of(direction, asked)
        watched = tuple(
            categories(
                concept,
                direction,
                self.words.concepts,
                self.words.languages,
                self.tokens,
                self.config.n_controls,
                self.config.n_near,
                own,
            )
            for concept, own in zip(asked, mined, strict=True)
        )
        tokenizer, names = self.model.tokenizer, self.scoring.language_names
        texts = [
            (prompt(direction, names, shots, concept.words[direction.source]), answer(word))
            for concept in asked
            for word in (concept.words[direction.target],)
        ]
        questions = tokenize(tokenizer, texts, self.scoring.bos)
        spaces = [n_lone_spaces(tokenizer, question.answer) for question in questions]
        contexts = tuple(
            question.context + question.answer[:n]
            for question, n in zip(questions, spaces, strict=True)
        )
        sources = [("\n", answer(concept.words[direction.source])) for concept in asked]
        ends = tuple(
            (_bare(tokenizer, source.answer), _bare(tokenizer, question.answer))
            for source, question in zip(tokenize(tokenizer, sources), questions, strict=True)
        )
        return Cell(
            direction, split, pivot, tuple(asked), watched, contexts, np.array(spaces), ends
        )

    def _is_bridged(self, direction: Direction, concept: Concept) -> bool:
        return self._mined is None or bool(self._mined.of(str(direction), concept.id))

    def _mined_of(self, direction: Direction, asked: Sequence[Concept]) -> list[Mined | None]:
        """The mined pivots of each concept, if any are watched.

        Raises
        ------
        InputError
            None of them is a single token of this model.
        """
        if self._mined is None or self._vocabulary is None:
            return [None] * len(asked)
        texts = [self._mined.of(str(direction), concept.id) for concept in asked]
        by_texts = {own: self._vocabulary.mined(own) for own in dict.fromkeys(texts)}
        if any(texts) and not any(found.tokens for found in by_texts.values()):
            raise InputError(
                f"{self.config.mined}: no mined pivot of {direction} is a single token of "
                f"{self.model.name}"
            )
        return [by_texts[own] for own in texts]

    def readings(self, cell: Cell, lens: LensName) -> Readings:
        """What a lens reads in a cell; taken from its file if it is there."""
        path = self._path("readings", cell, {"lens": lens, "n_fit": self.config.fit_limit})
        table = read_table(path)
        if table is None and cell.concepts:
            states = self._states_of(cell)
            if lens != "logit":
                known = self.statistics(cell.direction)
                states = np.stack(
                    [
                        apply(lens, state, known.get(n, known[-1]))
                        for state, n in zip(states, cell.n_spaces.tolist(), strict=True)
                    ]
                )
            name = f"{cell.direction} {cell.split}, {lens} lens"
            self.progress.start(name, len(cell.concepts))
            table = read(
                self.parts,
                self.model.tokenizer,
                states,
                cell.watched,
                self.config.n_top,
                self.limits,
                self.progress.advance,
            )
            write_table(path, table)
        return Readings(table)

    def ablations(self, cell: Cell, layers: Sequence[int]) -> pa.Table:
        """The causal check of a cell; taken from its file if it is there."""
        more = {
            "layers": list(layers),
            "way": 2,
            "n": self.config.n_ablated,
            "fit": self.config.fit_limit,
        }
        path = self._path("ablations", cell, more)
        table = read_table(path)
        if table is None:
            if not layers:
                return ABLATIONS.empty_table()
            known = self.statistics(cell.direction)
            self.progress.start(f"{cell.direction} {cell.split}, ablation", len(cell.concepts))
            table = ablate(
                self.model,
                self.parts,
                cell.contexts,
                cell.watched,
                [known.get(n, known[-1]) for n in cell.n_spaces.tolist()],
                cell.pivot,
                cell.direction.target,
                layers,
                self.config.n_ablated,
                self.limits,
                self.progress.advance,
            )
            write_table(path, table)
        return table

    def statistics(self, direction: Direction) -> dict[int, Statistics]:
        """What states have in common, by kind of position, over train words of a direction."""
        if str(direction) not in self._statistics:
            cell = self.cell(direction, "train", self.config.fit_limit)
            self._statistics[str(direction)] = fit_groups(self._states_of(cell), cell.n_spaces)
        return self._statistics[str(direction)]

    def _states_of(self, cell: Cell) -> NDArray[np.float32]:
        place = (str(cell.direction), cell.split)
        if place not in self._states:
            self.progress.start(f"{cell.direction} {cell.split}, states", len(cell.concepts))
            self._states = {}  # one cell at a time
            found = read_states(
                self.model, self.parts, cell.contexts, self.limits, self.progress.advance
            )
            self._states[place] = found.cpu().numpy()
        return self._states[place]

    def _path(self, kind: str, cell: Cell, more: Mapping[str, Any]) -> Path:
        digest = key(
            {
                "model": self.model.version,
                "words": self.words.version,
                "direction": str(cell.direction),
                "contexts": [list(context) for context in cell.contexts],
                "watched": [
                    [item.concept.id, {name: list(ids) for name, ids in item.tokens.items()}]
                    for item in cell.watched
                ],
                "n_top": self.config.n_top,
                **more,
            }
        )
        lens = f"-{more['lens']}" if "lens" in more else ""
        return self.out / kind / f"{cell.direction}-{cell.split}{lens}-{digest}.parquet"


def _bare(tokenizer: Any, tokens: Ids) -> Ids:
    return tokens[n_lone_spaces(tokenizer, tokens) :]
