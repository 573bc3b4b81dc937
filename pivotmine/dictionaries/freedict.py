"""FreeDict dictionaries in dictd format.

`NAME.index` has a line for each headword: the headword, and the offset and length of its article
in `NAME.dict.dz`, in digits of base 64. Several headwords may share an article. An article is a
line `headword /pronunciation/ <part of speech>` and lines of translations, numbered by sense where
there are several. Dictionaries differ in what else they print between these lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pivotmine.dictionaries.archives import (
    OnMalformed,
    malformed,
    numbered_lines,
    open_member,
    read_member,
    stop,
)
from pivotmine.errors import InputError
from pivotmine.text.codes import normalise_label

_DIGITS = {
    character: value
    for value, character in enumerate(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    )
}
_NAME = re.compile(r"(?:^|.*[-_])([a-z]{2,3})-([a-z]{2,3})")
_ABOUT = "00database"
_SENSE = re.compile(r"\s*(\d+)\.\s*")
_GRAMMAR = re.compile(r"<([^<>]*)>\s*$")


class ArticleLine(NamedTuple):
    """A line below the heading of an article."""

    is_numbered: bool
    """Whether it begins a numbered sense."""

    text: str
    """The line without the number; one without a number keeps its indent."""


class Article(NamedTuple):
    """An article, once for all headwords that lead to it."""

    headwords: tuple[str, ...]
    """As the index lists them."""

    word: str
    """As the heading of the article spells it."""

    grammar: str
    """What the heading says in angle brackets, such as `n, masc`; empty where it says nothing."""

    lines: tuple[ArticleLine, ...]


def languages_of(name: str) -> tuple[str, str]:
    """Languages of headwords and translations: `freedict-fra-eng` has `fr` and `en`.

    Raises
    ------
    InputError
        The name does not end in two codes.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        raise InputError(f"{name}: name a FreeDict index such as freedict-fra-eng.index")
    return normalise_label(found[1]), normalise_label(found[2])


def read_freedict(path: Path, name: str, on_malformed: OnMalformed = stop) -> Iterator[Article]:
    """The articles of dictionary `name`, in the order of its index.

    Memory: the index and the articles, decompressed.

    Parameters
    ----------
    path
        The index, with `NAME.dict.dz` or `NAME.dict` beside it, or an archive that holds both.
    on_malformed
        Gets an error that names file and line for each line of the index that leads to no article.
        Default: raise it.

    Raises
    ------
    InputError
        A file is missing or cannot be read.
    """
    if path.suffix == ".index":
        texts = read_member(_articles_beside(path), "")
    else:
        texts = read_member(path, rf"(?:.*/)?{re.escape(name)}\.dict(?:\.dz)?")
    headwords: dict[tuple[int, int], list[str]] = {}
    lines: dict[tuple[int, int], int] = {}
    with open_member(path, rf"(?:.*/)?{re.escape(name)}\.index") as member:
        for number, line in numbered_lines(path, member, on_malformed):
            try:
                headword, offset, length = line.split("\t")[:3]
                place = _number(offset), _number(length)
            except (ValueError, KeyError):
                wanted = "expected headword, offset and length, divided by tabs"
                on_malformed(malformed(path, member, number, wanted))
                continue
            if not headword.startswith(_ABOUT):
                headwords.setdefault(place, []).append(headword)
                lines.setdefault(place, number)
        for (start, n_bytes), words in headwords.items():
            try:
                text = texts[start : start + n_bytes].decode("utf-8")
            except UnicodeDecodeError as error:
                line_number = lines[start, n_bytes]
                on_malformed(malformed(path, member, line_number, f"its article: {error}"))
                continue
            yield parse_article(text, words)


def parse_article(text: str, headwords: list[str]) -> Article:
    """The parts of an article."""
    heading, *lines = text.splitlines() or [""]
    grammar = _GRAMMAR.search(heading)
    return Article(
        tuple(headwords),
        re.split(r"\s+/|\s+<", heading, maxsplit=1)[0].strip(),
        grammar[1] if grammar else "",
        tuple(_line(line) for line in lines),
    )


def _line(text: str) -> ArticleLine:
    number = _SENSE.match(text)
    return ArticleLine(number is not None, text[number.end() :] if number else text)


def _articles_beside(index: Path) -> Path:
    for suffix in (".dict.dz", ".dict"):
        if (articles := index.with_suffix(suffix)).exists():
            return articles
    raise InputError(f"{index}: no {index.stem}.dict.dz or {index.stem}.dict beside it")


def _number(digits: str) -> int:
    value = 0
    for digit in digits:
        value = value * 64 + _DIGITS[digit]
    return value
