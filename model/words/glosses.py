"""Translations as dictionaries give them, and the plain word in a printed gloss.

Dictionaries print more than words: `to run`, `dog (Canis familiaris)`, `CL:隻|只[zhi1]`. A word
task can use plain single words only. All other glosses are dropped here, by one rule for all
sources. Of the 746 thousand printed glosses of the default sources, 388 thousand are single words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Gloss(NamedTuple):
    """A headword and one word that a dictionary gives for it."""

    source: str
    """Name of the dictionary, e.g. `jmdict`."""
    lang: str
    word: str
    gloss_lang: str
    gloss: str
    pos: str
    """Part of speech: `n`, `v`, `a`, `x` for others, or empty where the source does not say."""
    sense: int
    """Place of the sense in its entry, from 0."""
    position: int
    """Place of the gloss in its sense, from 0."""
    qualified: bool
    """The dictionary narrowed it: `horn (of an animal)`."""
    preferred: bool = True
    """Whether `word` is the entry's usual spelling."""


class Dictionary(NamedTuple):
    """The content of one source."""

    glosses: tuple[Gloss, ...]
    rude: frozenset[tuple[str, str]] = frozenset()
    """(language, word) that it marks as vulgar, derogatory or the like."""
    names: frozenset[tuple[str, str]] = frozenset()
    """(language, word in lower case) that it also has as a name: `china`, `may`."""
    spelling: Mapping[str, str] = MappingProxyType({})
    """Chinese headword in simplified -> in traditional characters."""


_HAN = "\u3400-\u4dbf\u4e00-\u9fff々"
_WORD = {
    "en": re.compile(r"[a-z]{2,24}"),
    "fr": re.compile(r"[a-zàâäæçéèêëîïôöœùûüÿ]{2,24}"),
    "de": re.compile(r"[A-ZÄÖÜa-zäöüß][a-zäöüß]{1,23}"),  # nouns have a capital
    "zh": re.compile(rf"[{_HAN}]{{1,4}}"),
    "ja": re.compile(rf"[{_HAN}\u3041-\u3096\u30a1-\u30fa\u30fcヶ]{{1,8}}"),
}
_ANY_WORD = re.compile(r"[^\W\d_A-ZÀ-ÖØ-Þ]{1,24}")
_PARENTHESES = re.compile(r"\([^()]*\)|（[^（）]*）")
_REMARK = re.compile(r"\[[^\[\]]*\]|<[^<>]*>|\{[^{}]*\}")
_ARTICLE = {
    "en": re.compile(r"(?:an?|the|to) "),
    "fr": re.compile(r"(?:une?|les?|la|des) |l['’]"),
    "de": re.compile(r"(?:der|die|das|eine?|sich) "),
}


def is_word(lang: str, text: str) -> bool:
    """Whether `text` is one plain word (no name), in the script of its language."""
    return bool(_WORD.get(lang, _ANY_WORD).fullmatch(text))


def clean(lang: str, text: str) -> tuple[str, bool] | None:
    """The word of a printed gloss, and whether a parenthesis narrowed it; None without a word.

    >>> clean("en", "to bark (of a dog)")
    ('bark', True)
    """
    text = bare = _REMARK.sub(" ", text)
    while (shorter := _PARENTHESES.sub(" ", bare)) != bare:  # innermost first: they nest
        bare = shorter
    qualified = bare != text
    bare = " ".join(bare.split()).strip(" .;,!?…")
    if article := _ARTICLE.get(lang):
        bare = article.sub("", bare, count=1) if article.match(bare) else bare
    return (bare, qualified) if is_word(lang, bare) else None


def is_verb_gloss(text: str) -> bool:
    """English dictionaries of other languages mark verbs by `to`."""
    return text.startswith(("to ", "(to ")) or bool(re.match(r"\([^()]*\) to ", text))
