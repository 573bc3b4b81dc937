"""Glosses from CC-CEDICT, Chinese words with English translations.

Names begin with a capital in their pinyin, and verbs are glossed with `to`. Other parts of speech
are not marked. Senses marked old, literary or bound are left out, since a character that occurs in
compounds only cannot be an answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from pivotmine.dictionaries.cedict import CedictEntry, read_cedict
from pivotmine.model.words.glosses import Dictionary, Gloss, clean, is_verb_gloss, is_word

_POINTER = re.compile(
    r"(?:\(?\w+\)? )?variant of |see |used in |also written |same as |surname |CL:|abbr\. |old "
)
_RUDE = re.compile(r"vulgar|derog|slur\b|offensive|obscen|taboo|coarse")
_LEFT_OUT = re.compile(
    r"\((?:old|archaic|literary|dialect|dated|Tw|classical|bound form|onom\.|suffix|prefix)[^)]*\)"
)


def read(archive: Path) -> Dictionary:
    """Glosses, rude headwords, English words that are also names, traditional spellings."""
    entries = list(read_cedict(archive))
    spelling: dict[str, str] = {}
    for entry in entries:
        spelling.setdefault(entry.simplified, entry.traditional)
    return Dictionary(
        tuple(glosses(entries)),
        rude=frozenset(
            ("zh", entry.simplified) for entry in entries if any(map(_RUDE.search, entry.senses))
        ),
        names=frozenset(
            ("en", entry.senses[0].lower())
            for entry in entries
            if entry.is_name and entry.senses[0].istitle()
        ),
        spelling=spelling,
    )


def glosses(entries: Iterable[CedictEntry]) -> Iterator[Gloss]:
    """Single-word glosses in the order of the entries, without names and mere pointers."""
    for entry in entries:
        if entry.is_name or not is_word("zh", entry.simplified):
            continue
        senses = [sense for sense in entry.senses if not _POINTER.match(sense)]
        for number, sense in enumerate(senses):
            # a leading remark governs the whole sense: `(coll.) to kid; to joke`
            for position, text in enumerate(sense.split("; ")):
                if _LEFT_OUT.search(sense) or (word := clean("en", text)) is None:
                    continue
                pos = "v" if is_verb_gloss(text) or is_verb_gloss(sense) else ""
                yield Gloss(
                    "cedict", "zh", entry.simplified, "en", word[0], pos, number, position, word[1]
                )
