"""Words of the vocabulary: those that begin as somebody types, and how frequent a word is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from pivotmine.ask.rows import Rows
from pivotmine.lake.query import WORD_START, WordTokens, named_language

TABLES_READ = ("vocabulary", "margins")


@dataclass(frozen=True)
class Suggestion:
    """A word that begins with what was typed."""

    word: str
    """In lower case, without the mark of a word start."""
    langs: tuple[str, ...]
    """Languages that it counts as a word of, most frequent first in the tokens' order."""
    n: int
    """Occurrences of all its spellings."""


@dataclass(frozen=True)
class Frequency:
    """In how many mixed contexts of two languages a token stands."""

    token: str
    lang: str
    """Language of the text in which it counts."""
    other_lang: str
    n: int
    n_contexts: int
    """Mixed contexts of the two languages."""


def suggest(connection: duckdb.DuckDBPyConnection, typed: str, limit: int = 10) -> Rows[Suggestion]:
    """Words that begin with what was typed, the word itself first, then by frequency.

    Case does not count, and accents only order: `ecole` finds `école`. A language before a colon
    (`fr:ec`) leaves its words.

    Parameters
    ----------
    connection
        A connection to a lake (`pivotmine.lake.query.connect`) with the tables `TABLES_READ`.
    typed
        The beginning of a word.
    limit
        Most words.
    """
    lang, beginning = named_language(typed)
    beginning = beginning.lstrip(WORD_START)
    if not beginning:
        return Rows(Suggestion)
    rows = connection.execute(
        f"""
        WITH spelled AS (
            SELECT lower(ltrim(token, '{WORD_START}')) AS word, langs, token_count
            FROM vocabulary WHERE token_count > 0 AND len(langs) > 0
              AND ($lang IS NULL OR list_contains(langs, $lang)))
        SELECT word, list_distinct(flatten(list(langs ORDER BY token_count DESC))), sum(token_count)
        FROM spelled WHERE starts_with(strip_accents(word), strip_accents(lower($typed)))
        GROUP BY word
        ORDER BY word = lower($typed) DESC, starts_with(word, lower($typed)) DESC,
                 sum(token_count) DESC, word
        LIMIT $limit
        """,
        {"lang": lang, "typed": beginning, "limit": limit},
    ).fetchall()
    found = (Suggestion(word, tuple(sorted(langs)), int(n)) for word, langs, n in rows)
    return Rows(Suggestion, found)


def frequencies(connection: duckdb.DuckDBPyConnection, word: WordTokens) -> Rows[Frequency]:
    """How frequent the tokens of a word are, in mixed contexts of each two languages."""
    rows = connection.execute(
        """
        SELECT v.token, m.lang, m.other_lang, m.n, m.n_contexts
        FROM (FROM margins WHERE list_contains($ids, token_id)
              AND coalesce(lang = $lang, true)) m
        JOIN vocabulary v USING (token_id) ORDER BY m.lang, m.n DESC, m.other_lang, v.token
        """,
        {"ids": list(word.token_ids), "lang": word.lang},
    ).fetchall()
    return Rows(Frequency, (Frequency(*row) for row in rows))


def languages(connection: duckdb.DuckDBPyConnection) -> Sequence[str]:
    """Languages of the lake in the order of the recipe, those of no recipe after them."""
    rows = connection.execute(
        """
        SELECT from_json(config->'$.languages', '["VARCHAR"]') FROM runs
        WHERE (config->'$.languages') IS NOT NULL ORDER BY finished_at DESC LIMIT 1
        """
    ).fetchall()
    named = list(rows[0][0]) if rows and rows[0][0] else []
    held = connection.execute(
        "SELECT DISTINCT unnest(langs) AS lang FROM vocabulary ORDER BY lang"
    ).fetchall()
    return [*named, *(lang for (lang,) in held if lang not in named)]
