"""Glosses from JMdict, Japanese words with English translations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pivotmine.dictionaries.jmdict import JmdictEntry, read_jmdict
from pivotmine.model.words.glosses import Dictionary, Gloss, clean, is_word

_DATED = frozenset({"arch", "obs", "obsc", "rare", "poet"})


def read(archive: Path) -> Dictionary:
    """Glosses of all entries, and the spellings of entries that hold a rude sense."""
    found: list[Gloss] = []
    rude: set[tuple[str, str]] = set()
    for entry in read_jmdict(archive, lambda raw: b"<gloss>" in raw):  # none: no plain English
        found.extend(glosses(entry))
        if entry.is_rude:
            rude.update(("ja", spelling.text) for spelling in (*entry.kanji, *entry.kana))
    return Dictionary(tuple(found), rude=frozenset(rude))


def glosses(entry: JmdictEntry) -> Iterator[Gloss]:
    """Single-word English glosses of an entry, under each of its spellings.

    The preferred spelling is the first common one, in kana where the first sense says so. A reading
    in kana of a word written in kanji is not a spelling of its own, since other words share it.
    """
    spellings = list(entry.kanji)
    if entry.is_usually_kana or not entry.kanji:
        spellings = [*entry.kana, *entry.kanji]
    spellings.sort(key=lambda spelling: (spelling in entry.kanji, not spelling.is_common))
    pos = ""
    for number, sense in enumerate(entry.senses):
        tags = sense.parts_of_speech
        pos = _part_of_speech(tags) if tags else pos
        if not _DATED.isdisjoint(sense.tags):
            continue
        # an uncommon word ranks behind the first senses of common ones
        place = number if entry.is_common else number + 2
        for position, text in enumerate(sense.glosses):
            word = clean("en", text)
            if word is None:
                continue
            narrowed = word[1] or sense.is_technical
            for index, (spelling, _) in enumerate(spellings):
                if is_word("ja", spelling):
                    yield Gloss(
                        "jmdict", "ja", spelling, "en", word[0], pos, place, position, narrowed,
                        index == 0,
                    )  # fmt: skip


def _part_of_speech(tags: tuple[str, ...]) -> str:
    """`n`, `v`, `a` of JMdict's tags; a noun that takes suru is a noun."""
    for tag in tags:
        if re.match(r"v[1-5zsk]", tag):
            return "v"
        if tag.startswith(("adj-i", "adj-na", "adj-t", "adj-f", "adj-ix")):
            return "a"
        if tag in ("n", "vs") or tag.startswith("n-"):
            return "n"
    return ""
