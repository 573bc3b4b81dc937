"""The prompt of the word task, and the concepts that serve as its examples.

`he2025` is the wording in the code of He et al. 2025 (arXiv 2505.16385): an instruction, solved
examples and the question. The answer is a space and the word.

`lines` has no instruction. It shows lines of words, each followed by its translation, as parallel
documents do. The word in question begins the last line, and the answer begins the next one. Models
of half a million parameters follow no instruction, but they continue a document.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Literal

from pivotmine.errors import ConfigError, InputError
from pivotmine.model.config.measuring import ScoringConfig
from pivotmine.model.words.dataset import Concept, Direction

Style = Literal["he2025", "lines"]

LINE_WORDS = 4
"""Words of a line in prompts of style `lines`."""


def directions(config: ScoringConfig, languages: Sequence[str]) -> tuple[Direction, ...]:
    """The directions to score: those of the settings, else all ordered pairs of `languages`.

    Raises
    ------
    ConfigError
        A direction is not written `en-fr`, or a language has no name for the prompt.
    InputError
        A direction needs a language that the word set does not have for every concept.
    """
    if config.directions:
        asked = []
        for text in config.directions:
            source, dash, target = text.partition("-")
            if not dash or not source or not target or source == target:
                raise ConfigError(f"scoring.directions: write {text!r} like en-fr")
            asked.append(Direction(source, target))
    else:
        asked = [Direction(a, b) for a in languages for b in languages if a != b]
    for lang in dict.fromkeys(lang for direction in asked for lang in direction):
        if lang not in languages:
            raise InputError(
                f"the word set has no {lang!r} word for every concept (it has "
                f"{', '.join(languages) or 'no language in common'}): build one with "
                f"`pivotmine-model words --set words.languages=[...]`, or leave out its directions"
            )
        if lang not in config.language_names:
            raise ConfigError(f"scoring.language_names has no name for {lang!r}")
    return tuple(asked)


def examples(
    config: ScoringConfig, draw: int, pool: Sequence[Concept], concept: Concept | None = None
) -> list[Concept]:
    """The solved examples of a draw; every direction gets the same concepts, so draws are paired.

    Parameters
    ----------
    pool
        Concepts to draw from.
    concept
        Draw for this concept alone, without the concept itself. None: one draw for all concepts.

    Raises
    ------
    InputError
        The pool holds too few concepts.
    """
    name = f"{config.seed}/{draw}/{concept.id if concept else ''}"
    others = [other for other in pool if concept is None or other.id != concept.id]
    if len(others) < config.n_shots:
        raise InputError(
            f"scoring.n_shots is {config.n_shots}, but the word set has only {len(others)} "
            "concepts to draw examples from: give it a larger train split, or lower n_shots"
        )
    return sorted(others, key=lambda other: _hash(name, other.id))[: config.n_shots]


def select(config: ScoringConfig, concepts: Sequence[Concept]) -> list[Concept]:
    """All concepts, or the first `limit` by hash, in the order of their ids."""
    chosen = sorted(concepts, key=lambda concept: _hash("ask", concept.id))
    return sorted(chosen[: config.limit or None], key=lambda concept: concept.id)


def prompt(
    direction: Direction,
    names: Mapping[str, str],
    shots: Sequence[Concept],
    word: str,
    style: Style = "he2025",
) -> str:
    """The examples and the question about `word`, without a space at the end."""
    if style == "lines":
        return _lines(direction, shots, word)
    source, target = names[direction.source], names[direction.target]
    solved = "".join(
        f"{source}: {shot.words[direction.source]}\n{target}: {shot.words[direction.target]}\n\n"
        for shot in shots
    )
    return (
        f"Please translate words from {source} to {target}.\n\n{solved}{source}: {word}\n{target}:"
    )


def answer(word: str, style: Style = "he2025") -> str:
    """The answer as it follows the prompt."""
    return word if style == "lines" else f" {word}"


def _lines(direction: Direction, shots: Sequence[Concept], word: str) -> str:
    """Solved lines of four words, and a line that begins with the word in question."""
    beside, solved = shots[: LINE_WORDS - 1], shots[LINE_WORDS - 1 :]
    lines = [
        " ".join(shot.words[language] for shot in solved[start : start + LINE_WORDS])
        for start in range(0, len(solved), LINE_WORDS)
        for language in direction
    ]
    lines.append(" ".join([word, *(shot.words[direction.source] for shot in beside)]))
    return "".join(f"{line}.\n" for line in lines)


def _hash(name: str, concept_id: str) -> bytes:
    return hashlib.sha256(f"{name}/{concept_id}".encode()).digest()
