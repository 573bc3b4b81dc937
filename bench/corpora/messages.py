"""Real text whose language is known: catalogues of messages.

A row is a message in several languages. Rows are in groups: a software component or a catalogue. A
group is either in the dev half, on which settings may be tuned, or in the test half, on which
figures are reported.

Labels of catalogues can be wrong. A translation is left out where it equals the English message,
or holds no letter of a script of its language.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from blake3 import blake3

from pivotmine.demo.catalogues import flatten
from pivotmine.demo.messages import clean, has_words
from pivotmine.text.codes import writes
from pivotmine.text.scripts import NONE, count_scripts

Row = Mapping[str, str]
"""A message: language -> text."""

Groups = Mapping[str, Sequence[Row]]

_CODES = {"zh-Hans": "zh", "nb": "no", "pt-BR": "pt"}
_CATALOGUE = re.compile(r"homeassistant/components/(\w+)/translations/([\w-]+)\.json")
_OTHER_FORMS = ("zh-Hant", "en-GB", "pt", "nn")


class Part(NamedTuple):
    """Which groups are read. A hash of its name decides to which half a group belongs."""

    test: bool
    most_groups: int
    most_rows: int
    """The first rows of each group."""

    def of(self, names: Iterable[str]) -> list[str]:
        """The groups that are read, out of these."""
        hashes = {name: blake3(name.encode()).digest() for name in names}
        mine = [name for name, digest in hashes.items() if digest[0] % 2 == self.test]
        return sorted(mine, key=lambda name: hashes[name])[: self.most_groups]


def read_catalogues(path: Path, part: Part) -> Groups:
    """Read Parquet with columns source, key, lang, text; a source is a group."""
    names = part.of(pc.unique(pq.read_table(path, columns=["source"])["source"]).to_pylist())
    chosen = pc.field("source").isin(pa.array(names, pa.string()))
    table = pq.read_table(path, filters=chosen)
    keys: dict[str, dict[str, dict[str, str]]] = {name: {} for name in names}
    columns = (table[name].to_pylist() for name in ("source", "key", "lang", "text"))
    for source, key, lang, text in zip(*columns, strict=True):
        if key in keys[source] or len(keys[source]) < part.most_rows:
            keys[source].setdefault(key, {})[lang] = text
    return {
        name: [row for row in map(_judged, found.values()) if len(row) >= 3]
        for name, found in keys.items()
    }


def read_homeassistant(wheel: Path, languages: Sequence[str], part: Part) -> Groups:
    """Read messages of the wheel of homeassistant; a component is a group."""
    files: dict[str, dict[str, str]] = {}
    with zipfile.ZipFile(wheel) as archive:
        for name in sorted(archive.namelist()):
            match = _CATALOGUE.fullmatch(name)
            if match and match[2] not in _OTHER_FORMS:
                files.setdefault(match[1], {})[_CODES.get(match[2], match[2])] = name
        groups: dict[str, list[Row]] = {}
        for component in part.of(name for name, found in files.items() if len(found) >= 20):
            rows: dict[str, dict[str, str]] = {}
            for lang, name in files[component].items():
                if lang in languages:
                    for key, text in flatten(json.loads(archive.read(name))).items():
                        rows.setdefault(key, {})[lang] = clean(text)
            groups[component] = [_judged(row) for row in list(rows.values())[: part.most_rows]]
    return groups


def _judged(row: Row) -> Row:
    english = row.get("en", "").casefold()
    return {
        lang: line
        for lang, text in row.items()
        if has_words(line := " ".join(text.split()))
        and (lang == "en" or line.casefold() != english)
        and _in_script_of(lang, line)
    }


def _in_script_of(lang: str, text: str) -> bool:
    chars = count_scripts([text]).words[0]
    return any(chars[s] and writes(lang, s) for s in range(len(chars)) if s != NONE)
