"""How a document of each kind is composed, and which translations it holds.

A translation is *planted* in a document if both words render the same occurrence of a source word:
in a line and the translation of that line, or in a word and its gloss. Words of lines that do not
translate each other are not planted, even if they are translations.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pivotmine.planted.draw import NOTHING, Draw, Lines, read_lines

N_SITES = 20
"""Sites, whose pages share a header and a footer; the same number in every corpus."""

_TEMPLATE_LINES = 3
_LINES_A_GLOSSARY, _WORDS_A_GLOSSARY = 3, 5
_BLOCK_LINES = (2, 5)
_ENTRIES = (10, 30)
_FOREIGN_SHARE = 0.4

Composed = tuple[list[str], tuple[str, ...], NDArray[np.int64]]
"""Lines of a document, its languages, and the senses whose translations are planted."""


def _monolingual(draw: Draw) -> Composed:
    language = draw.language()
    return draw.render(draw.lines, language), (language,), NOTHING


def _parallel(draw: Draw) -> Composed:
    pair = draw.pair()
    rendered = [draw.render(draw.lines, language) for language in pair]
    written = [line for lines in zip(*rendered, strict=True) for line in lines]
    return written, pair, draw.lines.planted()


def _block(draw: Draw) -> Composed:
    pair = draw.pair()
    n_lines = min(int(draw.generator.integers(*_BLOCK_LINES)), len(draw.lines.segments))
    start = int(draw.generator.integers(len(draw.lines.segments) - n_lines + 1))
    part = draw.lines.part(start, start + n_lines)
    written = draw.render(draw.lines, pair[0])
    written[start + n_lines : start + n_lines] = draw.render(part, pair[1])
    return written, pair, part.planted()


def _glossed(draw: Draw) -> Composed:
    pair = draw.pair()
    forms = draw.ciphers.forms[draw.ciphers.languages.index(pair[1])]
    written: list[str] = []
    planted = []
    lines = draw.render(draw.lines, pair[0])
    for start in range(0, len(lines), _LINES_A_GLOSSARY):
        end = start + _LINES_A_GLOSSARY
        senses = np.concatenate(draw.lines.senses[start:end])
        # Senses are numbered by the frequency of their words, so the last ones are the rarest.
        rarest = np.unique(senses)[::-1][:_WORDS_A_GLOSSARY]
        planted.append(rarest)
        written += [*lines[start:end], ", ".join(forms[sense] for sense in rarest.tolist())]
    return written, pair, np.unique(np.concatenate(planted))


def _code_switched(draw: Draw) -> Composed:
    pair = draw.pair()
    first, second = draw.render(draw.lines, pair[0]), draw.render(draw.other_lines(), pair[1])
    n_foreign = min(max(round(len(first) * _FOREIGN_SHARE), 1), len(second))
    written = [*first, *second[:n_foreign]]
    order = draw.generator.permutation(len(written)).tolist()
    # Lines of the two are shuffled, but those of each language keep their order.
    sides = (iter(first), iter(second))
    return [next(sides[place >= len(first)]) for place in order], pair, NOTHING


def _dictionary(draw: Draw) -> Composed:
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


def _template(draw: Draw) -> Composed:
    site = np.random.default_rng([draw.plan.seed, 5, int(draw.generator.integers(N_SITES))])
    of_site = draw._replace(generator=site)
    pair = of_site.pair()
    header, footer = (
        of_site.render(_fixed_lines(of_site), language)[:_TEMPLATE_LINES] for language in pair
    )
    return [*header, *draw.render(draw.lines, pair[0]), *footer], pair, NOTHING


def _fixed_lines(draw: Draw) -> Lines:
    start = int(draw.generator.integers(max(len(draw.text.segments) - _TEMPLATE_LINES, 1)))
    end = min(start + _TEMPLATE_LINES, len(draw.text.segments))
    segments = range(start, end)
    return read_lines(
        draw.text, draw.ciphers, draw.plan, draw.generator, segments, draw.frequencies
    )


COMPOSERS: dict[str, Callable[[Draw], Composed]] = {
    "monolingual": _monolingual,
    "parallel": _parallel,
    "block": _block,
    "glossed": _glossed,
    "code_switched": _code_switched,
    "dictionary": _dictionary,
    "template": _template,
}
"""Function that composes the lines of each of `plan.KINDS`."""
