"""Pages of known language, made of Home Assistant's message catalogues.

A component of Home Assistant is a group. It is either in the dev half, on which settings may be
tuned, or in the test half, on which figures are reported. A message is left out of a language where
it equals the English one or holds no letter of a script of that language.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from blake3 import blake3

from pivotmine.demo.catalogues import flatten
from pivotmine.demo.documents import even_pages
from pivotmine.demo.messages import clean, has_words
from pivotmine.text.codes import writes
from pivotmine.text.scripts import NONE, count_scripts

Row = Mapping[str, str]
"""A message: language -> text."""

LINES = 20
ONE, ALTERNATING, ONE_IN_TEN = "one language", "en and it alternate", "one line in ten is en"
KINDS = (ONE, ALTERNATING, ONE_IN_TEN)

_CODES = {"zh-Hans": "zh", "nb": "no", "pt-BR": "pt"}
_CATALOGUE = re.compile(r"homeassistant/components/(\w+)/translations/([\w-]+)\.json")
_OTHER_FORMS = ("zh-Hant", "en-GB", "pt", "nn")
_LEAST_LANGUAGES = 20


class Part(NamedTuple):
    """Which groups are read. A hash of its name decides to which half a group belongs."""

    test: bool
    most_groups: int
    most_rows: int
    """The first messages of each group."""

    def of(self, names: Iterable[str]) -> list[str]:
        """The groups that are read, out of these."""
        hashes = {name: blake3(name.encode()).digest() for name in names}
        mine = [name for name, digest in hashes.items() if digest[0] % 2 == self.test]
        return sorted(mine, key=lambda name: hashes[name])[: self.most_groups]


class Page(NamedTuple):
    """Lines with the language of each; `lang` is that of the page (on mixed ones, beside `en`)."""

    group: str
    kind: str
    lang: str
    lines: tuple[str, ...]
    langs: tuple[str, ...]


def read_messages(wheel: Path, languages: Sequence[str], part: Part) -> dict[str, list[Row]]:
    """Messages by component, out of the wheel of homeassistant."""
    files: dict[str, dict[str, str]] = {}
    groups: dict[str, list[Row]] = {}
    with zipfile.ZipFile(wheel) as archive:
        for name in sorted(archive.namelist()):
            match = _CATALOGUE.fullmatch(name)
            if match and match[2] not in _OTHER_FORMS:
                files.setdefault(match[1], {})[_CODES.get(match[2], match[2])] = name
        many = (name for name, found in files.items() if len(found) >= _LEAST_LANGUAGES)
        for component in part.of(many):
            rows: dict[str, dict[str, str]] = {}
            for lang, name in files[component].items():
                if lang in languages:
                    for key, text in flatten(json.loads(archive.read(name))).items():
                        rows.setdefault(key, {})[lang] = clean(text)
            groups[component] = [translated(row) for row in list(rows.values())[: part.most_rows]]
    return groups


def translated(row: Row) -> Row:
    """A message without the languages in which it is not translated."""
    english = row.get("en", "").casefold()
    return {
        lang: line
        for lang, text in row.items()
        if has_words(line := " ".join(text.split()))
        and (lang == "en" or line.casefold() != english)
        and _in_script_of(lang, line)
    }


def pages(groups: Mapping[str, Sequence[Row]], languages: Sequence[str]) -> Iterator[Page]:
    """Pages of every kind from every group, of 5 to 20 lines."""
    for group, rows in groups.items():
        for lang in languages:
            for kind in KINDS if lang != "en" else (ONE,):
                lines = _lines(rows, lang, kind)
                if len(lines) >= LINES // 4:
                    for part in even_pages(lines, LINES):
                        texts, langs = zip(*part, strict=True)
                        yield Page(group, kind, lang, texts, langs)


def _in_script_of(lang: str, text: str) -> bool:
    chars = count_scripts([text]).words[0]
    return any(chars[s] and writes(lang, s) for s in range(len(chars)) if s != NONE)


def _lines(rows: Sequence[Row], lang: str, kind: str) -> list[tuple[str, str]]:
    lines: list[tuple[str, str]] = []
    for row in rows:
        if kind == ALTERNATING and "en" in row and lang in row:
            lines += [(row["en"] + "\n", "en"), (row[lang] + "\n", lang)]
        elif kind != ALTERNATING and lang in row:
            swapped = kind == ONE_IN_TEN and len(lines) % 10 == 4 and "en" in row
            shown = "en" if swapped else lang
            lines.append((row[shown] + "\n", shown))
    return lines
