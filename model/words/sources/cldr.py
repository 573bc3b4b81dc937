"""CLDR annotations: the names of emoji in every language.

Names of one picture have a sense in common. About 300 have names that are single words
in English, French, Chinese and Japanese. The names in any two languages are linked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations
from pathlib import Path

import orjson

from pivotmine.dictionaries.archives import read_member
from pivotmine.model.words.glosses import Dictionary, Gloss, clean

MEMBER = r"package/annotations/{lang}/annotations\.json"


def read(archive: Path, languages: Sequence[str]) -> Dictionary:
    """Links between the names of every picture, in all directions."""
    names = {lang: _names(archive, lang) for lang in languages}
    return Dictionary(tuple(glosses(names)))


def glosses(names: dict[str, dict[str, str]]) -> Iterator[Gloss]:
    """Links of `language -> picture -> name`; pictures are things, so nouns."""
    for lang, other in permutations(names, 2):
        for picture, name in names[lang].items():
            word = clean(lang, name.lower())
            translation = clean(other, names[other].get(picture, "").lower())
            if word and translation:
                yield Gloss("cldr", lang, word[0], other, translation[0], "n", 0, 0, False)


def _names(archive: Path, lang: str) -> dict[str, str]:
    content = orjson.loads(read_member(archive, MEMBER.format(lang=lang)))
    annotations = content["annotations"]["annotations"]
    return {picture: entry["tts"][0] for picture, entry in annotations.items() if "tts" in entry}
