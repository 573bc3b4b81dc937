"""The lexicon of a lake: the best translations of a word, and all of them as a dictionary.

Translations of a word are those of its spellings together: `Cat` and `cat` are one word, and so are
their partners. Fragments of words are shown for a single word, and left out of a dictionary.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TextIO

import duckdb
import pyarrow as pa

from pivotmine.ask.rows import Rows
from pivotmine.errors import InputError, LakeError
from pivotmine.lake.query import rows_of_word
from pivotmine.text.token_notation import whole_word

TABLES_READ = ("lexicon", "vocabulary")

_ROWS = 10_000


@dataclass(frozen=True)
class Translation:
    """A translation of a word, with its evidence."""

    word: str
    """The token of the word: a word may have several spellings."""
    lang: str
    """Its language."""
    translation: str
    """The token of the other language."""
    translation_lang: str
    weight: float
    """Share of this translation in what all partners of the token translate."""
    n_translated: float
    """Contexts in which one is expected to translate the other."""
    n_ab: int
    """Mixed contexts that hold both."""
    expected: float
    """`n_ab` if the two were independent."""
    n: int
    """Mixed contexts that hold the word."""
    n_partner: int
    """Mixed contexts that hold the translation."""
    is_copy: bool
    """Whether both are spelled alike: a name, a number, a loan word."""


@dataclass(frozen=True)
class Entry:
    """A pair of a dictionary."""

    lang_a: str
    word_a: str
    lang_b: str
    word_b: str
    weight: float
    """Share of word_b in what all words and fragments of lang_b translate of word_a."""
    n_translated: float
    """Contexts in which one is expected to translate the other, over all spellings."""
    n_ab: int
    """Mixed contexts that hold both; those with several spellings count several times."""


@dataclass(frozen=True)
class EntryLimits:
    """Which pairs a dictionary holds."""

    lang: str | None = None
    """Language of the words; all by default."""
    to: str | None = None
    """Language of the translations; all by default."""
    min_translated: float = 1.0
    """Least expected number of contexts in which one translates the other."""
    min_weight: float = 0.3
    """Least share. Of the demo's pairs that a dictionary can judge, 68 % are right with .3, 84 %
    with .5, and 23 % with .1 (docs/results/lexicon.md)."""
    most: int = 5
    """Most translations of a word in a language."""


def find_translations(
    connection: duckdb.DuckDBPyConnection, word: str, lang: str | None = None, limit: int = 20
) -> Rows[Translation]:
    """Translations of a word, best first; copies last.

    Parameters
    ----------
    connection
        A connection to a lake (`pivotmine.lake.query.connect`) with the tables `TABLES_READ`.
    word
        A word, which may name its language: `chat`, `fr:chat`.
    lang
        Language of the translations; without one, any.
    limit
        Most rows.

    Raises
    ------
    LakeError
        The word is not a single token of the vocabulary.
    """
    rows = rows_of_word(connection, _TRANSLATIONS, word, lang, limit)
    return Rows(Translation, (Translation(*row) for row in rows))


def lexicon_entries(connection: duckdb.DuckDBPyConnection, limits: EntryLimits) -> Iterator[Entry]:
    """Pairs of whole words, by language and word, best first; copies are left out.

    Memory: the vocabulary, and what DuckDB takes, which spills to disk.

    Raises
    ------
    LakeError
        The lake has no lexicon yet.
    """
    if connection.execute("SELECT count(*) FROM lexicon").fetchall() == [(0,)]:
        raise LakeError("table lexicon is empty; fill it with `pivotmine run --until lexicon`")
    connection.register("lexicon_words", _words(connection))
    found = connection.execute(_ENTRIES, vars(limits))
    while rows := found.fetchmany(_ROWS):
        for row in rows:
            yield Entry(*row)


def write_lexicon(
    connection: duckdb.DuckDBPyConnection, path: Path, limits: EntryLimits | None = None
) -> int:
    """Write a dictionary to a file; returns the number of its pairs.

    A file `.tsv` has the columns of `Entry`; it can be listed in `terms.lexicons`. A file `.json`
    holds an object of languages, of languages of translations, of words, and for each word a list
    of translations with their weights: `{"fr": {"en": {"chat": [["cat", 0.91]]}}}`. Programs that
    swap words in pretraining text by a dictionary take that.

    Raises
    ------
    InputError
        The name has another suffix.
    LakeError
        The lake has no lexicon yet.
    """
    writers = {".tsv": _write_tsv, ".json": _write_json}
    if path.suffix not in writers:
        raise InputError(f"{path}: a lexicon is written to a file .tsv or .json")
    entries = lexicon_entries(connection, limits or EntryLimits())
    first = next(entries, None)
    with path.open("w", encoding="utf-8") as file:
        return writers[path.suffix](file, _all(first, entries))


def _all(first: Entry | None, rest: Iterator[Entry]) -> Iterator[Entry]:
    if first is not None:
        yield first
        yield from rest


def _write_tsv(file: TextIO, entries: Iterator[Entry]) -> int:
    file.write("\t".join(Entry.__dataclass_fields__) + "\n")
    n = 0
    for entry in entries:
        *words, weight, n_translated, n_ab = vars(entry).values()
        file.write("\t".join([*words, f"{weight:.4f}", f"{n_translated:.2f}", str(n_ab)]) + "\n")
        n += 1
    return n


def _write_json(file: TextIO, entries: Iterator[Entry]) -> int:
    """Word by word, so that memory does not grow with the lexicon."""
    n = 0
    file.write("{")
    for i, (lang, of_lang) in enumerate(groupby(entries, lambda entry: entry.lang_a)):
        file.write(f"{',' if i else ''}\n{json.dumps(lang)}: {{")
        for j, (other, of_pair) in enumerate(groupby(of_lang, lambda entry: entry.lang_b)):
            file.write(f"{',' if j else ''}\n {json.dumps(other)}: {{")
            for k, (word, of_word) in enumerate(groupby(of_pair, lambda entry: entry.word_a)):
                listed = [[entry.word_b, round(entry.weight, 4)] for entry in of_word]
                n += len(listed)
                text = json.dumps(listed, ensure_ascii=False)
                file.write(f"{',' if k else ''}\n  {json.dumps(word, ensure_ascii=False)}: {text}")
            file.write("}")
        file.write("}")
    file.write("}\n")
    return n


def _words(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """Every token as a whole word of each of its languages; `word` is empty for fragments."""
    rows = connection.execute(
        "SELECT token_id, token, unnest(langs) AS lang FROM vocabulary WHERE token_count > 0"
    ).fetchall()
    ids, tokens, langs = zip(*rows, strict=True) if rows else ((), (), ())
    words = map(whole_word, tokens, langs)
    types = (pa.int32(), pa.string(), pa.string())
    columns = zip((ids, langs, list(words)), types, strict=True)
    names = ("token_id", "lang", "word")
    return pa.table([pa.array(column, kind) for column, kind in columns], names)


_TRANSLATIONS = """
    SELECT token, lang, partner, partner_lang, weight, n_translated, n_ab, expected, n, n_partner,
           is_copy
    FROM lexicon
    WHERE list_contains($ids, token_id) AND coalesce(lang = $word_lang, true)
      AND coalesce(partner_lang = $lang, true)
    ORDER BY is_copy, n_translated DESC, partner_lang, partner, token, lang
    LIMIT $limit
"""

_ENTRIES = """
    WITH named AS (
        SELECT l.lang AS lang_a, x.word AS word_a, l.partner_lang AS lang_b, y.word AS word_b,
               sum(n_translated) AS n_translated, sum(n_ab)::BIGINT AS n_ab
        FROM lexicon l
        JOIN lexicon_words x ON x.token_id = l.token_id AND x.lang = l.lang
        JOIN lexicon_words y ON y.token_id = l.partner_id AND y.lang = l.partner_lang
        WHERE x.word <> '' AND coalesce(l.lang = $lang, true)
          AND coalesce(l.partner_lang = $to, true)
        GROUP BY ALL
    ), weighed AS (
        SELECT *, n_translated / sum(n_translated) OVER w AS weight FROM named
        WINDOW w AS (PARTITION BY lang_a, word_a, lang_b)
    )
    SELECT lang_a, word_a, lang_b, word_b, weight, n_translated, n_ab FROM weighed
    WHERE word_b <> '' AND word_b <> word_a
      AND n_translated >= $min_translated AND weight >= $min_weight
    QUALIFY row_number() OVER (
        PARTITION BY lang_a, word_a, lang_b ORDER BY n_translated DESC, word_b) <= $most
    ORDER BY lang_a, lang_b, word_a, n_translated DESC, word_b
"""
