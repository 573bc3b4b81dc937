"""Dictionary pages: Japanese-English from JMdict, Chinese-English from CC-CEDICT.

Of JMdict, the 20,000 entries that it marks as common are kept; the other 170,000 would outweigh
every other source. Its French glosses are left out: the licence covers the Japanese and English
parts only. So the demo has no page in French and Japanese, and a link between the two can only come
through a third language.

Of CC-CEDICT, words of 1 to 4 characters are kept, all of them among the 3,755 most common. That is
level 1 of GB 2312, which its codec encodes with a first byte of 0xB0 to 0xD7. This keeps common
words without a frequency list. Names and entries that only point at another one are left out.

Vulgar and derogatory entries of both are left out, since a demo puts its words on people's screens.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from pivotmine.demo.documents import Document, Entry, dictionary_pages
from pivotmine.dictionaries import cedict, jmdict
from pivotmine.dictionaries.archives import open_member

JMDICT_LICENSE = "CC-BY-SA-3.0"
CEDICT_LICENSE = "CC-BY-SA-4.0"
MOST_GLOSSES = 4
MOST_CHARS = 4

_COMMON = re.compile(f"_pri>(?:{'|'.join(jmdict.COMMON_TAGS)})<".encode())
_POINTER = re.compile(
    r"(?:\(?\w+\)? )?variant of |see |used in |also written |same as |surname |CL:"
)
_RUDE = re.compile(r"vulgar|derog|slur\b|offensive term|obscen")
_PINYIN = re.compile(r"\[[^\]]*\]")
_TRADITIONAL = re.compile(r"[^\s|/(]+\|(?=\S)")


def jmdict_pages(archive: Path) -> Iterator[Document]:
    """Dictionary pages, Japanese-English, from JMdict."""
    with open_member(archive, jmdict.MEMBER) as member:
        name = member.name
    entries = polite_entries(jmdict.read_jmdict(archive, _COMMON.search))
    yield from dictionary_pages(entries, "jmdict", JMDICT_LICENSE, name)


def cedict_pages(archive: Path) -> Iterator[Document]:
    """Dictionary pages, Chinese-English, from CC-CEDICT."""
    with open_member(archive, cedict.MEMBER) as member:
        name = member.name
    entries = common_entries(cedict.read_cedict(archive))
    yield from dictionary_pages(entries, "cedict", CEDICT_LICENSE, name)


def polite_entries(entries: Iterable[jmdict.JmdictEntry]) -> Iterator[Entry]:
    """Entries that are not rude, spelled as usual, with their first English glosses."""
    for entry in entries:
        found = (gloss for sense in entry.senses for gloss in sense.glosses)
        glosses = tuple(dict.fromkeys(found))[:MOST_GLOSSES]
        if glosses and not entry.is_rude:
            in_kana = entry.is_usually_kana or not entry.kanji
            yield Entry((entry.kana if in_kana else entry.kanji)[0].text, glosses)


def is_common(headword: str) -> bool:
    """Whether it has at most `MOST_CHARS` characters, all in level 1 of GB 2312."""
    if len(headword) > MOST_CHARS:
        return False
    try:
        encoded = headword.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return len(encoded) == 2 * len(headword) and all(
        0xB0 <= first <= 0xD7 for first in encoded[::2]
    )


def common_entries(entries: Iterable[cedict.CedictEntry]) -> Iterator[Entry]:
    """The entries of common words with their first glosses, in order."""
    for entry in entries:
        if entry.is_name or not is_common(entry.simplified):
            continue
        glosses = (
            _TRADITIONAL.sub("", _PINYIN.sub("", sense)).strip()
            for sense in entry.senses
            if not _POINTER.match(sense) and not _RUDE.search(sense)
        )
        kept = tuple(gloss for gloss in glosses if gloss)[:MOST_GLOSSES]
        if kept:
            yield Entry(entry.simplified, kept)
