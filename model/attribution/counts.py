"""Corpus counts of the word set: the lexicon for counting it, and `term_counts` read back.

A lake is read through PyIceberg: only what its runs committed, no Spark, no Java. An export is
`COPY term_counts TO 'term_counts.parquet'` in `pivotmine query`.

Memory: about 1 kB a row.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from pivotmine.errors import InputError
from pivotmine.lake.lake import Lake
from pivotmine.lake.query import connect
from pivotmine.lake.tables import TERM_COUNTS
from pivotmine.model.lakes import open_lake
from pivotmine.model.words.dataset import WordSet
from pivotmine.text.folding import fold

CONTEXTS = ("windows", "docs")
"""The contexts in which words can occur together."""

LEXICON_COLUMNS = ("lang_a", "word_a", "lang_b", "word_b")

Word = tuple[str, str]
"""Language and folded string."""


def lexicon_rows(words: WordSet) -> Iterator[tuple[str, str, str, str]]:
    """Every pair of a concept's words in two languages, once, in the order of the set.

    These are the pairs of all directions and both halves of every path over a third language
    (`lait`-`milk` and `milk`-`牛奶`). PivotMine also counts each word of a listed pair alone, so
    frequencies need no rows of their own.
    """
    seen = set()
    for concept in words.concepts:
        for (lang_a, word_a), (lang_b, word_b) in combinations(concept.words.items(), 2):
            row = (lang_a, word_a, lang_b, word_b)
            if row not in seen:
                seen.add(row)
                yield row


def write_lexicon(words: WordSet, path: Path) -> int:
    """Write the rows as TSV with a header; returns how many.

    Raises
    ------
    InputError
        A word holds a tab or a line break, which the format cannot.
    """
    lines = ["\t".join(LEXICON_COLUMNS)]
    for row in lexicon_rows(words):
        for word in row:
            if any(mark in word for mark in "\t\n\r"):
                raise InputError(f"the word {word!r} holds a tab or a line break: a TSV cannot")
        lines.append("\t".join(row))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(lines) - 1


class ContingencyTable(NamedTuple):
    """A 2x2 table: contexts with both words, with each, and all."""

    n_ab: int
    n_a: int
    n_b: int
    n: int

    def turned(self) -> ContingencyTable:
        """The same table with the two words exchanged."""
        return ContingencyTable(self.n_ab, self.n_b, self.n_a, self.n)


class Counts:
    """Counts by word and by pair, from rows of `term_counts`.

    Parameters
    ----------
    in_lang
        Count words in text of their own language only: `chat` in English text is not the French
        word.
    source
        Name of the lake or file, for reports.
    """

    def __init__(self, table: pa.Table, in_lang: bool, source: str) -> None:
        self.source = source
        end = "_in_lang" if in_lang else ""
        self._words: dict[Word, dict[str, int]] = {}
        self._pairs: dict[tuple[Word, Word], dict[str, ContingencyTable]] = {}
        self._by_word: dict[Word, set[Word]] = {}
        self.totals = {"windows": 0, "docs": 0}
        """Number of contexts in the corpus."""
        for row in table.to_pylist():
            a = (row["lang_a"], row["term_a"])
            for name in CONTEXTS:
                self.totals[name] = max(self.totals[name], row[f"n_{name}_total"] or 0)
            if row["term_b"] is None:
                self._words[a] = {name: row[f"n_{name}{end}"] for name in CONTEXTS}
                continue
            b = (row["lang_b"], row["term_b"])
            self._by_word.setdefault(a, set()).add(b)
            self._by_word.setdefault(b, set()).add(a)
            self._pairs[a, b] = {
                name: ContingencyTable(
                    *(row[f"n_{name}{end}{side}"] for side in ("", "_a", "_b", "_total"))
                )
                for name in CONTEXTS
            }
        self.n_words, self.n_pairs = len(self._words), len(self._pairs)

    def word(self, lang: str, word: str) -> dict[str, int] | None:
        """Number of contexts that hold a word, by kind; None if the word was not counted."""
        return self._words.get((lang, fold(word)))

    def pair(
        self, one: tuple[str, str], other: tuple[str, str]
    ) -> dict[str, ContingencyTable] | None:
        """The 2x2 tables of two words, `one` as side a; None if the pair was not counted."""
        a, b = ((lang, fold(word)) for lang, word in (one, other))
        if (a, b) in self._pairs:
            return self._pairs[a, b]
        found = self._pairs.get((b, a))
        return found and {name: table.turned() for name, table in found.items()}

    def partners(self, lang: str, word: str, other_lang: str) -> set[str]:
        """Folded words of a language that are counted in a pair with this one."""
        near = self._by_word.get((lang, fold(word)), set())
        return {term for partner_lang, term in near if partner_lang == other_lang}


def read_counts(path: Path, in_lang: bool = True) -> Counts:
    """Counts of a Parquet export, a lake's warehouse folder, or the lake of a PivotMine recipe.

    Raises
    ------
    InputError
        There is nothing to read, or it is not a table `term_counts`; the message says how to make
        one.
    LakeError, ConfigError
        The lake or the recipe cannot be read.
    """
    if path.suffix == ".parquet":
        try:
            table = pq.read_table(path)
        except (OSError, pa.ArrowInvalid) as error:
            raise InputError(f"counts {path} cannot be read: {error}") from None
    else:
        table = _of_lake(open_lake(path), path)
    missing = sorted(set(TERM_COUNTS.schema.names) - set(table.column_names))
    if missing:
        raise InputError(f"{path} is not a table term_counts: it lacks {', '.join(missing)}")
    return Counts(table, in_lang, path.name)


def _of_lake(lake: Lake, path: Path) -> pa.Table:
    if not lake.files(TERM_COUNTS.name):
        raise InputError(
            f"the lake of {path} has counted no words: write them with `pivotmine-model lexicon`, "
            "name the file in terms.lexicons of the corpus's recipe, and run `pivotmine run "
            "--only terms`"
        )
    return connect(lake).sql(f"SELECT * FROM {TERM_COUNTS.name}").to_arrow_table()
