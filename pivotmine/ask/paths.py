"""Paths of two links between words, and their scores, as SQL.

A path of two links, word - bridge - word, is as good as the weaker of the two (the widest path:
Pollack 1960, The Maximum Capacity Through a Network, Operations Research 8(5)), so that a strong
link on one side does not make up for a chance link on the other. Paths of two links that prevail
over their rivals go before all others: a link that does not prevail mostly leads to a neighbour of
the translation, and two of them in a row may end anywhere (Tanaka & Umemura 1994, Construction of a
Bilingual Dictionary Intermediated by a Third Language, COLING). Ways to rank are compared in
`docs/results/bridges.md`.

The strength of a link is the least that its overlap may be: the lower end of the 95 % interval
(Wilson 1927) of the share of contexts with either word that hold both. It is low where there are
few contexts, unlike NPMI, which is 1 for two words that met five times and occur nowhere else.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from pivotmine.errors import LakeError


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
    """Set the words of a side, `source` or `target`.

    Parameters
    ----------
    nodes
        query long, word long, word_lang string: the tokens of each question. A null language
        means any.
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


def _side(side: str, ways: str = "ways") -> str:
    """Partners of the words of a side, each with the best of the links of all spellings."""
    return f"""
        SELECT a.query, w.* FROM asked_{side} a
        JOIN {ways} w ON w.word = a.word AND coalesce(w.word_lang = a.word_lang, true)
        WHERE w.npmi > 0
        QUALIFY row_number() OVER (PARTITION BY a.query, w.other, w.other_lang
                                   ORDER BY w.prevails DESC, w.strength DESC, w.word, w.word_lang)
                = 1
    """
