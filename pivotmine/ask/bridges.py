"""Bridges: tokens that link two words, and words that one reaches through another language.

A path of two links, word - bridge - word, is as good as the weaker of the two (the widest path:
Pollack 1960, The Maximum Capacity Through a Network, Operations Research 8(5)), so that a strong
link on one side does not make up for a chance link on the other. Paths of two links that prevail
over their rivals go before all others: a link that does not prevail mostly leads to a neighbour of
the translation, and two of them in a row may end anywhere (Tanaka & Umemura 1994, Construction of a
Bilingual Dictionary Intermediated by a Third Language, COLING). Ways to rank are compared in
`docs/results/2026-11-22-bridges.md`.

The strength of a link is the least that its overlap may be: the lower end of the 95 % interval
(Wilson 1927) of the share of contexts with either word that hold both. It is low where there are
few contexts, unlike NPMI, which is 1 for two words that met five times and occur nowhere else.

The languages at the two ends need not meet in the corpus: Greek words reach Korean ones through
English. Answers come from table `links` alone, by DuckDB, in milliseconds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import duckdb
import pyarrow as pa

from pivotmine.errors import LakeError
from pivotmine.lake.query import WordTokens, find_word

if TYPE_CHECKING:
    import pandas as pd

TABLES_READ = ("links", "vocabulary")

_LANGUAGE = re.compile(r"([a-z]{2,3}(?:_[A-Z][a-z]{3})?):")


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
    """Of the target among all words that paths from the source lead to, for each language of it
    that they lead to."""

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


def _shown(table: pa.Table) -> str:
    return str(table.to_pandas().to_string(index=False)) if table.num_rows else "none"


def named_alone(word: str) -> str | None:
    """The language of a question that names no word of it: `ja:`."""
    named = _LANGUAGE.fullmatch(word)
    return named[1] if named else None


def find_bridges(
    connection: duckdb.DuckDBPyConnection, source: str, target: str, limit: int = 10
) -> Bridges:
    """Tokens that are linked to both words, and how the target fares among all that are reached.

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


def open_paths(connection: duckdb.DuckDBPyConnection) -> None:
    """Make view `ways`: every link but copies, seen from both of its sides.

    Raises
    ------
    LakeError
        Table `links` lacks a column, since an older version wrote it.
    """
    columns = "n_ab, n_a, n_b, expected, npmi, g2, q_value, prevails"
    turned = columns.replace("n_a, n_b", "n_b, n_a")
    try:
        connection.execute(
            f"""
            CREATE OR REPLACE TEMP VIEW ways AS
            SELECT *, {_STRENGTH} AS strength FROM (
                SELECT a AS word, lang_a AS word_lang, b AS other, lang_b AS other_lang,
                       rank_ab AS rank, rank_ba AS other_rank, {columns}
                FROM links WHERE NOT is_copy
                UNION ALL
                SELECT b, lang_b, a, lang_a, rank_ba, rank_ab, {turned}
                FROM links WHERE NOT is_copy)
            """
        )
    except duckdb.BinderException as error:
        raise LakeError(
            f"table links was written by an older version ({str(error).splitlines()[0]}); renew it "
            "with `pivotmine run --only link`"
        ) from None


def ask(connection: duckdb.DuckDBPyConnection, side: str, nodes: pa.Table) -> None:
    """Set what is asked on a side, `source` or `target`.

    Parameters
    ----------
    nodes
        query long, word long, word_lang string: the tokens of each question. A null language
        stands for any.
    """
    connection.register("asked_rows", nodes)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE asked_{side} AS SELECT * FROM asked_rows")
    connection.unregister("asked_rows")


def bridge_paths(last: str = "ways") -> str:
    """SQL: the paths between source and target of each query, `place` 1 the best.

    Columns: query, bridge, lang, score, prevails, evidence of each side, place.

    Parameters
    ----------
    last
        Relation that the links of the target's side are taken from.
    """
    return f"""
        SELECT *, row_number() OVER (PARTITION BY query ORDER BY {_BEST}, bridge, lang) AS place
        FROM (SELECT s.query, s.other AS bridge, s.other_lang AS lang, {_PATH}
              FROM ({_side("source")}) s
              JOIN ({_side("target", last)}) t USING (query, other, other_lang))
    """


def target_paths(last: str = "ways") -> str:
    """SQL: the nodes that two links lead to from the source of each query, `place` 1 the best.

    A node has the evidence of its best path. Places are counted in each language apart. Paths back
    into the language that they start in are left out: they lead to synonyms.

    Columns: query, target, target_lang, bridge, bridge_lang, n_bridges, score, prevails, evidence,
    place.
    """
    return f"""
        WITH paths AS (
            SELECT s.query, t.other AS target, t.other_lang AS target_lang, s.other AS bridge,
                   s.other_lang AS bridge_lang, {_PATH}
            FROM ({_side("source")}) s
            JOIN {last} t ON t.word = s.other AND t.word_lang = s.other_lang
            WHERE t.npmi > 0 AND t.other_lang <> s.word_lang),
        best AS (
            SELECT *, count(*) OVER (PARTITION BY query, target, target_lang) AS n_bridges
            FROM paths
            QUALIFY row_number() OVER (PARTITION BY query, target, target_lang
                                       ORDER BY {_BEST}, bridge, bridge_lang) = 1)
        SELECT *, row_number() OVER (PARTITION BY query, target_lang
                                     ORDER BY {_BEST}, target) AS place
        FROM best
    """


_Z = 1.959964
_P, _N = "(n_ab / (n_a + n_b - n_ab))", "(n_a + n_b - n_ab)"
_STRENGTH = (
    f"({_P} + {_Z**2 / 2} / {_N} - {_Z} * sqrt({_P} * (1 - {_P}) / {_N} + {_Z**2 / 4} / {_N}**2))"
    f" / (1 + {_Z**2} / {_N})"
)
"""Wilson's lower bound of n_ab successes in n_a + n_b - n_ab contexts, at 95 %."""

_BEST = "prevails DESC, score DESC"

_PATH = """
    least(s.strength, t.strength) AS score, s.prevails AND t.prevails AS prevails,
    s.npmi AS source_npmi, s.strength AS source_strength, s.n_ab AS source_n_ab,
    s.q_value AS source_q_value,
    t.npmi AS target_npmi, t.strength AS target_strength, t.n_ab AS target_n_ab,
    t.q_value AS target_q_value
"""

_DIRECT = """
    SELECT w.word, w.word_lang, w.other, w.other_lang, w.n_ab, w.expected, w.npmi, w.q_value,
           w.prevails, w.rank, w.other_rank
    FROM ways w
    SEMI JOIN asked_source s ON s.word = w.word AND coalesce(s.word_lang = w.word_lang, true)
    SEMI JOIN asked_target t ON t.word = w.other AND coalesce(t.word_lang = w.other_lang, true)
    ORDER BY w.npmi DESC, w.word, w.other, w.word_lang, w.other_lang
"""


def _side(side: str, ways: str = "ways") -> str:
    """Partners of what is asked on a side, each with the best of the links of all spellings."""
    return f"""
        SELECT a.query, w.* FROM asked_{side} a
        JOIN {ways} w ON w.word = a.word AND coalesce(w.word_lang = a.word_lang, true)
        WHERE w.npmi > 0
        QUALIFY row_number() OVER (PARTITION BY a.query, w.other, w.other_lang
                                   ORDER BY w.prevails DESC, w.strength DESC, w.word, w.word_lang)
                = 1
    """


def _ask_word(connection: duckdb.DuckDBPyConnection, side: str, word: WordTokens) -> None:
    """Set one word as what is asked on a side. In SQL, since `pa.array` would import pandas."""
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
