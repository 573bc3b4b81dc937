"""Documents of known kind, with the translations that each of them holds.

A block of documents has a generator of its own, seeded with the block's number: a corpus of twice
the documents begins with the smaller one, and no size needs more memory than the text and a block.
Documents of the text are taken in a shuffled order, each once before any is taken again.

A translation is *planted* in a document when both its words stand there for the same occurrence of
a word: in a line and the translation of that line, or in a word and its gloss. Words that meet in
lines that do not translate each other are none, even where they would be translations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.planted.ciphers import Ciphers
from pivotmine.planted.plan import Plan
from pivotmine.planted.text import WORD, SourceText

BLOCK_DOCUMENTS = 500
N_SITES = 20
"""Sites whose pages share a header and a footer, however large the corpus."""

_MOST_SEGMENTS = 400
_TEMPLATE_LINES = 3
_LINES_A_GLOSSARY, _WORDS_A_GLOSSARY = 3, 5
_BLOCK_LINES = (2, 5)
_ENTRIES = (10, 30)
_FOREIGN_SHARE = 0.4

NOTHING = np.empty(0, np.int64)


class PlantedDocument(NamedTuple):
    """A document and the truth about it."""

    url: str
    """`planted://seed/number`; numbers count from 0."""

    kind: str
    """One of `plan.KINDS`."""

    text: str
    languages: tuple[str, ...]
    """One or two; the language of most lines first."""

    senses: NDArray[np.int64]
    """[n] sorted senses (`Ciphers`) of which both languages' words are planted."""

    duplicate_of: str = ""
    """Url of the document that it repeats."""

    is_exact: bool = False
    """Whether it repeats that document letter by letter."""


class _Lines(NamedTuple):
    """Lines of the text, with a sense for each word."""

    segments: list[str]
    word_ids: list[NDArray[np.int32]]
    senses: list[NDArray[np.int64]]

    def part(self, start: int, end: int) -> _Lines:
        return _Lines(self.segments[start:end], self.word_ids[start:end], self.senses[start:end])

    def planted(self) -> NDArray[np.int64]:
        return np.unique(np.concatenate(self.senses)) if self.senses else NOTHING


class _Draw(NamedTuple):
    """What a kind of document is composed from."""

    text: SourceText
    ciphers: Ciphers
    plan: Plan
    generator: np.random.Generator
    lines: _Lines
    """Of this document."""

    def other_lines(self) -> _Lines:
        """Lines of any document of the text."""
        number = int(self.generator.integers(len(self.text.document_offsets) - 1))
        return _draw_lines(self.text, self.ciphers, self.plan, self.generator, number)

    def render(self, lines: _Lines, language: str) -> list[str]:
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
        """Any language."""
        return self.plan.languages[int(self.generator.integers(len(self.plan.languages)))]

    def pair(self) -> tuple[str, str]:
        """Two languages that may meet, either of them first."""
        first, second = self.plan.pairs[int(self.generator.integers(len(self.plan.pairs)))]
        return (first, second) if self.generator.random() < 0.5 else (second, first)


_Composed = tuple[list[str], tuple[str, ...], NDArray[np.int64]]
"""Lines of a document, its languages, and what is planted."""


def compose(text: SourceText, ciphers: Ciphers, plan: Plan) -> Iterator[PlantedDocument]:
    """The documents of a plan, in order."""
    kinds = [kind for kind, rate in plan.rates.items() if rate > 0]
    cumulative = np.cumsum([plan.rates[kind] for kind in kinds])
    for block in range(-(-plan.n_documents // BLOCK_DOCUMENTS)):
        generator = np.random.default_rng([plan.seed, 3, block])
        originals: list[PlantedDocument] = []
        for place in range(min(BLOCK_DOCUMENTS, plan.n_documents - block * BLOCK_DOCUMENTS)):
            number = block * BLOCK_DOCUMENTS + place
            url = f"planted://{plan.seed}/{number}"
            lines = _draw_lines(
                text, ciphers, plan, generator, _source_document(text, plan, number)
            )
            draw = _Draw(text, ciphers, plan, generator, lines)
            if originals and generator.random() < plan.duplicate_share:
                original = originals[int(generator.integers(len(originals)))]
                yield _repeat(draw, original, url)
                continue
            drawn = float(generator.random() * cumulative[-1])
            kind = kinds[min(int(np.searchsorted(cumulative, drawn, "right")), len(kinds) - 1)]
            written, languages, senses = _COMPOSERS[kind](draw)
            document = PlantedDocument(url, kind, "\n".join(written), languages, senses)
            originals.append(document)
            yield document


def _source_document(text: SourceText, plan: Plan, number: int) -> int:
    """Document of the text that a document takes its lines from."""
    n_documents = len(text.document_offsets) - 1
    epoch, place = divmod(number, n_documents)
    return int(_shuffled(plan.seed, epoch, n_documents)[place])


_orders: dict[tuple[int, int, int], NDArray[np.int64]] = {}


def _shuffled(seed: int, epoch: int, n_documents: int) -> NDArray[np.int64]:
    """The order of an epoch; the last one is kept, since documents ask for it one by one."""
    key = (seed, epoch, n_documents)
    if key not in _orders:
        _orders.clear()
        _orders[key] = np.random.default_rng([seed, 4, epoch]).permutation(n_documents)
    return _orders[key]


def _draw_lines(
    text: SourceText,
    ciphers: Ciphers,
    plan: Plan,
    generator: np.random.Generator,
    document: int,
) -> _Lines:
    """A run of lines of a document of the text, from anywhere in it."""
    first, end = text.document_offsets[document : document + 2].tolist()
    wanted = min(1 + int(generator.geometric(1 / (plan.document_segments - 1))), _MOST_SEGMENTS)
    n_lines = min(max(wanted, 2), end - first)
    start = first + int(generator.integers(end - first - n_lines + 1))
    return _read(text, ciphers, plan, generator, range(start, start + n_lines))


def _read(
    text: SourceText,
    ciphers: Ciphers,
    plan: Plan,
    generator: np.random.Generator,
    segments: range,
) -> _Lines:
    lines = _Lines([], [], [])
    for segment in segments:
        word_ids = text.word_ids[text.word_offsets[segment] : text.word_offsets[segment + 1]]
        if not plan.topics:
            # A word drawn from the running text is a word drawn by its frequency.
            places = generator.integers(len(text.word_ids), size=len(word_ids))
            word_ids = text.word_ids[places]
        lines.segments.append(text.segments[segment])
        lines.word_ids.append(word_ids)
        lines.senses.append(ciphers.draw_senses(generator, word_ids))
    return lines


def _repeat(draw: _Draw, original: PlantedDocument, url: str) -> PlantedDocument:
    """An earlier document once more, as it is or below a line of its first language."""
    if draw.generator.random() < 0.5:
        return original._replace(url=url, duplicate_of=original.url, is_exact=True)
    (line,) = draw.render(draw.lines.part(0, 1), original.languages[0])
    return original._replace(url=url, text=f"{line}\n{original.text}", duplicate_of=original.url)


def _monolingual(draw: _Draw) -> _Composed:
    language = draw.language()
    return draw.render(draw.lines, language), (language,), NOTHING


def _parallel(draw: _Draw) -> _Composed:
    pair = draw.pair()
    rendered = [draw.render(draw.lines, language) for language in pair]
    written = [line for lines in zip(*rendered, strict=True) for line in lines]
    return written, pair, draw.lines.planted()


def _block(draw: _Draw) -> _Composed:
    pair = draw.pair()
    n_lines = min(int(draw.generator.integers(*_BLOCK_LINES)), len(draw.lines.segments))
    start = int(draw.generator.integers(len(draw.lines.segments) - n_lines + 1))
    part = draw.lines.part(start, start + n_lines)
    written = draw.render(draw.lines, pair[0])
    written[start + n_lines : start + n_lines] = draw.render(part, pair[1])
    return written, pair, part.planted()


def _glossed(draw: _Draw) -> _Composed:
    pair = draw.pair()
    forms = draw.ciphers.forms[draw.ciphers.languages.index(pair[1])]
    written: list[str] = []
    planted = []
    lines = draw.render(draw.lines, pair[0])
    for start in range(0, len(lines), _LINES_A_GLOSSARY):
        end = start + _LINES_A_GLOSSARY
        senses = np.concatenate(draw.lines.senses[start:end])
        # Words are numbered by frequency, and so are their senses: the last ones are the rarest.
        rarest = np.unique(senses)[::-1][:_WORDS_A_GLOSSARY]
        planted.append(rarest)
        written += [*lines[start:end], ", ".join(forms[sense] for sense in rarest.tolist())]
    return written, pair, np.unique(np.concatenate(planted))


def _code_switched(draw: _Draw) -> _Composed:
    pair = draw.pair()
    first, second = draw.render(draw.lines, pair[0]), draw.render(draw.other_lines(), pair[1])
    n_foreign = min(max(round(len(first) * _FOREIGN_SHARE), 1), len(second))
    written = [*first, *second[:n_foreign]]
    order = draw.generator.permutation(len(written)).tolist()
    # Shuffled between each other, each language in its own order.
    sides = (iter(first), iter(second))
    return [next(sides[place >= len(first)]) for place in order], pair, NOTHING


def _dictionary(draw: _Draw) -> _Composed:
    pair = draw.pair()
    headwords, glosses = (
        draw.ciphers.forms[draw.ciphers.languages.index(language)] for language in pair
    )
    frequent = max(int((draw.text.frequencies >= 2).sum()), 1)
    n_entries = min(int(draw.generator.integers(*_ENTRIES)), frequent)
    written: list[str] = []
    planted: list[int] = []
    for word in draw.generator.choice(frequent, n_entries, replace=False).tolist():
        start, end = draw.ciphers.sense_offsets[word : word + 2].tolist()
        meant = [sense for sense in range(start, end) if headwords[sense] == headwords[start]]
        written += [headwords[start], ", ".join(dict.fromkeys(glosses[sense] for sense in meant))]
        planted += meant
    return written, pair, np.unique(planted)


def _template(draw: _Draw) -> _Composed:
    site = np.random.default_rng([draw.plan.seed, 5, int(draw.generator.integers(N_SITES))])
    of_site = draw._replace(generator=site)
    pair = of_site.pair()
    header, footer = (
        of_site.render(_fixed_lines(of_site), language)[:_TEMPLATE_LINES] for language in pair
    )
    return [*header, *draw.render(draw.lines, pair[0]), *footer], pair, NOTHING


def _fixed_lines(draw: _Draw) -> _Lines:
    start = int(draw.generator.integers(max(len(draw.text.segments) - _TEMPLATE_LINES, 1)))
    end = min(start + _TEMPLATE_LINES, len(draw.text.segments))
    return _read(draw.text, draw.ciphers, draw.plan, draw.generator, range(start, end))


_COMPOSERS: dict[str, Callable[[_Draw], _Composed]] = {
    "monolingual": _monolingual,
    "parallel": _parallel,
    "block": _block,
    "glossed": _glossed,
    "code_switched": _code_switched,
    "dictionary": _dictionary,
    "template": _template,
}
