"""Glosses from FreeDict dictionaries, as Debian packages carry them.

In the dictionaries from WikDict a definition follows each line of translations. In those from Ding,
indented examples and references do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pivotmine.dictionaries.freedict import Article, languages_of, read_freedict
from pivotmine.model.words.glosses import Dictionary, Gloss, clean, is_word

_TRAILING_SENSE = re.compile(r"\s\d+\.\s*$")
_REMARK = re.compile(r"\s+(?:\"|Synonym|Antonym|Note:|see:)|\s*$")
_POS = {"n": "n", "pn": "pn", "v": "v", "vt": "v", "vi": "v", "adj": "a", "a": "a"}
_OTHER = frozenset("adv prep conj pron int interj num art prefix suffix".split())


@dataclass(frozen=True)
class Direction:
    """One FreeDict dictionary, e.g. `freedict-fra-eng`."""

    name: str
    has_definitions: bool = False

    @property
    def languages(self) -> tuple[str, str]:
        """Of headwords and of translations."""
        return languages_of(self.name)


def read(archive: Path, direction: Direction) -> Dictionary:
    """Glosses of a dictionary (it marks no word as rude)."""
    articles = read_freedict(archive, direction.name)
    return Dictionary(tuple(gloss for article in articles for gloss in glosses(article, direction)))


def glosses(article: Article, direction: Direction) -> Iterator[Gloss]:
    """Single-word translations of one article."""
    lang, gloss_lang = direction.languages
    pos = _part_of_speech(article.grammar)
    if pos == "pn" or not is_word(lang, article.word):
        return
    number = -1
    for place, line in enumerate(article.lines):
        text = _TRAILING_SENSE.sub("", line.text)
        if direction.has_definitions and place > 0 and not line.is_numbered:
            continue  # a definition
        if _REMARK.match(line.text) or not text.strip():
            continue
        number += line.is_numbered or number < 0
        for position, part in enumerate(re.split(r"[,;]", text)):
            if word := clean(gloss_lang, part):
                yield Gloss(
                    direction.name, lang, article.word, gloss_lang, word[0], pos,
                    number, position, word[1],
                )  # fmt: skip


def _part_of_speech(grammar: str) -> str:
    tags = re.split(r"[,\s]+", grammar)
    return next((_POS.get(tag, "x") for tag in tags if tag in _POS or tag in _OTHER), "")
