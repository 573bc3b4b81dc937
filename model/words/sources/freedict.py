"""FreeDict dictionaries in dictd format, as Debian packages carry them.

`name.index` gives headword, offset and length (base 64) of every article in `name.dict.dz`. An
article is a line `headword /pronunciation/ <part of speech>` and then translations, numbered by
sense where there are several. In the dictionaries from WikDict a definition follows each line of
translations; in those from Ding, examples and references do, indented.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pivotmine.model.words.glosses import Dictionary, Gloss, clean, is_word
from pivotmine.model.words.sources.archives import read_member

_DIGITS = {
    character: value
    for value, character in enumerate(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    )
}
_SENSE = re.compile(r"^\s*(\d+)\.\s*")
_TRAILING_SENSE = re.compile(r"\s\d+\.\s*$")
_REMARK = re.compile(r"\s+(?:\"|Synonym|Antonym|Note:|see:)|\s*$")
_GRAMMAR = re.compile(r"<([^<>]*)>\s*$")
_POS = {"n": "n", "pn": "pn", "v": "v", "vt": "v", "vi": "v", "adj": "a", "a": "a"}
_OTHER = frozenset("adv prep conj pron int interj num art prefix suffix".split())


@dataclass(frozen=True)
class Direction:
    """One FreeDict dictionary, e.g. `freedict-fra-eng`."""

    name: str
    lang: str
    gloss_lang: str
    has_definitions: bool = False


def read(archive: Path, direction: Direction) -> Dictionary:
    """Glosses of a dictionary (it marks no word as rude)."""
    index = read_member(archive, rf".*/{direction.name}\.index").decode("utf-8")
    texts = read_member(archive, rf".*/{direction.name}\.dict\.dz")
    found: list[Gloss] = []
    seen: set[tuple[int, int]] = set()
    for line in index.splitlines():
        headword, offset, length = line.split("\t")[:3]
        place = (_number(offset), _number(length))
        if headword.startswith("00database") or place in seen:
            continue
        seen.add(place)
        article = texts[place[0] : place[0] + place[1]].decode("utf-8")
        found.extend(glosses(article, direction))
    return Dictionary(tuple(found))


def glosses(article: str, direction: Direction) -> Iterator[Gloss]:
    """Single-word translations of one article."""
    head, *lines = article.splitlines()
    headword = re.split(r"\s+/|\s+<", head, maxsplit=1)[0].strip()
    grammar = _GRAMMAR.search(head)
    pos = _part_of_speech(grammar[1]) if grammar else ""
    if pos == "pn" or not is_word(direction.lang, headword):
        return
    number = -1
    for place, line in enumerate(lines):
        numbered = _SENSE.match(line)
        text = _TRAILING_SENSE.sub("", _SENSE.sub("", line))
        if direction.has_definitions and place > 0 and not numbered:
            continue  # a definition
        if _REMARK.match(line) or not text.strip():
            continue
        number += bool(numbered) or number < 0
        for position, part in enumerate(re.split(r"[,;]", text)):
            word = clean(direction.gloss_lang, part)
            if word:
                yield Gloss(
                    direction.name, direction.lang, headword, direction.gloss_lang, word[0], pos,
                    number, position, word[1],
                )  # fmt: skip


def _part_of_speech(grammar: str) -> str:
    tags = re.split(r"[,\s]+", grammar)
    return next((_POS.get(tag, "x") for tag in tags if tag in _POS or tag in _OTHER), "")


def _number(text: str) -> int:
    value = 0
    for character in text:
        value = value * 64 + _DIGITS[character]
    return value
