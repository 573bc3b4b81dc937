"""Questions to the lake: SQL over its tables, and the pivots of a word pair.

DuckDB reads the Parquet files of the committed snapshots, so that an answer needs neither Spark nor
Java and comes in milliseconds. Tables appear as views under their own names.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import duckdb
import pyarrow as pa

from pivotmine.errors import LakeError
from pivotmine.lake import Lake
from pivotmine.schema import TABLES

WORD_START = "▁Ġ"
"""Marks of a word start in the pieces of sentencepiece and byte-level BPE."""


def connect(lake: Lake, as_of: datetime | None = None) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection with a view for every table, now or as of a moment in the past.

    Tables that are not committed yet are empty views.
    """
    connection = duckdb.connect()
    local = lake.warehouse.startswith("file://")
    if not local:
        connection.register_filesystem(lake.filesystem)
    for name, table in TABLES.items():
        snapshot = lake.snapshot(name, as_of)
        paths = lake.files(name, snapshot) if snapshot else []
        if paths:
            listed = ", ".join(_quoted(path.removeprefix("file://")) for path in paths)
            connection.execute(f'CREATE VIEW "{name}" AS SELECT * FROM read_parquet([{listed}])')
        else:
            connection.register(name, table.schema.empty_table())
    return connection


def run_sql(connection: duckdb.DuckDBPyConnection, sql: str) -> duckdb.DuckDBPyConnection:
    """Execute a statement.

    Raises
    ------
    LakeError
        DuckDB refuses the statement; the message is DuckDB's.
    """
    try:
        return connection.execute(sql)
    except duckdb.Error as error:
        raise LakeError(f"{error}\nTables: {', '.join(TABLES)}.") from None


@dataclass(frozen=True)
class WordTokens:
    """The tokens that stand for a word: spellings with and without a word start, in any case."""

    word: str
    token_ids: tuple[int, ...]
    tokens: tuple[str, ...]
    langs: tuple[str, ...]


@dataclass(frozen=True)
class Bridges:
    """Pivots of a word pair, with their evidence."""

    source: WordTokens
    target: WordTokens
    direct: pa.Table
    """Links between the two words: token_a, token_b, n_ab, expected, npmi, q_value, ranks."""
    pivots: pa.Table
    """Tokens linked to both, best first: token, lang, score; npmi, n_ab, q_value of each side."""


def find_word(connection: duckdb.DuckDBPyConnection, word: str) -> WordTokens:
    """The tokens of a word.

    Raises
    ------
    LakeError
        The word is no single token of the vocabulary; the message lists tokens that contain it.
    """
    rows = connection.execute(
        f"""
        SELECT token_id, token, lang FROM vocabulary
        WHERE lower(ltrim(token, '{WORD_START}')) = lower($word) AND token_count > 0
        ORDER BY token_count DESC, token_id
        """,
        {"word": word},
    ).fetchall()
    if not rows:
        near = connection.execute(
            """
            SELECT token FROM vocabulary WHERE contains(lower(token), lower($word))
            ORDER BY token_count DESC, token_id LIMIT 8
            """,
            {"word": word},
        ).fetchall()
        also = f" Tokens that contain it: {', '.join(row[0] for row in near)}." if near else ""
        raise LakeError(
            f"{word!r} is no single token of this corpus's vocabulary, and pivots are counted on "
            f"tokens.{also}"
        )
    ids, tokens, langs = zip(*rows, strict=True)
    return WordTokens(word, ids, tokens, langs)


def find_bridges(
    connection: duckdb.DuckDBPyConnection, source: str, target: str, limit: int = 10
) -> Bridges:
    """Tokens that are linked to both words, ranked by the geometric mean of the two NPMI values.

    A word's spellings count together: for each side the strongest link is the evidence. Links join
    tokens of different languages, so a pivot is of another language than both words.

    Raises
    ------
    LakeError
        One of the words is no single token.
    """
    words = find_word(connection, source), find_word(connection, target)
    parameters = {"source": list(words[0].token_ids), "target": list(words[1].token_ids)}
    direct = connection.execute(
        """
        SELECT token_a, token_b, n_ab, expected, npmi, q_value, rank_ab, rank_ba FROM links
        WHERE (list_contains($source, a) AND list_contains($target, b))
           OR (list_contains($target, a) AND list_contains($source, b))
        ORDER BY npmi DESC, a, b
        """,
        parameters,
    ).to_arrow_table()
    pivots = connection.execute(
        """
        WITH ways AS (
            SELECT a AS word, b AS pivot, npmi, n_ab, q_value FROM links
            UNION ALL
            SELECT b, a, npmi, n_ab, q_value FROM links
        ), source_side AS (
            SELECT pivot, max(npmi) AS npmi, arg_max(n_ab, npmi) AS n, arg_max(q_value, npmi) AS q
            FROM ways WHERE list_contains($source, word) GROUP BY pivot
        ), target_side AS (
            SELECT pivot, max(npmi) AS npmi, arg_max(n_ab, npmi) AS n, arg_max(q_value, npmi) AS q
            FROM ways WHERE list_contains($target, word) GROUP BY pivot
        )
        SELECT v.token, v.lang, sqrt(s.npmi * t.npmi) AS score,
               s.npmi AS source_npmi, s.n AS source_n_ab, s.q AS source_q_value,
               t.npmi AS target_npmi, t.n AS target_n_ab, t.q AS target_q_value
        FROM source_side s JOIN target_side t USING (pivot)
        JOIN vocabulary v ON v.token_id = pivot
        WHERE s.npmi > 0 AND t.npmi > 0
        ORDER BY score DESC, pivot LIMIT $limit
        """,
        {**parameters, "limit": limit},
    ).to_arrow_table()
    return Bridges(words[0], words[1], direct, pivots)


def _quoted(path: str) -> str:
    return "'" + path.replace("'", "''") + "'"
