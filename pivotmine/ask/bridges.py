"""Bridges: tokens that link two words, and words that one reaches through another language.

`pivotmine/ask/paths.py` scores the paths.

The languages at the two ends need not meet in the corpus: Greek words reach Korean ones through
English. Answers come from table `links` alone, by DuckDB, in milliseconds.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import duckdb
import pyarrow as pa

from pivotmine.ask.paths import bridge_paths, open_paths, target_paths
from pivotmine.errors import LakeError
from pivotmine.lake.query import WordTokens, find_word
from pivotmine.text.language_code import LANGUAGE_NAME, asked_code

if TYPE_CHECKING:
    import pandas as pd

TABLES_READ = ("links", "vocabulary")

_LANGUAGE = re.compile(rf"({LANGUAGE_NAME}) ?:")


class Place(NamedTuple):
    """Where a word stands among the words of its language that another one reaches."""

    lang: str
    place: int | None
    """From 1; None where no path leads to it."""
    n_reached: int


@dataclass(frozen=True)
class Bridges:
    """Pivots of a word pair, with their evidence."""

    source: WordTokens
    target: WordTokens
    direct: pa.Table
    """Links between the two words, best first: tokens, languages, n_ab, expected, npmi, q_value,
    ranks."""
    pivots: pa.Table
    """Tokens linked to both, best first: token, lang, score, prevails; npmi, strength, n_ab,
    q_value of each side."""
    places: tuple[Place, ...]
    """Place of the target among all words that paths from the source reach, for each of its
    languages that they reach."""

    @property
    def is_empty(self) -> bool:
        """Whether neither a link nor a bridge joins the words."""
        return not (self.direct.num_rows or self.pivots.num_rows)

    def df(self) -> pd.DataFrame:
        """The bridges, a row each, as a pandas frame."""
        return self.pivots.to_pandas()

    def __repr__(self) -> str:
        return f"bridges from {self.source.word} to {self.target.word}:\n{_shown(self.pivots)}"


@dataclass(frozen=True)
class Reached:
    """Words of a language that a word reaches through other languages."""

    source: WordTokens
    lang: str
    targets: pa.Table
    """Best first: token, score, prevails, n_bridges; of the best path bridge, bridge_lang, and
    npmi, strength, n_ab, q_value of each side."""

    def df(self) -> pd.DataFrame:
        """The words that are reached, a row each, as a pandas frame."""
        return self.targets.to_pandas()

    def __repr__(self) -> str:
        return f"from {self.source.word} to {self.lang}:\n{_shown(self.targets)}"


def named_alone(word: str) -> str | None:
    """The language in `ja:`, which names no word; None for other questions."""
    named = _LANGUAGE.fullmatch(unicodedata.normalize("NFKC", word).strip())
    return asked_code(named[1]) if named else None


def find_bridges(
    connection: duckdb.DuckDBPyConnection, source: str, target: str, limit: int = 10
) -> Bridges:
    """Tokens that are linked to both words, and the place of the target among all words reached.

    A word's spellings count together: for each side the strongest link is the evidence. Links join
    tokens of different languages, so a pivot is of another language than the words it bridges.
    Copies (the same token in two languages) are no evidence.

    Raises
    ------
    LakeError
        One of the words is not a single token of the vocabulary.
    """
    words = find_word(connection, source), find_word(connection, target)
    open_paths(connection)
    for side, word in zip(("source", "target"), words, strict=True):
        _ask_word(connection, side, word)
    direct = connection.sql(_DIRECT).to_arrow_table()
    pivots = connection.sql(
        f"""
        SELECT v.token, p.* EXCLUDE (query, bridge, place) FROM ({bridge_paths()}) p
        JOIN vocabulary v ON v.token_id = p.bridge WHERE place <= $limit ORDER BY place
        """,
        params={"limit": limit},
    ).to_arrow_table()
    return Bridges(*words, direct, pivots, tuple(_places(connection, *words)))


def find_reached(
    connection: duckdb.DuckDBPyConnection, source: str, lang: str, limit: int = 10
) -> Reached:
    """Words of a language that paths of two links lead to from a word.

    Raises
    ------
    LakeError
        The word is not a single token, or no token of the vocabulary is of that language.
    """
    word = find_word(connection, source)
    languages = connection.execute(
        "SELECT DISTINCT unnest(langs) AS lang FROM vocabulary ORDER BY lang"
    ).fetchall()
    if (lang,) not in languages:
        known = ", ".join(row[0] for row in languages)
        raise LakeError(f"no token counts as a word of {lang!r}; languages of the corpus: {known}")
    open_paths(connection)
    _ask_word(connection, "source", word)
    targets = connection.sql(
        f"""
        SELECT v.token, b.token AS bridge, p.* EXCLUDE (query, target, target_lang, bridge, place)
        FROM ({target_paths()}) p JOIN vocabulary v ON v.token_id = p.target
        JOIN vocabulary b ON b.token_id = p.bridge
        WHERE target_lang = $lang AND place <= $limit ORDER BY place
        """,
        params={"lang": lang, "limit": limit},
    ).to_arrow_table()
    return Reached(word, lang, targets)


def _shown(table: pa.Table) -> str:
    return str(table.to_pandas().to_string(index=False)) if table.num_rows else "none"


_DIRECT = """
    SELECT w.word, w.word_lang, w.other, w.other_lang, w.n_ab, w.expected, w.npmi, w.q_value,
           w.prevails, w.rank, w.other_rank
    FROM ways w
    SEMI JOIN asked_source s ON s.word = w.word AND coalesce(s.word_lang = w.word_lang, true)
    SEMI JOIN asked_target t ON t.word = w.other AND coalesce(t.word_lang = w.other_lang, true)
    ORDER BY w.npmi DESC, w.word, w.other, w.word_lang, w.other_lang
"""


def _ask_word(connection: duckdb.DuckDBPyConnection, side: str, word: WordTokens) -> None:
    """Set the word of a side. In SQL, since `pa.array` would import pandas."""
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE asked_{side} AS SELECT 0::BIGINT AS query, "
        "unnest($ids::BIGINT[]) AS word, $lang::VARCHAR AS word_lang",
        {"ids": list(word.token_ids), "lang": word.lang},
    )


def _places(
    connection: duckdb.DuckDBPyConnection, source: WordTokens, target: WordTokens
) -> list[Place]:
    languages = {target.lang} if target.lang else {lang for langs in target.langs for lang in langs}
    found = connection.execute(
        f"""
        SELECT target_lang, min(place) FILTER (list_contains($tokens, target)), count(*)
        FROM ({target_paths()}) WHERE list_contains($langs, target_lang)
        GROUP BY target_lang ORDER BY target_lang
        """,
        {"tokens": list(target.token_ids), "langs": sorted(languages)},
    ).fetchall()
    return [Place(*row) for row in found]
