"""Arms as stage `select` makes them, in one process: a second for each budget, and no session.

The same rules (`pivotmine/stages/select.py`): documents of each language in the order of a score
until its share of the budget is used; `links_coverage` by the stage's own function;
`length_matched` with the tokens of each language and octave of lengths that `links_coverage` has.
Ties and draws go by another hash, so arms of one score hold the same documents, up to ties, and
random ones are another draw. Of 20 % of a planted seed both took the same documents, but for 1 of
2,979 (he2025) and 3 of 1,991 (links_coverage).
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import duckdb
import numpy as np
import pyarrow as pa

from udfs import cover_links

SCORE_OF_ARM = {
    **{"random": None, "he2025": "he2025", "entropy": "entropy"},
    **{"links": "links", "translation": "translation"},
}
_MAX_REPEATS = 100


def spend(
    connection: duckdb.DuckDBPyConnection, languages: Sequence[str], budget_tokens: int
) -> None:
    """Put arms of equal language shares into the connection's table `selection`."""
    budget = budget_tokens // len(languages)
    connection.execute(_CANDIDATES, {"languages": list(languages), "budget": budget})
    connection.execute(_EMPTY)
    for arm, method in SCORE_OF_ARM.items():
        connection.execute(_TAKE, {"arm": arm, "method": method, "budget": budget})
    _cover(connection, dict.fromkeys(languages, budget))
    connection.execute(_MATCH)
    for kind in ("VIEW", "TABLE"):
        with contextlib.suppress(duckdb.CatalogException):  # it is of the other kind
            connection.execute(f"DROP {kind} IF EXISTS selection")
    connection.execute(_POSITIONS)


def _cover(connection: duckdb.DuckDBPyConnection, budgets: dict[str, int]) -> None:
    rows = connection.sql(_LINKS).to_arrow_table().combine_chunks()
    n_links = connection.execute(_N_LINKS).fetchall()[0][0]
    cover = cover_links.bind(budgets, np.ones(n_links), _MAX_REPEATS, 1)
    found = pa.Table.from_batches(cover(iter(rows.to_batches())), cover_links.SCHEMA)
    connection.register("covering", found)
    connection.execute(
        "INSERT INTO arms SELECT 'links_coverage', doc_id, n_tokens, lang FROM covering"
    )
    connection.unregister("covering")


_CANDIDATES = """
    CREATE OR REPLACE TEMP TABLE candidates AS
    WITH mains AS (
        SELECT doc_id, list_sort([{'n': e.value, 'lang': e.key}
                                  FOR e IN map_entries(evidence)], 'DESC')[1].lang AS main
        FROM scores WHERE method = 'entropy'
    )
    SELECT * FROM (
        SELECT doc_id, n_tokens,
               CASE WHEN list_contains($languages, lang) THEN lang ELSE main END AS lang
        FROM (SELECT doc_id, n_tokens, lang FROM tokens) LEFT JOIN mains USING (doc_id))
    WHERE n_tokens BETWEEN 1 AND $budget AND list_contains($languages, lang)
"""

_EMPTY = """
    CREATE OR REPLACE TEMP TABLE arms (arm VARCHAR, doc_id VARCHAR, n_tokens INT, lang VARCHAR)
"""

_TAKE = """
    INSERT INTO arms SELECT $arm, doc_id, n_tokens, lang FROM (
        SELECT *, sum(n_tokens) OVER (PARTITION BY lang ORDER BY score DESC, md5(doc_id)
                                      ROWS UNBOUNDED PRECEDING) AS used
        FROM candidates LEFT JOIN (SELECT doc_id, score FROM scores WHERE method = $method)
        USING (doc_id))
    WHERE used <= $budget
"""

_LINKS = """
    SELECT 0 AS bucket, doc_id, lang, n_tokens, links
    FROM candidates JOIN (SELECT doc_id, links FROM scores WHERE method = 'translation')
    USING (doc_id) ORDER BY md5(doc_id)
"""

_N_LINKS = "SELECT count(*) FROM links WHERE prevails AND NOT is_copy"

_MATCH = """
    INSERT INTO arms SELECT 'length_matched', doc_id, n_tokens, lang FROM (
        SELECT c.*, wanted, sum(c.n_tokens) OVER (PARTITION BY c.lang, c.octave
                                                  ORDER BY md5(doc_id || 'matched')
                                                  ROWS UNBOUNDED PRECEDING) AS used
        FROM (SELECT *, floor(log2(n_tokens)) AS octave FROM candidates) c
        JOIN (SELECT lang, floor(log2(n_tokens)) AS octave, sum(n_tokens) AS wanted
              FROM arms WHERE arm = 'links_coverage' GROUP BY ALL) USING (lang, octave))
    WHERE used <= wanted
"""

_POSITIONS = """
    CREATE OR REPLACE TEMP TABLE selection AS
    SELECT *, row_number() OVER (PARTITION BY arm ORDER BY md5(doc_id || 'order')) - 1 AS position
    FROM arms
"""
