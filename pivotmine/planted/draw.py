"""Material of documents: lines drawn from the text, written in any language."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.planted.ciphers import Ciphers
from pivotmine.planted.plan import Plan
from pivotmine.planted.text import WORD, SourceText

NOTHING = np.empty(0, np.int64)

Frequencies = NDArray[np.float64]
"""[V] running sums of the frequencies of words."""

_MOST_SEGMENTS = 400


class Lines(NamedTuple):
    """Lines of the text, with a sense for each word."""

    segments: list[str]
    word_ids: list[NDArray[np.int32]]
    senses: list[NDArray[np.int64]]

    def part(self, start: int, end: int) -> Lines:
        """Lines `start` to `end`."""
        return Lines(self.segments[start:end], self.word_ids[start:end], self.senses[start:end])

    def planted(self) -> NDArray[np.int64]:
        """[n] distinct senses of the lines, ascending."""
        return np.unique(np.concatenate(self.senses)) if self.senses else NOTHING


class Draw(NamedTuple):
    """The lines of one document, and the generator of its block."""

    text: SourceText
    ciphers: Ciphers
    plan: Plan
    generator: np.random.Generator
    lines: Lines
    """Of this document."""

    frequencies: Frequencies | None = None
    """Of the words of this document's source; None: those of the text."""

    def other_lines(self) -> Lines:
        """Lines of a document drawn from the text."""
        number = int(self.generator.integers(len(self.text.document_offsets) - 1))
        return draw_lines(
            self.text, self.ciphers, self.plan, self.generator, number, self.frequencies
        )

    def render(self, lines: Lines, language: str) -> list[str]:
        """Lines in a language."""
        number = self.ciphers.languages.index(language)
        return [
            self._render_line(number, segment, senses)
            for segment, senses in zip(lines.segments, lines.senses, strict=True)
        ]

    def _render_line(self, language: int, segment: str, senses: NDArray[np.int64]) -> str:
        if language == 0 and self.plan.topics:
            return segment
        forms = self.ciphers.forms[language]
        order = np.arange(len(senses))
        if language:
            for place in np.flatnonzero(
                self.generator.random(max(len(senses) - 1, 0)) < self.plan.swap_share
            ).tolist():
                order[[place, place + 1]] = order[[place + 1, place]]
        spelled = iter([forms[sense] for sense in senses[order].tolist()])
        return WORD.sub(lambda _: next(spelled), segment)

    def language(self) -> str:
        """A language, drawn."""
        return self.plan.languages[int(self.generator.integers(len(self.plan.languages)))]

    def pair(self) -> tuple[str, str]:
        """Two languages that may meet, drawn, in either order."""
        first, second = self.plan.pairs[int(self.generator.integers(len(self.plan.pairs)))]
        return (first, second) if self.generator.random() < 0.5 else (second, first)


def source_frequencies(text: SourceText, plan: Plan) -> list[Frequencies | None]:
    """Frequencies of the words in every source, by a draw of its own for each."""
    if plan.topics or plan.n_sources == 1:
        return [None] * plan.n_sources
    found: list[Frequencies | None] = []
    for source in range(plan.n_sources):
        generator = np.random.default_rng([plan.seed, 6, source])
        factors = np.exp(plan.source_spread * generator.standard_normal(len(text.words)))
        found.append(np.cumsum(text.frequencies * factors))
    return found


def draw_lines(
    text: SourceText,
    ciphers: Ciphers,
    plan: Plan,
    generator: np.random.Generator,
    document: int,
    frequencies: Frequencies | None = None,
) -> Lines:
    """A run of lines from a drawn place of a source document."""
    first, end = text.document_offsets[document : document + 2].tolist()
    wanted = min(1 + int(generator.geometric(1 / (plan.document_segments - 1))), _MOST_SEGMENTS)
    n_lines = min(max(wanted, 2), end - first)
    start = first + int(generator.integers(end - first - n_lines + 1))
    segments = range(start, start + n_lines)
    return read_lines(text, ciphers, plan, generator, segments, frequencies)


def read_lines(
    text: SourceText,
    ciphers: Ciphers,
    plan: Plan,
    generator: np.random.Generator,
    segments: range,
    frequencies: Frequencies | None = None,
) -> Lines:
    """Segments of the text with a sense for each word."""
    lines = Lines([], [], [])
    for segment in segments:
        word_ids = text.word_ids[text.word_offsets[segment] : text.word_offsets[segment + 1]]
        if not plan.topics and frequencies is not None:
            drawn = generator.random(len(word_ids)) * frequencies[-1]
            word_ids = np.searchsorted(frequencies, drawn, side="right").astype(np.int32)
        elif not plan.topics:
            # Places of the running text, so that words are drawn by frequency.
            places = generator.integers(len(text.word_ids), size=len(word_ids))
            word_ids = text.word_ids[places]
        lines.segments.append(text.segments[segment])
        lines.word_ids.append(word_ids)
        lines.senses.append(ciphers.draw_senses(generator, word_ids))
    return lines
