"""Quality measures of the Gopher, C4 and FineWeb families, each by itself.

A measure is a number about one page; a setting `min_X` or `max_X` bounds measure X, and the first
bound that a page breaks is the reason for which it is rejected. Nothing is cut out of a page: one
that loses lines no longer says where its translations stand.

Sources: Rae et al. 2021 (Gopher, appendix A.1.1), Raffel et al. 2020 (C4, section 2.2), Penedo et
al. 2024 (FineWeb, section 3.6). Their thresholds were tuned on English web pages. Here a word of a
script without spaces is a character, and pages in such scripts have no measures about letters in
words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pivotmine.text.words import Grams, Words, covered_by_repeats, find_words, join

_SENTENCE_ENDS = tuple(".!?。！？…؟।:：”」\"'»")
_BULLETS = tuple("•‣▪◦●○■□-*–·・")
_ELLIPSES = ("...", "…", "……")
_SHORT_LINE_CHARS = 30

STOP_WORDS: dict[str, frozenset[str]] = {
    "de": frozenset("der die das und in zu den mit".split()),
    "en": frozenset("the be to of and that have with".split()),
    "es": frozenset("de la que el en y los con".split()),
    "fr": frozenset("de la le et les des en que".split()),
    "ja": frozenset("のにはをたがでて"),
    "zh": frozenset("的是在了不和有这"),
}
"""Words that running text of a language has; Gopher's for English."""


class Page:
    """A text; what several measures need is computed once."""

    def __init__(self, text: str, lang: str) -> None:
        self.text = text
        self.lang = lang
        self._grams: dict[int, Grams] = {}

    @cached_property
    def words(self) -> Words:
        return find_words(self.text)

    @cached_property
    def n_words(self) -> int:
        return len(self.words.starts)

    @cached_property
    def word_ends(self) -> NDArray[np.int64]:
        """int64[W + 1]: characters of words before each, and of all."""
        return np.append(0, np.cumsum(self.words.ends - self.words.starts))

    @cached_property
    def lines(self) -> list[str]:
        return [line for raw in self.text.split("\n") if (line := raw.strip())]

    @cached_property
    def paragraphs(self) -> list[str]:
        return [part for raw in re.split(r"\n\s*\n", self.text) if (part := raw.strip())]

    @cached_property
    def is_unspaced(self) -> bool:
        return 2 * int(self.words.is_unspaced.sum()) > self.n_words

    def grams(self, n: int) -> Grams:
        """The n-grams of words, each made of two shorter ones."""
        if n == 1:
            return self.words.grams
        if n not in self._grams:
            half = n // 2
            self._grams[n] = join(self.grams(n - half), self.grams(half), n - half)
        return self._grams[n]


class Verdict(NamedTuple):
    """The first bound that a page breaks."""

    setting: str
    value: float
    bound: float


def judge(text: str, lang: str, bounds: Mapping[str, float]) -> Verdict | None:
    """The first of `bounds` (names `min_X` or `max_X`, in their order) that a text breaks."""
    page = Page(text, lang)
    for setting, bound in bounds.items():
        kind, _, name = setting.partition("_")
        value = MEASURES[name](page)
        if value is not None and (value < bound if kind == "min" else value > bound):
            return Verdict(setting, value, bound)
    return None


def _mean_word_chars(page: Page) -> float | None:
    if page.is_unspaced or not page.n_words:
        return None
    return int(page.word_ends[-1]) / page.n_words


def _alphabetic_word_share(page: Page) -> float | None:
    if page.is_unspaced:
        return None
    return int((page.words.n_letters > 0).sum()) / max(page.n_words, 1)


def _symbol_word_ratio(page: Page) -> float:
    n_symbols = page.text.count("#") + page.text.count("...") + page.text.count("…")
    return n_symbols / max(page.n_words, 1)


def _stop_words(page: Page) -> float | None:
    known = STOP_WORDS.get(page.lang)
    if known is None:
        return None
    first = page.words.grams.first
    starts, ends = page.words.starts[first], page.words.ends[first]
    could_be = ends - starts <= max(map(len, known))
    places = zip(starts[could_be].tolist(), ends[could_be].tolist(), strict=True)
    return len(known & {page.text[start:end].lower() for start, end in places})


def _duplicate_line_char_share(page: Page) -> float:
    n_chars = sum(map(len, page.lines))
    return (n_chars - sum(map(len, set(page.lines)))) / max(n_chars, 1)


def _top_ngram_char_share(n: int) -> Callable[[Page], float]:
    def measure(page: Page) -> float:
        """Characters of all occurrences of the most frequent n-gram of words, where it repeats."""
        grams = page.grams(n)
        most = int(grams.counts.max(initial=0))
        if most < 2:
            return 0.0
        ends = page.word_ends
        places = grams.first[grams.counts == most]
        n_chars = int((ends[places + n] - ends[places]).max())
        return n_chars * most / max(int(ends[-1]), 1)

    return measure


def _duplicate_ngram_char_share(n: int) -> Callable[[Page], float]:
    def measure(page: Page) -> float:
        """Characters of words in n-grams that stand earlier on the page too."""
        grams = page.grams(n)
        if len(grams.first) == len(grams.ids):
            return 0.0
        repeated = covered_by_repeats(grams, n, page.n_words)
        return int(np.diff(page.word_ends)[repeated].sum()) / max(int(page.word_ends[-1]), 1)

    return measure


def _share(values: Iterable[bool]) -> float:
    flags = list(values)
    return sum(flags) / max(len(flags), 1)


MEASURES: dict[str, Callable[[Page], float | None]] = {
    "words": lambda page: page.n_words,
    "mean_word_chars": _mean_word_chars,
    "alphabetic_word_share": _alphabetic_word_share,
    "symbol_word_ratio": _symbol_word_ratio,
    "stop_words": _stop_words,
    "bullet_line_share": lambda page: _share(line.startswith(_BULLETS) for line in page.lines),
    "ellipsis_line_share": lambda page: _share(line.endswith(_ELLIPSES) for line in page.lines),
    "unpunctuated_line_share": lambda page: _share(
        not line.endswith(_SENTENCE_ENDS) for line in page.lines
    ),
    "short_line_share": lambda page: _share(len(line) <= _SHORT_LINE_CHARS for line in page.lines),
    "duplicate_line_share": lambda page: 1 - len(set(page.lines)) / max(len(page.lines), 1),
    "duplicate_line_char_share": _duplicate_line_char_share,
    "duplicate_paragraph_share": lambda page: (
        1 - len(set(page.paragraphs)) / max(len(page.paragraphs), 1)
    ),
    "top_2gram_char_share": _top_ngram_char_share(2),
    "top_3gram_char_share": _top_ngram_char_share(3),
    "top_4gram_char_share": _top_ngram_char_share(4),
    "duplicate_5gram_char_share": _duplicate_ngram_char_share(5),
    "duplicate_10gram_char_share": _duplicate_ngram_char_share(10),
    "curly_brackets": lambda page: page.text.count("{"),
    "lorem_ipsum": lambda page: page.text.lower().count("lorem ipsum"),
}
"""Every measure by its name; None where it does not apply to a page."""
