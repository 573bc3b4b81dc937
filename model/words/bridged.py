"""Tokens of a mined corpus that bridge the pairs of a word set: those linked to both words.

The best paths of two links between source and target, by the rule of `pivotmine bridges`
(`pivotmine/ask/bridges.py`), for all pairs of a direction at once. A word has to be a single token
of the corpus's vocabulary; pairs with other words have no pivots, and are counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import duckdb
import pyarrow as pa

from pivotmine.ask.paths import ask, bridge_paths, open_paths
from pivotmine.lake.query import WORD_START
from pivotmine.model.words.dataset import Concept, Direction

PIVOTS = pa.schema(
    [
        pa.field("direction", pa.string()),
        pa.field("concept", pa.string()),
        pa.field("token", pa.string()),  # as the corpus's tokenizer writes it
        pa.field("lang", pa.string()),
        pa.field("place", pa.int64()),  # 1: the best
        pa.field("score", pa.float64()),  # strength of the weaker link
        pa.field("prevails", pa.bool_()),
    ]
)


class Bridged(NamedTuple):
    """Pivots of word pairs."""

    pivots: pa.Table
    """`PIVOTS`, by direction, concept and place."""
    n_asked: int
    """Pairs whose two words are single tokens."""
    n_bridged: int
    """Pairs with a pivot."""


def pair_pivots(
    connection: duckdb.DuckDBPyConnection,
    concepts: Sequence[Concept],
    directions: Iterable[Direction],
    limit: int,
) -> Bridged:
    """The best `limit` pivots of each concept in each direction.

    Raises
    ------
    LakeError
        Table `links` was written by an older version.
    """
    open_paths(connection)
    parts, n_asked = [], 0
    for direction in directions:
        sides = []
        for side, lang in zip(("source", "target"), direction, strict=True):
            nodes = _nodes(connection, [concept.words[lang] for concept in concepts], lang)
            ask(connection, side, nodes)
            sides.append(set(nodes["query"].to_pylist()))
        n_asked += len(sides[0] & sides[1])
        found = connection.sql(
            f"""
            SELECT p.query, v.token, p.lang, p.place, p.score, p.prevails
            FROM ({bridge_paths()}) p JOIN vocabulary v ON v.token_id = p.bridge
            WHERE p.place <= $limit ORDER BY p.query, p.place
            """,
            params={"limit": limit},
        ).to_arrow_table()
        ids = pa.array([concepts[number].id for number in found["query"].to_pylist()], pa.string())
        of_way = pa.array([str(direction)] * len(found), pa.string())
        columns = [of_way, ids, *(found[name] for name in PIVOTS.names[2:])]
        parts.append(pa.table(columns, names=PIVOTS.names).cast(PIVOTS))
    pivots = pa.concat_tables(parts) if parts else PIVOTS.empty_table()
    return Bridged(
        pivots, n_asked, pivots.group_by(["direction", "concept"]).aggregate([]).num_rows
    )


def _nodes(connection: duckdb.DuckDBPyConnection, words: Sequence[str], lang: str) -> pa.Table:
    """Tokens of this language that spell each word, whatever their case: query, word, word_lang."""
    connection.register("words_asked", pa.table({"query": range(len(words)), "spelling": words}))
    found = connection.sql(
        f"""
        SELECT w.query, v.token_id AS word, $lang AS word_lang FROM words_asked w
        JOIN vocabulary v ON lower(ltrim(v.token, '{WORD_START}')) = lower(w.spelling)
        WHERE v.token_count > 0 AND list_contains(v.langs, $lang) ORDER BY ALL
        """,
        params={"lang": lang},
    ).to_arrow_table()
    connection.unregister("words_asked")
    return found
